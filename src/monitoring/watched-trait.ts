import type { ModelInfo } from '../engine/contract/engine-info.ts'
import type { Layer } from '../engine/contract/layer.ts'
import type { Calibration } from '../vector/calibration.ts'
import { hashOfDirection } from '../vector/direction-hash.ts'
import type { Forecaster } from '../vector/forecaster.ts'
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
  /** Takes the place of the calibration; absent where none was trained that fits. */
  readonly forecaster: Forecaster | undefined
  /** How `responseMean` is spread among ordinary answers; absent where that was not measured. */
  readonly baseline: ResponseBaseline | undefined
}

export interface ResponseBaseline {
  readonly mean: number
  readonly sd: number
  /** Ascending. */
  readonly values: readonly number[]
}

export interface WatchOptions {
  readonly calibration?: Calibration
  /** One that was trained on this model. */
  readonly forecaster?: Forecaster
  readonly baseline?: ResponseBaseline
}

/**
 * Watches the direction a calibration was made on, where there is one that fits; else the vector's reading layer.
 * @throws VECTOR_MODEL_MISMATCH
 */
export function watchTrait(
  name: string,
  vector: PersonaVector,
  model: ModelInfo,
  { calibration, forecaster, baseline }: WatchOptions = {},
): WatchedTrait {
  assertSameShape(vector, model, name)
  const fits = calibration !== undefined && isMadeWith(calibration, vector, model)
  const layer = fits ? (calibration.conditionalOn.layer as Layer) : readingLayerOf(vector)
  const direction = directionAt(vector, layer)
  return { name, layer, direction, calibration: fits ? calibration : undefined, forecaster, baseline }
}

/** Whether a calibration is of this model, template and direction: a line through other projections says nothing. */
function isMadeWith({ conditionalOn }: Calibration, vector: PersonaVector, model: ModelInfo): boolean {
  const { layer, directionHash, model: made } = conditionalOn
  if (made.fileHash !== model.fileHash || made.chatTemplateHash !== (model.chatTemplate?.hash ?? '')) return false
  if (layer > vector.blockCount) return false
  return directionHash === hashOfDirection(directionAt(vector, layer as Layer))
}
