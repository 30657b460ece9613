import type { Engine } from '../engine/contract/engine.ts'
import { type WatchedTrait, watchTrait } from '../monitoring/watched-trait.ts'
import { type BaselineFile, baselinePath, readBaseline } from '../screening/baseline.ts'
import type { Workspace } from '../store/workspace.ts'
import { calibrationPath, readCalibration } from '../vector/calibration.ts'
import { hashOfDirection } from '../vector/direction-hash.ts'
import { usableForecaster } from './load-forecaster.ts'
import { loadVector } from './load-vector.ts'

/**
 * The traits to watch, with their vectors and, where there are any that fit, calibrations and forecasters of the workspace.
 * @param baseline the name of a baseline of the workspace, to place readings among
 * @throws VECTOR_UNKNOWN, VECTOR_MODEL_MISMATCH, FILE_NOT_FOUND, FILE_INVALID
 */
export async function watchTraits(
  names: readonly string[],
  engine: Engine,
  workspace: Workspace,
  { baseline }: { readonly baseline?: string } = {},
): Promise<WatchedTrait[]> {
  const { model } = engine
  const file = baseline === undefined ? undefined : await readBaseline(baselinePath(workspace.path, model.id, baseline))
  return await Promise.all(
    [...new Set(names)].map(async name => {
      const { vector } = await loadVector(name, workspace, model.id)
      const calibration = await readCalibration(calibrationPath(workspace.calibrations, model.id, name))
      const { forecaster } = await usableForecaster(name, workspace, model)
      const watched = watchTrait(name, vector, model, {
        ...(calibration && { calibration }),
        ...(forecaster && { forecaster }),
      })
      return file && file.model.fileHash === model.fileHash ? placed(watched, file) : watched
    }),
  )
}

/** With the baseline of the same direction at the same layer; where there is none, as it was. */
function placed(watched: WatchedTrait, { traits }: BaselineFile): WatchedTrait {
  const own = traits[watched.name]
  if (!own || own.layer !== watched.layer || own.directionHash !== hashOfDirection(watched.direction)) return watched
  const { mean, sd, values } = own
  return { ...watched, baseline: { mean, sd, values: values.toSorted((a, b) => a - b) } }
}
