import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Forecaster } from '../vector/forecaster.ts'
import { forecasterPath, listForecasters, readForecaster } from '../vector/forecaster-file.ts'

/**
 * A forecaster by the name of its trait, from the workspace; or by the path of a file.
 * @param modelId the model it is for
 * @throws FORECASTER_UNKNOWN, FILE_NOT_FOUND, FILE_INVALID
 */
export async function loadForecaster(nameOrPath: string, workspace: Workspace, modelId: string): Promise<Forecaster> {
  if (nameOrPath.endsWith('.safetensors')) return await readForecaster(nameOrPath)
  const found = await findForecaster(nameOrPath, workspace, modelId)
  if (found) return found
  const available = (await listForecasters(workspace.vectors, modelId)).join(', ') || 'none'
  const facts = { forecaster: nameOrPath, model: modelId, workspace: workspace.path, available }
  throw new PersonascopeError('FORECASTER_UNKNOWN', facts)
}

/** The forecaster of a trait in the workspace, if there is one. Throws FILE_INVALID. */
export async function findForecaster(
  trait: string,
  workspace: Workspace,
  modelId: string,
): Promise<Forecaster | undefined> {
  try {
    return await readForecaster(forecasterPath(workspace.vectors, modelId, trait))
  } catch (error) {
    if (PersonascopeError.is(error) && error.code === 'FILE_NOT_FOUND') return undefined
    throw error
  }
}
