import type { TextBaseline } from '../judge/text-baselines.ts'
import { createRandom } from '../numeric/random.ts'
import type { ConditionRow, ExperimentRows } from './experiment-rows.ts'

/** Draws from a normal distribution (Box and Muller 1958). */
export function normalDraws(seed: number): () => number {
  const random = createRandom(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

export interface SyntheticOptions {
  readonly seed?: number
  readonly levels?: number
  readonly questions?: number
  readonly samples?: number
  readonly randomDirections?: number
  /** What a condition projects to. */
  readonly project: (condition: ConditionRow, draw: () => number) => number
  /** What one of its answers scores; undefined: unscored. */
  readonly score: (
    condition: ConditionRow,
    projection: number,
    draw: () => number,
    sample: number,
  ) => number | undefined
  readonly baseline?: (condition: ConditionRow, projection: number, draw: () => number) => number
}

/** The rows of an experiment whose truth is known. Read at layer 1 of one block; layer 0 is there too, as in real ones. */
export function syntheticRows(options: SyntheticOptions): ExperimentRows {
  const { seed = 1, levels = 5, questions = 8, samples = 3, randomDirections = 40, project, score, baseline } = options
  const draw = normalDraws(seed)
  const middle = Math.floor(levels / 2)
  const conditions = Array.from({ length: levels * questions }, (_, index): ConditionRow => {
    const step = Math.floor(index / questions)
    return { step, level: step - middle, question: index % questions }
  })
  const projections = Float64Array.from(conditions, condition => project(condition, draw))
  const baselines: TextBaseline[] = baseline
    ? [
        {
          name: 'the text',
          values: Float64Array.from(conditions, (condition, index) => baseline(condition, projections[index]!, draw)),
        },
      ]
    : []
  return {
    conditions,
    answers: conditions.flatMap((row, condition) =>
      Array.from({ length: samples }, (_, sample) => ({
        condition,
        sample,
        score: score(row, projections[condition]!, draw, sample),
      })),
    ),
    doses: [],
    layer: 1,
    projections: [Float64Array.from(conditions, draw), projections],
    randomProjections: [
      [],
      Array.from({ length: randomDirections }, () => Float64Array.from(conditions, () => draw())),
    ],
    baselines,
  }
}
