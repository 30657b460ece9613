import type { Engine } from '../engine/contract/engine.ts'
import { type WatchedTrait, watchTrait } from '../monitoring/watched-trait.ts'
import type { Workspace } from '../store/workspace.ts'
import { calibrationPath, readCalibration } from '../vector/calibration.ts'
import { loadVector } from './load-vector.ts'

/**
 * The traits to watch, with their vectors and, where there are any that fit, calibrations of the workspace.
 * @throws VECTOR_UNKNOWN, VECTOR_MODEL_MISMATCH, FILE_INVALID
 */
export async function watchTraits(
  names: readonly string[],
  engine: Engine,
  workspace: Workspace,
): Promise<WatchedTrait[]> {
  const { model } = engine
  return await Promise.all(
    [...new Set(names)].map(async name => {
      const { vector } = await loadVector(name, workspace, model.id)
      const calibration = await readCalibration(calibrationPath(workspace.calibrations, model.id, name))
      return watchTrait(name, vector, model, calibration ? { calibration } : {})
    }),
  )
}
