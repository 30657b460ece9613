import { readFile } from 'node:fs/promises'
import type { ConditionRow, ExperimentRows } from '../../src/experiment/experiment-rows.ts'

/** The rows of an experiment from its rows.csv, as far as that holds them: one layer, called 1, and no random directions. */
export async function readRows(path: string): Promise<ExperimentRows> {
  const [header, ...lines] = (await readFile(path, 'utf8')).trimEnd().split('\n')
  const names = header!.split(',').slice(4, -1)
  const rows = lines.map(line => {
    const cells = line.split(',')
    const [level, question, sample, projection] = cells.slice(0, 4).map(Number)
    const last = cells.at(-1)!
    return {
      level: level!,
      question: question!,
      sample: sample!,
      projection: projection!,
      baselines: cells.slice(4, -1).map(Number),
      score: last === '' ? undefined : Number(last),
    }
  })
  const levels = [...new Set(rows.map(({ level }) => level))].sort((a, b) => a - b)
  const keyOf = ({ level, question }: { level: number; question: number }) => `${level}/${question}`
  const first = [...new Map(rows.toReversed().map(row => [keyOf(row), row])).values()].reverse()
  const places = new Map(first.map((row, index) => [keyOf(row), index]))
  return {
    conditions: first.map(({ level, question }): ConditionRow => ({ step: levels.indexOf(level), level, question })),
    answers: rows.map(row => ({ condition: places.get(keyOf(row))!, sample: row.sample, score: row.score })),
    doses: [],
    layer: 1,
    projections: [undefined, Float64Array.from(first, ({ projection }) => projection)],
    randomProjections: [[], []],
    baselines: names.map((name, index) => ({
      name,
      values: Float64Array.from(first, ({ baselines }) => baselines[index]!),
    })),
  }
}
