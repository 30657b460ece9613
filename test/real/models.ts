/** The real weights that tests use: which, in which formats, and where `prepare-models.ts` put them. */
import { inject } from 'vitest'
import type { ModelFile } from '../../src/engine/llama/open-llama-engine.ts'

/** Every model and format some test asks for. */
export const preparedModels = [
  ['smollm2-135m-instruct', 'F32'],
  ['smollm2-135m-instruct', 'Q8_0'],
  ['gemma-3-270m', 'F32'],
  ['gemma-3-270m', 'Q8_0'],
] as const

type PreparedModel = (typeof preparedModels)[number]
export type PreparedName = `${PreparedModel[0]} ${PreparedModel[1]}`

declare module 'vitest' {
  export interface ProvidedContext {
    modelFiles: Readonly<Record<PreparedName, ModelFile>>
  }
}

/** A real model's weights in one format, for tests. */
export function modelFile<Model extends PreparedModel[0]>(
  model: Model,
  format: Extract<PreparedModel, readonly [Model, string]>[1],
): ModelFile {
  return inject('modelFiles')[`${model} ${format}` as PreparedName]
}
