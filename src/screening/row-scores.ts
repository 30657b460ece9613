/** What screening says of a row. */

/** One trait's scores of a row; each is a projection h.v/|v| or made from projections. */
export interface TraitScores {
  /** The mean over all response tokens of the row. */
  readonly projection: number
  /** The greatest mean of one response. */
  readonly max: number
  /** The cosine of the direction and the row's mean activation. */
  readonly cosine: number
  /** Minus the projection of the model's own answers to the same prompts. */
  readonly difference?: number
  /** The mean of each response. */
  readonly turns: readonly number[]
  /** The row's projections on random directions at the same layer, as a control; six digits. */
  readonly random?: readonly number[]
}

/** Where a row stands. */
export interface RowPlace {
  /** In all files, from 0. */
  readonly row: number
  /** Which file, and the row in it, both from 0. */
  readonly file: number
  readonly fileRow: number
  readonly line: number
}

export interface ScoredRow extends RowPlace {
  readonly id?: string
  readonly group?: string
  readonly label?: string
  readonly tokens: number
  /** Whether some of its responses were left out or cut. */
  readonly cut: boolean
  /** Whether it holds characters that steer terminals. */
  readonly controlCharacters: boolean
  /** In the order of the plan's traits. */
  readonly scores: readonly TraitScores[]
  readonly controls?: TextControls
  /** By length asked for and trait: the projection of the first so many tokens of each response. */
  readonly beginnings?: readonly (readonly number[])[]
}

/** What the text of the responses tells without the model. */
export interface TextControls {
  /** -1 dark .. 1 bright */
  readonly sentiment: number
  /** By trait, above 0 where an n-gram classifier calls it the trait's; null where there is none. */
  readonly ngrams: readonly (number | null)[]
  /** By trait, 0..100 by the trait's word-list judge; null where the trait has none. */
  readonly judge: readonly (number | null)[]
}

/** A row whose beginning alone was read: by trait, what its full projection is estimated to be. */
export interface EstimatedRow extends Omit<ScoredRow, 'tokens' | 'scores' | 'controls' | 'beginnings'> {
  readonly scores: readonly { readonly projection: number; readonly turns: readonly null[] }[]
}

export interface UnreadableRow extends RowPlace {
  readonly fault: string
  /** The beginning of the row, as well as it can be read. */
  readonly text: string
}

/** The projections of the model's own answer to a prompt, by trait; null where it answered nothing. */
export interface OwnAnswer {
  readonly prompt: string
  readonly projections: readonly number[] | null
}
