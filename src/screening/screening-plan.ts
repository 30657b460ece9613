/** What a screening is: equal plans are one run. */
import type { Compression, DatasetFormat } from '../dataset/dataset-file.ts'
import type { RowShape } from '../dataset/training-row.ts'
import type { Layer } from '../engine/contract/layer.ts'

/** A direction that rows are scored on. */
export interface ScreenedTrait {
  readonly name: string
  readonly layer: Layer
  /** `screening`: made to tell rows apart; `persona`: the persona vector itself. Absent in old runs: the vector. */
  readonly direction?: 'screening' | 'persona'
  /** Of the direction's numbers, in hexadecimal. */
  readonly directionHash: string
}

export interface ScreenedFile {
  readonly path: string
  readonly sha256: string
  readonly format: DatasetFormat
  readonly compression: Compression
  readonly rows: number
  readonly shape: RowShape
}

export interface ScreeningSettings {
  /** The most tokens of a response that are read; absent: as many as the context holds. */
  readonly maxTokens?: number
  /** Also score the model's own answers, of at most so many tokens. */
  readonly ownAnswerTokens?: number
  /** Only the first so many rows. */
  readonly limit?: number
  /** Only so many rows, drawn at random. */
  readonly sample?: number
  readonly seed: number
  readonly idColumn?: string
  readonly groupColumn?: string
  readonly labelColumn?: string
}

/** A share of all scored rows, or a count of rows. */
export type Amount = { readonly share: number } | { readonly count: number }

/** A rule that a cascade can be made for; on the projection, which is what its first pass estimates. */
export type FastRule = { readonly trait: string; readonly measure: 'projection' } & (
  | { readonly kind: 'above'; readonly bound: number }
  | { readonly kind: 'top'; readonly amount: Amount }
)

export interface ScreeningPlan {
  readonly model: { readonly id: string; readonly fileHash: string; readonly chatTemplateHash: string }
  readonly engine: {
    readonly name: string
    readonly version: string
    readonly contexts: number
    readonly slotsPerContext: number
  }
  readonly files: readonly ScreenedFile[]
  readonly traits: readonly ScreenedTrait[]
  readonly settings: ScreeningSettings
  /** What the n-gram classifier beside each trait was trained on; empty without labels. */
  readonly classifierHashes: readonly (string | null)[]
  /** Where rows carry labels: what else stands beside the vectors. */
  readonly controls?: {
    /** How many random directions at each vector's layer. */
    readonly randomDirections: number
    /** By trait, its word-list judge; null where it has none. */
    readonly lexicons: readonly (string | null)[]
  }
  /** The decision that rows are read for; absent: every row is read in full. */
  readonly fast?: { readonly rules: readonly FastRule[] }
}

/** How many rows are scored and kept at a time: fixed, because results may depend on what shares a pass. */
export const rowsPerPart = 256
