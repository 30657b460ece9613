import type { ShiftEstimate } from '../shift/analyse-shift.ts'
import { describeShift } from '../shift/shift-report.ts'
import type { FinishedShift } from '../workbench/measure-shift.ts'
import { formatTable } from './format.ts'

/** The finetuning shift as text: what moved, every model on every trait, and the matrix where there are several. */
export function describeFinishedShift({ summary, reportPath, summaryPath }: FinishedShift): string {
  const { base, tuned, traits } = summary
  const number = (value: number | null | undefined, decimals: number) => value?.toFixed(decimals) ?? '-'
  const matrices = tuned.flatMap(({ name, matrix }) => [
    '',
    `${name}: shift on every vector (across), questions of every trait (down)`,
    formatTable(
      ['questions', ...traits.map(trait => trait.name)],
      matrix.map((row, index) => [traits[index]!.name, ...row.map(cell => number(cell?.shift, 3))]),
    ),
  ])
  return [
    describeShift(summary),
    '',
    formatTable(
      ['model', 'trait', 'layer', 'base', 'shift', '95 %', 'base score', 'change', '95 %'],
      tuned.flatMap(model =>
        model.traits.map(({ projection, score }, index) => [
          model.name,
          traits[index]!.name,
          traits[index]!.layer,
          number(base.levels[index]!.meanProjection, 3),
          number(projection?.shift, 3),
          rangeOf(projection, 3),
          number(base.levels[index]!.meanScore, 1),
          number(score?.shift, 1),
          rangeOf(score, 1),
        ]),
      ),
    ),
    ...(traits.length > 1 ? matrices : []),
    '',
    `Report   ${reportPath}`,
    `Summary  ${summaryPath}`,
  ].join('\n')
}

function rangeOf(estimate: ShiftEstimate | null, decimals: number): string {
  if (!estimate || estimate.low === null || estimate.high === null) return '-'
  return `${estimate.low.toFixed(decimals)} to ${estimate.high.toFixed(decimals)}`
}
