import type { Layer } from '../contract/layer.ts'
import type { TokenId } from '../contract/prompt.ts'

/** What an engine needs to know of a vocabulary to write text. */
export interface Vocabulary {
  readonly size: number
  endsTurn(token: TokenId): boolean
  /** The UTF-8 bytes of a token; may be part of a character. Control tokens have none. */
  bytesOf(token: TokenId): Uint8Array
}

/** The shape of the model a run works on. */
export interface ModelShape {
  readonly blockCount: number
  readonly hiddenSize: number
}

/**
 * One sequence on its way through the model: which tokens to feed, what to do with every row of every layer, what to
 * do with logits. The scheduler of an engine feeds it and knows nothing else of it.
 */
export interface SequenceRun {
  /** How many tokens have gone through the model. The scheduler counts it up. */
  fed: number
  /** How many tokens are to be fed in all, as far as known now. */
  readonly feedUpTo: number
  /** Tokens before this position are known from the start and may be fed many at a time. */
  readonly givenLength: number
  /** The deepest layer that must be computed. */
  readonly depth: Layer
  readonly finished: boolean
  tokenAt(position: number): TokenId
  /** Whether a row is read or changed. */
  needsRow(layer: Layer, position: number): boolean
  /**
   * Steers and captures a row.
   * @param row [d], changed in place
   * @returns whether it was changed and must be written back
   */
  takeRow(layer: Layer, position: number, row: Float32Array): boolean
  needsLogits(position: number): boolean
  /** @param logits [vocabulary], valid during the call only */
  takeLogits(position: number, logits: Float32Array): void
}
