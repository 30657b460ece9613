import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import type { ScoredPrompts } from '../../forecast/scored-prompts.ts'
import { openWorkspace, type Workspace } from '../../store/workspace.ts'
import type { Forecaster } from '../../vector/forecaster.ts'
import { defaultEvent, evaluateForecaster } from '../../workbench/evaluate-forecaster.ts'
import { forecastExperiment, readExperimentPlan } from '../../workbench/forecast-experiment.ts'
import { forecastLog } from '../../workbench/forecast-log.ts'
import { loadForecaster } from '../../workbench/load-forecaster.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeEvaluation } from '../describe-evaluation.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { openForecasterJudge } from '../forecaster-judge.ts'
import { addJudgeOptions, type JudgeOptions } from '../judge-options.ts'
import { numberBetween } from '../option-values.ts'
import { PhasedProgress } from '../progress.ts'

interface Options extends EngineOptions, JudgeOptions {
  readonly forecaster?: string
  readonly event: number
  readonly scoreColumn: string
  readonly skipOverlap?: boolean
}

export function forecastEvaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('say how well a forecaster tells scored answers, beside what the text of the prompts tells')
    .argument('<scored>', 'a run of `experiment run`, or a file of scored conversations (JSON lines, CSV, Parquet)')
    .option('--forecaster <forecaster>', 'the name of a trait or a file (default: of the trait of the run)')
    .option(
      '--event <score>',
      'warn of answers that score this or more',
      numberBetween('--event', 0, 100),
      defaultEvent,
    )
    .option('--score-column <name>', 'where a file has the score of the last answer, 0..100', 'score')
    .option('--skip-overlap', 'leave turns on topics of the training out, instead of refusing the file')
  return setAction<[string], Options>(addEngineOptions(addJudgeOptions(command)), run)
}

async function run(context: CommandContext, options: Options, source: string): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  const isFile = (await stat(source).catch(() => undefined))?.isFile() === true
  const { forecaster, scored } = isFile
    ? await readFile(context, options, workspace, source)
    : await readRun(options, workspace, source)
  await using engine = options.judge === 'engine' ? await openEngine(context, options) : undefined
  const judge = await openForecasterJudge(forecaster, options, { workspace, engine, terminal })
  const evaluated = await evaluateForecaster({
    forecaster,
    scored,
    judge,
    workspace,
    event: options.event,
    signal,
  })
  terminal.print(describeEvaluation(evaluated, scored))
  terminal.result(evaluated)
}

interface Read {
  readonly forecaster: Forecaster
  readonly scored: ScoredPrompts
}

async function readRun({ forecaster: name }: Options, workspace: Workspace, source: string): Promise<Read> {
  const experiment = await readExperimentPlan(workspace.runs, source)
  const { model, trait } = experiment.plan
  const forecaster = await loadForecaster(name ?? trait.name, workspace, model.id)
  return { forecaster, scored: await forecastExperiment(forecaster, experiment) }
}

async function readFile(
  context: CommandContext,
  { forecaster: name, scoreColumn, skipOverlap, ...options }: Options,
  workspace: Workspace,
  path: string,
): Promise<Read> {
  if (name === undefined) {
    const expected = 'given for a file of conversations, which belong to no trait'
    throw new PersonascopeError('OPTION_INVALID', { option: '--forecaster', expected, got: 'none' })
  }
  await using engine = await openEngine(context, options)
  const forecaster = await loadForecaster(name, workspace, engine.model.id)
  const progress = new PhasedProgress(context.terminal)
  const scored = await forecastLog(forecaster, engine, path, {
    scoreColumn,
    skipOverlap: skipOverlap === true,
    signal: context.signal,
    onProgress: (done, total) => progress.show('Reading prompts', done, total, 'prompts'),
  })
  return { forecaster, scored }
}
