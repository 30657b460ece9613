import type { ModelInfo } from '../engine/contract/engine-info.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { assertOtherTopics } from '../forecast/shared-topics.ts'
import type { Judge } from '../judge/judge.ts'
import type { Workspace } from '../store/workspace.ts'
import { assertForecasts, assertForecastsJudge, type Forecaster, forecastModelOf } from '../vector/forecaster.ts'
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

/** A forecaster that may be used, or in one clause why the one there is may not be; empty where there is none. */
export interface UsableForecaster {
  readonly forecaster?: Forecaster
  readonly unusable?: string
}

/**
 * The forecaster of a trait where it fits this model, this judge and these questions, and told something in its training.
 * @param needs what it must fit besides the model
 * @throws FILE_INVALID
 */
export async function usableForecaster(
  trait: string,
  workspace: Workspace,
  model: ModelInfo,
  needs: { readonly judge?: Pick<Judge, 'id' | 'rubricHash'>; readonly questions?: readonly string[] } = {},
): Promise<UsableForecaster> {
  const forecaster = await findForecaster(trait, workspace, model.id)
  if (!forecaster) return {}
  if (forecaster.provenance.evidence.verdict !== 'evidence') return { unusable: 'it told nothing in its training' }
  try {
    assertForecasts(forecaster, forecastModelOf(model))
    if (needs.judge) assertForecastsJudge(forecaster, needs.judge)
    if (needs.questions) assertOtherTopics(needs.questions, forecaster.provenance.training.questions)
    return { forecaster }
  } catch (error) {
    if (!PersonascopeError.is(error)) throw error
    return { unusable: error.message }
  }
}
