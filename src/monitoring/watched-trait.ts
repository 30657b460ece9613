import type { ModelInfo } from '../engine/contract/engine-info.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { sha256 } from '../store/hash.ts'
import type { Calibration } from '../vector/calibration.ts'
import { directionAt, type PersonaVector, readingLayerOf } from '../vector/persona-vector.ts'
import { assertSameShape } from '../vector/usable-direction.ts'

/** A trait that is read in every answer. */
export interface WatchedTrait {
  readonly name: string
  readonly layer: Layer
  /** [d] */
  readonly direction: Float32Array
  /** Absent where there is none, or it was made with something else. */
  readonly calibration: Calibration | undefined
  /** How `responseMean` is spread among ordinary answers; absent where that was not measured. */
  readonly baseline: ResponseBaseline | undefined
}

export interface ResponseBaseline {
  readonly mean: number
  readonly sd: number
  /** Ascending. */
  readonly values: readonly number[]
}

/**
 * Watches the direction a calibration was made on, where there is one that fits; else the vector's reading layer.
 * @throws VECTOR_MODEL_MISMATCH
 */
export function watchTrait(
  name: string,
  vector: PersonaVector,
  model: ModelInfo,
  { calibration, baseline }: { readonly calibration?: Calibration; readonly baseline?: ResponseBaseline } = {},
): WatchedTrait {
  assertSameShape(vector, model, name)
  const fits = calibration !== undefined && isMadeWith(calibration, vector, model)
  const layer = fits ? (calibration.conditionalOn.layer as Layer) : readingLayerOf(vector)
  const direction = directionAt(vector, layer)
  return { name, layer, direction, calibration: fits ? calibration : undefined, baseline }
}

/** Whether a calibration is of this model, template and direction: a line through other projections says nothing. */
function isMadeWith({ conditionalOn }: Calibration, vector: PersonaVector, model: ModelInfo): boolean {
  const { layer, directionHash, model: made } = conditionalOn
  if (made.fileHash !== model.fileHash || made.chatTemplateHash !== (model.chatTemplate?.hash ?? '')) return false
  if (layer > vector.blockCount) return false
  return directionHash === hashOf(directionAt(vector, layer as Layer))
}

/** sha256 of a direction's bytes. */
export function hashOf(direction: Float32Array): string {
  return sha256(new Uint8Array(direction.buffer, direction.byteOffset, direction.byteLength))
}
