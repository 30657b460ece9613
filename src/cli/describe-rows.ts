import { formatCount } from '../report/format-number.ts'
import type { ScreeningSummary } from '../screening/score-statistics.ts'

const shownFaults = 5

/** What became of the rows of a dataset, in lines: how many were scored, and why others were not. */
export function describeRows({ rows, faults }: Pick<ScreeningSummary, 'rows' | 'faults'>): string[] {
  const of = (count: number, what: string) => (count > 0 ? [`  ${formatCount(count)} ${what}`] : [])
  const shown = faults.slice(0, shownFaults)
  const others = rows.unreadable - shown.reduce((sum, fault) => sum + fault.rows, 0)
  return [
    `${formatCount(rows.scored)} of ${formatCount(rows.screened)} rows scored, ${formatCount(rows.unreadable)} could not be read.`,
    ...shown.flatMap(({ fault, rows: count }) => of(count, `unreadable: ${fault}`)),
    ...of(others, 'unreadable for other reasons'),
    ...of(rows.cut, 'cut: longer than is read'),
    ...of(rows.duplicateIds, 'with an id that an earlier row has'),
    ...of(rows.controlCharacters, 'with characters that steer terminals or the direction of text'),
  ]
}
