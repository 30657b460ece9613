import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { parseJudge } from '../../judge/parse-judge.ts'
import { openWorkspace, type Workspace } from '../../store/workspace.ts'
import { assertTraitUsable } from '../../trait/check-trait.ts'
import { type LoadedTrait, loadTrait } from '../../trait/load-trait.ts'
import { loadVector } from '../../workbench/load-vector.ts'
import {
  defaultShiftSettings,
  estimateShift,
  type MeasuredTrait,
  measureShift,
  type ShiftOptions,
} from '../../workbench/measure-shift.ts'
import { assertJudge } from '../../workbench/open-judge.ts'
import { readyShiftModels } from '../../workbench/ready-shift-models.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeFinishedShift } from '../describe-shift.ts'
import { addEngineOptions, type EngineOptions } from '../engine-options.ts'
import { addJudgeOptions, type JudgeOptions, openJudgeFrom, sharedBudget } from '../judge-options.ts'
import { collect, numberBetween, wholeNumber } from '../option-values.ts'
import { PhasedProgress } from '../progress.ts'
import { showEstimate } from '../show-estimate.ts'
import { showModelSteps } from '../show-model-steps.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends EngineOptions, JudgeOptions {
  readonly trait: readonly string[]
  readonly layer?: number
  readonly samples: number
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
  readonly dryRun?: boolean
}

export function shiftCommand(): Command {
  const { samples, maxTokens, temperature, seed } = defaultShiftSettings
  const command = new Command('shift')
    .description('measure what a fine-tune moved: tuned models minus their base on the vectors of traits')
    .argument('<base>', 'the model the others were tuned from: as for --model, or a .gguf file')
    .argument('<tuned...>', 'tuned models of the same kind, or LoRA adapters in GGUF, which are laid over the base')
    .requiredOption('--trait <trait>', 'a trait with a vector on the base model; may be given several times', collect)
    .option('--layer <n>', 'where to project (default: the layer of each vector)', wholeNumber('--layer', 1))
    .option('--samples <n>', 'answers of each model to each question', wholeNumber('--samples', 1), samples)
    .option('--max-tokens <n>', 'the most tokens of an answer', wholeNumber('--max-tokens', 1), maxTokens)
    .option('--temperature <t>', 'how freely answers are drawn', numberBetween('--temperature', 0, 10), temperature)
    .option('--seed <n>', 'the seed of the whole run', wholeNumber('--seed', 0), seed)
    .option('--dry-run', 'say what it would take, and do nothing')
  return setAction<[string, string[]], Options>(addEngineOptions(addJudgeOptions(command)), run)
}

async function run(context: CommandContext, options: Options, base: string, tuned: string[]): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  const traits: LoadedTrait[] = []
  for (const name of new Set(options.trait)) {
    const trait = await loadTrait(name, workspace.traits)
    assertTraitUsable(trait)
    assertShiftJudge(options.judge, trait)
    traits.push(trait)
  }
  const { layer, samples, maxTokens, temperature, seed, contexts, threads, slots } = options
  const [baseModel, ...tunedModels] = await readyShiftModels([base, ...tuned], {
    ...(contexts !== undefined && { contexts }),
    ...(threads !== undefined && { threadsPerContext: threads }),
    ...(slots !== undefined && { slotsPerContext: slots }),
    onStep: showModelSteps(terminal),
    signal,
  })
  const wanted: ShiftOptions = {
    base: baseModel,
    tuned: tunedModels,
    traits: await measuredTraits(traits, baseModel.shape.id, { options, workspace, terminal }),
    workspace,
    ...(layer !== undefined && { layer }),
    settings: { samples, maxTokens, temperature, seed },
    signal,
    onProgress: showShift(terminal),
  }
  if (options.dryRun) {
    const what = `The shift of ${tuned.length === 1 ? 'one tuned model' : `${tuned.length} tuned models`}`
    return showEstimate(terminal, what, await estimateShift(wanted))
  }
  const finished = await measureShift(wanted)
  terminal.print(describeFinishedShift(finished))
  terminal.result(finished)
}

/** Without a judge, shifts are measured all the same; only one that is named has to be there. */
function assertShiftJudge(judge: string | undefined, { trait }: LoadedTrait): void {
  if (judge === undefined) return
  assertJudge(judge, trait)
  if (parseJudge(judge).kind !== 'engine') return
  const expected = 'lexicon, none or URL#model: no model of the comparison judges itself'
  throw new PersonascopeError('OPTION_INVALID', { option: '--judge', expected, got: judge })
}

interface TraitNeeds {
  readonly options: Options
  readonly workspace: Workspace
  readonly terminal: Terminal
}

async function measuredTraits(
  traits: readonly LoadedTrait[],
  modelId: string,
  { options, workspace, terminal }: TraitNeeds,
): Promise<MeasuredTrait[]> {
  const measured: MeasuredTrait[] = []
  const budget = await sharedBudget(options)
  for (const trait of traits) {
    const { vector } = await loadVector(trait.trait.name, workspace, modelId)
    const isUnscored = options.judge === undefined && !trait.trait.lexicon
    const judge = isUnscored
      ? 'none'
      : await openJudgeFrom(options, { trait: trait.trait, workspace, engine: undefined, terminal, budget })
    measured.push({ trait, vector, judge })
  }
  return measured
}

function showShift(terminal: Terminal): NonNullable<ShiftOptions['onProgress']> {
  const progress = new PhasedProgress(terminal)
  return ({ phase, model, done, total }) =>
    progress.show(`${phase === 'answer' ? 'Answering' : 'Judging'}: ${model}`, done, total, 'answers')
}
