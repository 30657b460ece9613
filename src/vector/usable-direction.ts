import type { ModelInfo } from '../engine/contract/engine-info.ts'
import { asLayer, type Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { norm } from '../numeric/vector-math.ts'
import { directionAt, type PersonaVector } from './persona-vector.ts'

/** What decides whether a vector fits a model. */
type ModelShape = Pick<ModelInfo, 'id' | 'blockCount' | 'hiddenSize'>

/**
 * Says that a vector's rows have the shape of the model's layers. A fine-tune has the shape of its base.
 * @param name how the user called the vector
 * @throws VECTOR_MODEL_MISMATCH
 */
export function assertSameShape(
  vector: PersonaVector,
  model: ModelShape,
  name: string = vector.provenance.trait.name,
): void {
  if (vector.hiddenSize === model.hiddenSize && vector.blockCount === model.blockCount) return
  throw mismatch(vector, model, name)
}

/**
 * Says that a vector was made on this very model: what was made on a fine-tune is no measurement of its base.
 * @throws VECTOR_MODEL_MISMATCH
 */
export function assertMadeOn(vector: PersonaVector, model: ModelShape): void {
  const { model: maker, trait } = vector.provenance
  assertSameShape(vector, model)
  if (maker.id !== model.id) throw mismatch(vector, model, trait.name)
}

/**
 * The vector at the wanted layer, or at its default one, to project on.
 * @throws LAYER_OUT_OF_RANGE, OPTION_INVALID where it is all zeros at that layer
 */
export function usableDirection(
  vector: PersonaVector,
  model: ModelInfo,
  wanted: number | undefined,
): { readonly layer: Layer; readonly direction: Float32Array } {
  const layer = asLayer(wanted ?? vector.defaultLayer, model, 1)
  const direction = directionAt(vector, layer)
  if (norm(direction) > 0) return { layer, direction }
  const expected = `a layer at which ${vector.provenance.trait.name} has a direction`
  throw new PersonascopeError('OPTION_INVALID', { option: '--layer', expected, got: layer })
}

/** What rows are projected on: a vector's direction for screening, where it has one, or the vector itself. */
export const rowDirections = ['screening', 'persona'] as const
export type RowDirection = (typeof rowDirections)[number]

/**
 * What rows of a dataset are projected on, at the wanted layer or at the one chosen for it.
 * @param kind absent: the direction for screening where the vector has one
 * @throws LAYER_OUT_OF_RANGE, OPTION_INVALID where it is all zeros at that layer, or not there
 */
export function usableRowDirection(
  vector: PersonaVector,
  model: ModelInfo,
  wanted: number | undefined,
  kind: RowDirection | undefined,
): { readonly kind: RowDirection; readonly layer: Layer; readonly direction: Float32Array } {
  const { screening, hiddenSize } = vector
  const { name } = vector.provenance.trait
  if (kind === 'screening' && !screening) {
    const expected = `persona: ${name} has no direction for screening (personascope vector extract ${name} makes one)`
    throw new PersonascopeError('OPTION_INVALID', { option: '--direction', expected, got: kind })
  }
  if (kind === 'persona' || !screening) return { kind: 'persona', ...usableDirection(vector, model, wanted) }
  const layer = asLayer(wanted ?? screening.layer, model, 1)
  const direction = screening.directions.subarray(layer * hiddenSize, (layer + 1) * hiddenSize)
  if (norm(direction) > 0) return { kind: 'screening', layer, direction }
  const expected = `a layer at which ${name} has a direction`
  throw new PersonascopeError('OPTION_INVALID', { option: '--layer', expected, got: layer })
}

function mismatch(
  { provenance, blockCount, hiddenSize }: PersonaVector,
  model: ModelShape,
  name: string,
): PersonascopeError {
  const expected = `${provenance.model.id} (${blockCount} blocks of ${hiddenSize})`
  const got = `${model.id} (${model.blockCount} blocks of ${model.hiddenSize})`
  return new PersonascopeError('VECTOR_MODEL_MISMATCH', { vector: name, expected, got })
}
