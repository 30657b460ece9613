import type { Layer } from './layer.ts'

/**
 * Where steering acts.
 *
 * - `all`: every token.
 * - `prompt`: the prompt's tokens, its last one included.
 * - `response`: every position whose forward pass predicts a response token: the last prompt token and all
 *   generated ones.
 */
export type Positions = 'all' | 'prompt' | 'response'

/**
 * A live condition: steering starts at the first token, among those where it may act, at which the projection of the
 * layer's output on `direction` (h.v/|v|, read before this layer's own steering) exceeds `above`, and stays on.
 * Where the condition is read on a deeper layer than the steering acts on, steering starts one token later.
 */
export interface SteeringCondition {
  readonly layer: Layer
  /** [d] */
  readonly direction: Float32Array
  readonly above: number
}

interface SteeringBase {
  /** 1..B: whose block output is changed. */
  readonly layer: Layer
  /** Default `all`. */
  readonly positions?: Positions
  readonly when?: SteeringCondition
}

/** h <- h + coefficient * vector, in float32, as llama.cpp's control vectors and the paper's section 3.2 do. */
export interface AddSteering extends SteeringBase {
  readonly mode: 'add'
  /** [d] */
  readonly vector: Float32Array
  readonly coefficient: number
}

/** h <- h - (h.u)u with u = direction/|direction|: the direction is removed. */
export interface AblateSteering extends SteeringBase {
  readonly mode: 'ablate'
  /** [d] */
  readonly direction: Float32Array
}

/** h <- h - max(0, h.u - ceiling)u with u = direction/|direction|: the projection never exceeds `ceiling`. */
export interface CapSteering extends SteeringBase {
  readonly mode: 'cap'
  /** [d] */
  readonly direction: Float32Array
  readonly ceiling: number
}

/** One change of the residual stream while the model runs. Several act in the order given. */
export type Steering = AddSteering | AblateSteering | CapSteering

/** What one steering did during a request. */
export interface SteeringReport {
  /** At how many positions it changed the residual stream (for `cap`: at how many it had something to cut). */
  readonly steeredPositions: number
  /** For a conditional steering: the position at which its condition was first met, absent if never. */
  readonly firedAtPosition?: number
}
