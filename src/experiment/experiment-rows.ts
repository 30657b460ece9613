/** What an experiment gathers, as plain rows: all that the analysis knows of. */
import type { TextBaseline } from '../judge/text-baselines.ts'

/** One condition: a question under one graded prompt. */
export interface ConditionRow {
  /** The place of the prompt in the ladder, 0 for the weakest. */
  readonly step: number
  readonly level: number
  readonly question: number
}

/** One scored answer. */
export interface AnswerRow {
  /** Index into the conditions. */
  readonly condition: number
  readonly sample: number
  /** 0..100; undefined where the judge gave none. */
  readonly score: number | undefined
}

/** One answer of the steering curve. */
export interface DoseRow {
  readonly dose: number
  readonly question: number
  readonly score: number | undefined
  /** Mean surprise of the unsteered model, in nats; undefined for an empty answer. */
  readonly surprise: number | undefined
}

/** Everything the analysis needs. Projections are h.v/|v| of the last prompt token, one for each condition. */
export interface ExperimentRows {
  readonly conditions: readonly ConditionRow[]
  readonly answers: readonly AnswerRow[]
  readonly doses: readonly DoseRow[]
  /** The layer that was chosen on extraction data. */
  readonly layer: number
  /** [B+1][conditions]; undefined where the vector is zero. */
  readonly projections: readonly (Float64Array | undefined)[]
  /** [B+1][directions][conditions]: on random directions. */
  readonly randomProjections: readonly (readonly Float64Array[])[]
  /**
   * [extraction questions][conditions]: h.s with s the sum of differences of one extraction question, at `layer`; the
   * projection is proportional to their sum. Absent where the vector does not carry them.
   */
  readonly questionProjections?: readonly Float64Array[]
  /** One value for each condition. */
  readonly baselines: readonly TextBaseline[]
  /** What a trained forecaster expects of each condition; absent where there is none. */
  readonly forecasts?: { readonly layer: number; readonly values: Float64Array }
}
