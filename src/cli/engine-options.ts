import type { Command } from 'commander'
import type { Engine } from '../engine/contract/engine.ts'
import { type OpenModelOptions, openModel } from '../workbench/open-model.ts'
import type { CommandContext } from './command-context.ts'
import { wholeNumber } from './option-values.ts'
import { showModelSteps } from './show-model-steps.ts'

/** The options of every command that runs a model. */
export interface EngineOptions {
  readonly contexts?: number
  readonly threads?: number
  readonly slots?: number
}

export function addEngineOptions(command: Command): Command {
  return command
    .option('--contexts <n>', 'contexts over one set of weights (default: measured)', wholeNumber('--contexts', 1))
    .option('--threads <n>', 'threads of each context (default: measured)', wholeNumber('--threads', 1))
    .option('--slots <n>', 'most sequences side by side in one context (default: 16)', wholeNumber('--slots', 1))
}

/** Opens the model the command line names, showing what it takes. */
export async function openEngine(
  { terminal, signal, options }: CommandContext,
  engineOptions: EngineOptions,
  { work }: Pick<OpenModelOptions, 'work'> = {},
): Promise<Engine> {
  const { contexts, threads, slots } = engineOptions
  return await openModel(options.model, {
    ...(contexts !== undefined && { contexts }),
    ...(threads !== undefined && { threadsPerContext: threads }),
    ...(slots !== undefined && { slotsPerContext: slots }),
    ...(work && { work }),
    onStep: showModelSteps(terminal),
    signal,
  })
}
