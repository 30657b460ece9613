import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { planConditions, planConversations, planDoses } from '../../experiment/plan-experiment.ts'
import { textsToJudge } from '../../judge/text-baselines.ts'
import { planRollouts } from '../../rollout/plan-rollouts.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { assertTraitUsable } from '../../trait/check-trait.ts'
import { type LoadedTrait, loadTrait } from '../../trait/load-trait.ts'
import type { PersonaVector } from '../../vector/persona-vector.ts'
import { estimateWork } from '../../workbench/estimate-work.ts'
import { defaultRolloutSettings, extractVector } from '../../workbench/extract-vector.ts'
import { usableForecaster } from '../../workbench/load-forecaster.ts'
import { findVector, loadVector } from '../../workbench/load-vector.ts'
import { assertExperimentJudge } from '../../workbench/open-judge.ts'
import { defaultExperimentSettings, runTraitExperiment } from '../../workbench/run-experiment.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeExperiment } from '../describe-experiment.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { addJudgeOptions, type JudgeOptions, openJudgeFrom } from '../judge-options.ts'
import { numberBetween, numbers, wholeNumber } from '../option-values.ts'
import { showEstimate } from '../show-estimate.ts'
import { showPhases } from '../show-phases.ts'

interface Options extends EngineOptions, JudgeOptions {
  readonly trait: string
  readonly vector?: string
  readonly questions?: string
  readonly layer?: number
  readonly samples: number
  readonly steeringSamples: number
  readonly doses: readonly number[]
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
  readonly dryRun?: boolean
}

export function experimentRunCommand(): Command {
  const { samples, steeringSamples, doses, maxTokens, temperature, seed } = defaultExperimentSettings
  const command = new Command('run')
    .description('measure whether the last prompt token tells the trait of the answer, with simulated participants')
    .requiredOption('--trait <trait>', 'the name of a trait, or the path of a trait file')
    .option('--vector <vector>', 'the name or file of a vector (default: that of the trait, extracted if missing)')
    .option('--questions <file>', "ask these instead of the trait's evaluation questions: a text file, one a line")
    .option('--layer <n>', 'where to read (default: as chosen on extraction data)', wholeNumber('--layer', 1))
    .option('--samples <n>', 'answers to each question under each prompt', wholeNumber('--samples', 1), samples)
    .option(
      '--steering-samples <n>',
      'answers to each question at each dose',
      wholeNumber('--steering-samples', 1),
      steeringSamples,
    )
    .option('--doses <list>', 'relative doses of the steering curve', numbers('--doses'), doses)
    .option('--max-tokens <n>', 'the most tokens of an answer', wholeNumber('--max-tokens', 1), maxTokens)
    .option('--temperature <t>', 'how freely answers are drawn', numberBetween('--temperature', 0, 10), temperature)
    .option('--seed <n>', 'the seed of the whole run', wholeNumber('--seed', 0), seed)
    .option('--dry-run', 'say what it would take, and do nothing')
  return setAction<[], Options>(addEngineOptions(addJudgeOptions(command)), run)
}

async function run(context: CommandContext, options: Options): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  const trait = await askedOf(await loadTrait(options.trait, workspace.traits), options.questions)
  assertTraitUsable(trait)
  assertExperimentJudge(options.judge, trait.trait)
  await using engine = await openEngine(context, options)
  const judge = await openJudgeFrom(options, { trait: trait.trait, workspace, engine, terminal })
  if (judge === 'none') throw new PersonascopeError('EXPERIMENT_NEEDS_JUDGE', { trait: trait.trait.name })
  const { samples, steeringSamples, doses, maxTokens, temperature, seed } = options
  const settings = { samples, steeringSamples, doses, maxTokens, temperature, seed }
  const known =
    options.vector === undefined
      ? await findVector(trait.trait.name, workspace, engine.model.id)
      : (await loadVector(options.vector, workspace, engine.model.id)).vector
  if (options.dryRun) {
    const conditions = planConditions(trait.trait)
    const asked = [...planConversations(conditions, settings), ...planDoses(trait.trait, settings)]
    const extraction = { planned: planRollouts(trait.trait, defaultRolloutSettings), ...defaultRolloutSettings }
    const work = [{ planned: asked, maxTokens }, ...(known ? [] : [extraction])]
    const what = `The experiment of ${trait.trait.name}${known ? '' : ', with its vector, which is not there yet'}`
    return showEstimate(terminal, what, await estimateWork(engine, judge, work, textsToJudge(conditions)))
  }
  const questions = trait.trait.evaluationQuestions
  const { forecaster, unusable } = await usableForecaster(trait.trait.name, workspace, engine.model, {
    judge,
    questions,
  })
  if (unusable !== undefined) terminal.note(`The forecaster of ${trait.trait.name} is not used: ${unusable}`)
  const onProgress = showPhases(terminal)
  const vector = known ?? (await extractFirst())
  const finished = await runTraitExperiment({
    engine,
    judge,
    trait,
    vector,
    ...(forecaster && { forecaster }),
    workspace,
    ...(options.layer !== undefined && { layer: options.layer }),
    settings,
    signal,
    onProgress,
  })
  terminal.print(describeExperiment(finished))
  terminal.result(finished)

  async function extractFirst(): Promise<PersonaVector> {
    terminal.note(`No vector of ${trait.trait.name} yet: making it first.`)
    return (await extractVector({ engine, trait: trait satisfies LoadedTrait, workspace, judge, signal, onProgress }))
      .vector
  }
}

/** The trait with the questions of a file to be measured on; with its own where none is named. */
async function askedOf(trait: LoadedTrait, path: string | undefined): Promise<LoadedTrait> {
  if (path === undefined) return trait
  const kind = 'file of questions'
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PersonascopeError('FILE_NOT_FOUND', { path, kind }, { cause })
  })
  const lines = text.split('\n').map(line => line.trim())
  const evaluationQuestions = lines.filter(line => line !== '')
  if (evaluationQuestions.length < 2) {
    const detail = `it has ${evaluationQuestions.length} questions, one a line, and two are needed`
    throw new PersonascopeError('FILE_INVALID', { path, kind, detail })
  }
  return { ...trait, path, trait: { ...trait.trait, evaluationQuestions } }
}
