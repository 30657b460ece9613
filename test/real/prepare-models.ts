/**
 * Brings the real weights that tests use to this machine, through the product itself and into its own cache, once
 * before a suite.
 */
import type { TestProject } from 'vitest/node'
import type { ModelFile } from '../../src/engine/llama/open-llama-engine.ts'
import { readyModel } from '../../src/workbench/open-model.ts'
import { type PreparedName, preparedModels } from './models.ts'

export async function setup(project: TestProject): Promise<void> {
  const files: Partial<Record<PreparedName, ModelFile>> = {}
  for (const [model, weights] of preparedModels) {
    const { file } = await readyModel(model, { weights })
    files[`${model} ${weights}`] = file
  }
  project.provide('modelFiles', files as Record<PreparedName, ModelFile>)
}
