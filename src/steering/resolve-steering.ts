import type { ModelInfo } from '../engine/contract/engine-info.ts'
import { asLayer, type Layer } from '../engine/contract/layer.ts'
import type { AddSteering, Positions } from '../engine/contract/steering.ts'
import { coefficientOf, doseOf } from '../vector/dose.ts'
import { directionAt, knowsResponseNorms, type PersonaVector } from '../vector/persona-vector.ts'
import { assertSameShape } from '../vector/usable-direction.ts'
import type { SteeringWish } from './parse-steering.ts'

/** A wish made definite: what the engine is told, and what a person wants to know of it. */
export interface ResolvedSteering {
  readonly steering: AddSteering
  readonly vector: string
  readonly layer: Layer
  readonly coefficient: number
  /**
   * |c.v| over the median length of response tokens at the layer, with the coefficient's sign.
   * Absent where the vector does not know that length.
   */
  readonly dose: number | undefined
}

export interface ResolveOptions {
  readonly positions?: Positions
  /** Whether the wish's amount is a relative dose instead of a coefficient. */
  readonly amountIsDose?: boolean
}

/**
 * @throws LAYER_OUT_OF_RANGE, VECTOR_MODEL_MISMATCH, VECTOR_NORMS_UNKNOWN where the amount is a dose
 */
export function resolveSteering(
  wish: SteeringWish,
  vector: PersonaVector,
  model: ModelInfo,
  { positions = 'all', amountIsDose = false }: ResolveOptions = {},
): ResolvedSteering {
  assertSameShape(vector, model, wish.vector)
  const layer = asLayer(wish.layer ?? vector.defaultLayer, model, 1)
  const coefficient = amountIsDose ? coefficientOf(vector, layer, wish.amount) : wish.amount
  return {
    steering: { mode: 'add', layer, vector: directionAt(vector, layer), coefficient, positions },
    vector: wish.vector,
    layer,
    coefficient,
    dose: knowsResponseNorms(vector) ? doseOf(vector, layer, coefficient) : undefined,
  }
}
