import type { Layer } from './layer.ts'

/** A direction watched while the model runs; its value at a token is the projection h.v/|v|. */
export interface Probe {
  readonly name: string
  readonly layer: Layer
  /** [d] */
  readonly direction: Float32Array
  /** Which tokens are projected; default all. With `prompt_last` nothing is read while an answer is written. */
  readonly positions?: 'all' | 'prompt_last'
}

/**
 * Which activations a request brings back. Response tokens are the answer's tokens without the end-of-turn token
 * and without trimmed stop text. Activations are read after steering at their layer: what the next block sees.
 */
export interface Capture {
  /** The layers the means, norms and the last prompt token are taken at. */
  readonly layers: 'all' | readonly Layer[]
  /** Mean over response tokens (`response_avg`). */
  readonly responseMean?: boolean
  /** The Euclidean length at every response token. */
  readonly responseNorms?: boolean
  /** Mean over prompt tokens (`prompt_avg`), with and without token 0, whose norm dwarfs all others. */
  readonly promptMean?: boolean
  /** The last prompt token (`prompt_last`): the position that predicts the first response token. */
  readonly promptLast?: boolean
  /** Directions to project every token on. */
  readonly probes?: readonly Probe[]
}

/** A probe's values. */
export interface Reading {
  readonly name: string
  readonly layer: Layer
  /** [prompt tokens] */
  readonly prompt: Float32Array
  /** [response tokens] */
  readonly response: Float32Array
}

/** What a capture brought back. Every matrix has one row for each entry of `layers`: [layers, d]. */
export interface Activations {
  readonly layers: readonly Layer[]
  readonly hiddenSize: number
  /** [layers, d]; absent where the response had no token. */
  readonly responseMean?: Float32Array
  /** [layers, response tokens] */
  readonly responseNorms?: Float32Array
  /** [layers, d] */
  readonly promptMean?: Float32Array
  /** [layers, d]; absent where the prompt had one token only. */
  readonly promptMeanWithoutFirst?: Float32Array
  /** [layers, d] */
  readonly promptLast?: Float32Array
  readonly readings: readonly Reading[]
}
