import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { parseJudge } from '../../judge/parse-judge.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { loadTrait } from '../../trait/load-trait.ts'
import type { Trait } from '../../trait/trait.ts'
import { estimateWork } from '../../workbench/estimate-work.ts'
import { assertJudge } from '../../workbench/open-judge.ts'
import {
  assertTrainable,
  defaultTrainingSettings,
  plannedTraining,
  trainForecaster,
  trainingMaterial,
} from '../../workbench/train-forecaster.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeForecaster } from '../describe-forecaster.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { addJudgeOptions, type JudgeOptions, openJudgeFrom } from '../judge-options.ts'
import { numberBetween, wholeNumber } from '../option-values.ts'
import { showEstimate } from '../show-estimate.ts'
import { showPhases } from '../show-phases.ts'

interface Options extends EngineOptions, JudgeOptions {
  readonly trait: string
  readonly answers: number
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
  readonly shuffleScores?: boolean
  readonly dryRun?: boolean
}

export function forecastTrainCommand(): Command {
  const { answers, maxTokens, temperature, seed } = defaultTrainingSettings
  const command = new Command('train')
    .description('learn to tell from the last prompt token how strongly an answer will show a trait')
    .requiredOption('--trait <trait>', 'the name of a trait, or the path of a trait file')
    .option('--answers <n>', 'how many answers to learn from', wholeNumber('--answers', 1), answers)
    .option('--max-tokens <n>', 'the most tokens of an answer', wholeNumber('--max-tokens', 1), maxTokens)
    .option('--temperature <t>', 'how freely answers are drawn', numberBetween('--temperature', 0, 10), temperature)
    .option('--seed <n>', 'the seed of the whole run', wholeNumber('--seed', 0), seed)
    .option('--shuffle-scores', 'a control: scores are dealt to other answers; kept as <trait>-shuffled')
    .option('--dry-run', 'say what it would take, and do nothing')
  return setAction<[], Options>(addEngineOptions(addJudgeOptions(command)), run)
}

async function run(context: CommandContext, options: Options): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  const trait = await loadTrait(options.trait, workspace.traits)
  const { name } = trait.trait
  assertTrainable(trait, options)
  assertForecastJudge(options.judge, trait.trait)
  const { questions, systemPrompts, ownQuestions } = trainingMaterial(trait.trait)
  if (!ownQuestions) {
    terminal.note(
      `${name} has no forecastQuestions, so the ${questions.length} extraction questions are asked. More questions help most: 240 are usual (docs/forecast.md).`,
    )
  }
  await using engine = await openEngine(context, options)
  const judge = await openJudgeFrom(options, { trait: trait.trait, workspace, engine, terminal })
  if (judge === 'none') throw new PersonascopeError('FORECAST_NEEDS_JUDGE', { trait: name })
  const { answers, maxTokens, temperature, seed, shuffleScores } = options
  const settings = { answers, maxTokens, temperature, seed }
  if (options.dryRun) {
    const work = [{ planned: plannedTraining(trait.trait, settings), maxTokens }]
    const what = `The forecaster of ${name}, from ${questions.length} questions under ${systemPrompts.length} system prompts`
    return showEstimate(terminal, what, await estimateWork(engine, judge, work))
  }
  const trained = await trainForecaster({
    engine,
    judge,
    trait,
    workspace,
    settings,
    shuffle: shuffleScores === true,
    signal,
    onProgress: showPhases(terminal),
  })
  terminal.print(describeForecaster(trained))
  terminal.result({ ...trained, forecaster: { ...trained.forecaster, direction: undefined } })
}

function assertForecastJudge(judge: string | undefined, trait: Trait): void {
  const isMissing = judge === undefined ? !trait.lexicon : parseJudge(judge).kind === 'none'
  if (isMissing) throw new PersonascopeError('FORECAST_NEEDS_JUDGE', { trait: trait.name })
  assertJudge(judge, trait)
}
