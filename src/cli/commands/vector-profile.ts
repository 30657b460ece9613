import { Command } from 'commander'
import { openWorkspace } from '../../store/workspace.ts'
import { assertTraitUsable } from '../../trait/check-trait.ts'
import { loadTrait } from '../../trait/load-trait.ts'
import { defaultRolloutSettings, defaultSweepSettings, extractVector } from '../../workbench/extract-vector.ts'
import { findVector } from '../../workbench/load-vector.ts'
import { assertJudge } from '../../workbench/open-judge.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { addJudgeOptions, type JudgeOptions, openJudgeFrom } from '../judge-options.ts'
import { numbers, wholeNumber } from '../option-values.ts'
import { showPhases } from '../show-phases.ts'
import { showExtracted } from './vector-extract.ts'

interface Options extends EngineOptions, JudgeOptions {
  readonly steer: boolean
  readonly layers: number
  readonly doses: readonly number[]
  readonly samples: number
  readonly maxTokens: number
}

export function vectorProfileCommand(): Command {
  const { layers, doses, samples, maxTokens } = defaultSweepSettings
  const command = new Command('profile')
    .description('measure a vector layer by layer on extraction questions set aside, and choose its layers')
    .argument('<trait>', 'the name of a trait, or the path of a trait file')
    .option('--steer', 'also try steering at several layers (the default)', true)
    .option('--no-steer', 'do not try steering')
    .option('--layers <n>', 'how many layers are steered', wholeNumber('--layers', 1), layers)
    .option('--doses <list>', 'relative doses, each tried with both signs', numbers('--doses', 0), doses)
    .option('--samples <n>', 'answers to each question at each dose', wholeNumber('--samples', 1), samples)
    .option('--max-tokens <n>', 'the most tokens of a steered answer', wholeNumber('--max-tokens', 1), maxTokens)
  return setAction<[string], Options>(addEngineOptions(addJudgeOptions(command)), run)
}

async function run(context: CommandContext, options: Options, name: string): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  const trait = await loadTrait(name, workspace.traits)
  assertTraitUsable(trait)
  assertJudge(options.judge, trait.trait)
  await using engine = await openEngine(context, options)
  const judge = await openJudgeFrom(options, { trait: trait.trait, workspace, engine, terminal })
  if (judge === 'none' && options.steer) terminal.note('Without a judge steering cannot be scored: it is left out.')
  const known = await findVector(trait.trait.name, workspace, engine.model.id)
  const { layers, doses, samples, maxTokens } = options
  const extracted = await extractVector({
    engine,
    trait,
    workspace,
    judge,
    settings: known?.provenance.settings ?? defaultRolloutSettings,
    ...(options.steer && { sweep: { layers, doses, samples, maxTokens } }),
    signal,
    onProgress: showPhases(terminal),
  })
  showExtracted(terminal, extracted)
}
