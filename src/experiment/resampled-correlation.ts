import { bootstrapInterval } from '../numeric/bootstrap.ts'
import { clusterRows, resampleRows, takeRows } from '../numeric/resample-rows.ts'
import type { ConditionRow } from './experiment-rows.ts'

/** Something that says how a condition's answers will score: a projection, or what the text alone tells. */
export interface Predictor {
  /** One for each condition. */
  readonly values: Float64Array
  /**
   * The values it would have had, had other extraction questions been drawn; up to their scale, which no correlation
   * sees. Each call is another draw.
   */
  readonly redraw?: () => Float64Array
}

/** Something measured of a condition. A condition may have several. */
export interface ConditionValue {
  readonly condition: number
  readonly value: number
}

export interface Estimate {
  readonly n: number
  readonly r: number
  /** 95 %; -1 and 1 where too few questions define it. */
  readonly low: number
  readonly high: number
}

/** What a correlation is computed from: one entry for each row. */
export interface CorrelationColumns {
  readonly predicted: Float64Array
  readonly values: Float64Array
  readonly levels: Float64Array
  readonly questions: Float64Array
  /** Another predictor to take out; zeros where there is none. */
  readonly control: Float64Array
}

export type Correlation = (columns: CorrelationColumns) => number | undefined

const resamples = 2000

export interface ResampledOptions {
  readonly conditions: readonly ConditionRow[]
  readonly predictor: Predictor
  readonly control?: Predictor
  readonly values: readonly ConditionValue[]
  readonly seed: number
}

/**
 * A correlation of a predictor with values, and an interval that resamples what was sampled: the evaluation questions,
 * whole, and the extraction questions a vector was made from. A vector that is nothing but chance points elsewhere in
 * every resample, so its interval covers 0.
 * @returns undefined where the correlation is not defined
 */
export function resampledCorrelation(options: ResampledOptions, correlation: Correlation): Estimate | undefined {
  const { conditions, predictor, control, values, seed } = options
  const of = (column: (condition: number) => number) => Float64Array.from(values, ({ condition }) => column(condition))
  const columns: CorrelationColumns = {
    predicted: of(condition => predictor.values[condition]!),
    control: of(condition => control?.values[condition] ?? 0),
    values: Float64Array.from(values, ({ value }) => value),
    levels: of(condition => conditions[condition]!.step),
    questions: of(condition => conditions[condition]!.question),
  }
  const r = correlation(columns)
  if (r === undefined) return undefined
  const clusters = clusterRows(columns.questions)
  const interval = bootstrapInterval({
    clusters: clusters.length,
    resamples,
    seed,
    statistic: chosen => {
      const rows = resampleRows(clusters, chosen)
      const redrawn = predictor.redraw?.()
      return correlation({
        predicted: redrawn
          ? Float64Array.from(rows, row => redrawn[values[row]!.condition]!)
          : takeRows(columns.predicted, rows),
        control: takeRows(columns.control, rows),
        values: takeRows(columns.values, rows),
        levels: takeRows(columns.levels, rows),
        questions: drawNumbers(clusters, chosen),
      })
    },
  })
  return { n: values.length, r, low: interval?.low ?? -1, high: interval?.high ?? 1 }
}

/** A question drawn twice counts as two questions: each draw is a group of its own. */
function drawNumbers(clusters: readonly (readonly number[])[], chosen: Int32Array): Float64Array {
  return Float64Array.from(Array.from(chosen).flatMap((cluster, draw) => clusters[cluster]!.map(() => draw)))
}
