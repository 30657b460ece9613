import type { ExperimentRows } from './experiment-rows.ts'

/**
 * The rows of an experiment for other programs: one line for each answer, with the projection of its condition at the
 * layer that was read. Numbers in full precision.
 */
export function answersToCsv({ conditions, answers, projections, layer, baselines }: ExperimentRows): string {
  const header = ['level', 'question', 'sample', 'projection', ...baselines.map(({ name }) => name), 'score']
  const lines = answers.map(({ condition, sample, score }) => {
    const { level, question } = conditions[condition]!
    const values = baselines.map(baseline => baseline.values[condition]!)
    return [level, question, sample, projections[layer]?.[condition] ?? '', ...values, score ?? ''].join(',')
  })
  return `${[header.join(','), ...lines].join('\n')}\n`
}
