import { join } from 'node:path'
import { lookAtFile } from '../dataset/dataset-file.ts'
import type { Engine } from '../engine/contract/engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type LadderRollout, planConditions } from '../experiment/plan-experiment.ts'
import { readKnownConditions } from '../experiment/read-conditions.ts'
import { evaluateForecast, type ForecastEvaluation, type ForecastRows } from '../forecast/evaluate-forecast.ts'
import { type ForecastReportParts, forecastFinding, forecastReport } from '../forecast/forecast-report.ts'
import { readScoredLog, type ScoredTurn } from '../forecast/read-scored-log.ts'
import { assertOtherTopics, sharedTopics } from '../forecast/shared-topics.ts'
import { type Judge, scoreValue } from '../judge/judge.ts'
import { textBaselines } from '../judge/text-baselines.ts'
import { readWords } from '../rollout/rollout-store.ts'
import { partOf } from '../rollout/run-rollouts.ts'
import { readScores } from '../rollout/score-rollouts.ts'
import { sha256, stableStringify } from '../store/hash.ts'
import { readJsonFile, writeJsonFile } from '../store/json-file.ts'
import { openRun, type RunManifest } from '../store/run-folder.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import type { LadderStep, Trait } from '../trait/trait.ts'
import {
  assertForecasts,
  assertForecastsJudge,
  type Forecaster,
  forecastModelOf,
  predictScore,
  samplingDifferences,
} from '../vector/forecaster.ts'
import { fileName } from '../vector/vector-file.ts'
import { readScoredRun } from './read-scored-run.ts'
import { readTrainingPrompts } from './train-forecaster.ts'

/** Scored answers of prompts that a forecaster can be asked about. */
export interface ScoredPrompts {
  /** In a few words. */
  readonly source: string
  readonly trait: string | undefined
  readonly rows: Omit<ForecastRows, 'baselines'>
  /** What differs from the forecaster's training. */
  readonly differences: readonly string[]
}

export interface EvaluateOptions {
  readonly forecaster: Forecaster
  readonly scored: ScoredPrompts
  /** The judge the forecaster learned from; undefined: without the baseline that asks it about prompts. */
  readonly judge: Judge | undefined
  readonly workspace: Workspace
  /** From which score on an answer counts as one to be warned of; from the middle of the scale on unless told. */
  readonly event?: number
  /** Where `forecast.html` and `forecast.json` are written; absent: a run of its own, with report and summary. */
  readonly folder?: string
  readonly seed?: number
  readonly signal?: AbortSignal
}

export interface EvaluatedForecaster {
  readonly evaluation: ForecastEvaluation
  readonly finding: string
  readonly reportPath: string
  readonly summaryPath: string
}

/** From the middle of the scale on, an answer shows the trait. */
export const defaultEvent = 50

/** What of an experiment's plan is looked at. */
interface ExperimentPlan {
  readonly model: { readonly id: string; readonly fileHash: string; readonly chatTemplateHash?: string }
  readonly trait: Pick<Trait, 'name' | 'evaluationQuestions'> & { readonly ladder: readonly LadderStep[] }
  readonly judge: string
  readonly rubricHash?: string
  readonly settings: { readonly temperature: number; readonly maxTokens: number }
}

/** The model and trait of an experiment's run. Throws RUN_UNKNOWN, FORECAST_NOTHING_SCORED. */
export async function readExperimentPlan(runs: string, nameOrPath: string) {
  const run = await readScoredRun(runs, nameOrPath)
  const manifest = await readJsonFile<RunManifest<ExperimentPlan>>(join(run.path, 'manifest.json'))
  if (manifest?.kind !== 'experiment')
    throw new PersonascopeError('FORECAST_NOTHING_SCORED', { path: run.path, detail: 'it is no experiment' })
  return { run, plan: manifest.plan }
}

/**
 * The conditions of a finished experiment, forecast from the last prompt tokens it kept; no model is needed.
 * @throws RUN_UNKNOWN, FORECASTER_MISMATCH, FORECAST_NOTHING_SCORED, FORECAST_TOPICS_OVERLAP
 */
export async function forecastExperiment(
  forecaster: Forecaster,
  { run, plan }: Awaited<ReturnType<typeof readExperimentPlan>>,
): Promise<ScoredPrompts> {
  const nothing = (detail: string) => new PersonascopeError('FORECAST_NOTHING_SCORED', { path: run.path, detail })
  const { model, judge, rubricHash, settings, trait } = plan
  assertForecasts(forecaster, { ...model, chatTemplateHash: model.chatTemplateHash ?? 'none' })
  const identity = { id: judge, ...(rubricHash !== undefined && { rubricHash }) }
  assertForecastsJudge(forecaster, identity)
  assertOtherTopics(trait.evaluationQuestions, forecaster.provenance.training.questions)
  const judgements = run.set.parts === 0 ? undefined : await readScores(run.set, identity)
  if (!judgements) throw nothing('its answers are not judged yet')
  const conditions = planConditions({ ...trait, ladder: [...trait.ladder] } as Trait)
  const states = await readKnownConditions(run.path, conditions)
  const { layer, direction } = forecaster
  const from = layer * direction.length
  const prompts = conditions.map(({ systemPrompt, questionText }, index) => ({
    systemPrompt,
    questionText,
    predicted: predictScore(forecaster, states[index]!.subarray(from, from + direction.length)),
  }))
  const parts = Array.from({ length: run.set.parts }, (_, part) => readWords<LadderRollout>(run.set, part))
  const answers = (await Promise.all(parts)).flat().flatMap(({ condition: prompt }, index) => {
    const score = scoreValue(judgements[index]?.expression)
    return score === undefined ? [] : [{ prompt, score }]
  })
  if (answers.length === 0) throw nothing('no answer has a score')
  return {
    source: `the experiment ${run.name}`,
    trait: trait.name,
    rows: { prompts, answers },
    differences: samplingDifferences(forecaster, settings),
  }
}

/**
 * Scored conversations of a file, read by the model up to where each last answer begins.
 * @param options.skipOverlap leave out turns on topics of the training instead of refusing the file
 * @throws FILE_INVALID, FORECASTER_MISMATCH, FORECAST_NOTHING_SCORED, FORECAST_TOPICS_OVERLAP, what the engine throws
 */
export async function forecastLog(
  forecaster: Forecaster,
  engine: Engine,
  path: string,
  options: {
    readonly scoreColumn?: string
    readonly skipOverlap?: boolean
    readonly onProgress?: (done: number, total: number) => void
    readonly signal?: AbortSignal
  } = {},
): Promise<ScoredPrompts> {
  const { onProgress = () => {}, signal } = options
  assertForecasts(forecaster, forecastModelOf(engine.model))
  const log = await readScoredLog(await lookAtFile(path), options.scoreColumn)
  const left = Object.entries(log.leftOut).map(([reason, count]) => `${count} rows: ${reason}`)
  const { kept, dropped } = withoutOverlap(log.turns, forecaster, options.skipOverlap === true)
  if (kept.length === 0)
    throw new PersonascopeError('FORECAST_NOTHING_SCORED', { path, detail: left.join('; ') || 'it has no rows' })
  const names = kept.map(({ messages }) => stableStringify(messages))
  const places = new Map([...new Set(names)].map((name, index) => [name, index]))
  const distinct = [...places.keys()].map(name => kept[names.indexOf(name)]!)
  const predicted: number[] = []
  for (let part = 0; predicted.length < distinct.length; part++) {
    const results = await engine.forwardAll(
      partOf(distinct, part).map(({ messages }) => ({
        prompt: { messages: [...messages] },
        capture: { layers: [forecaster.layer], promptLast: true },
      })),
      signal ? { signal } : {},
    )
    for (const { activations } of results) predicted.push(predictScore(forecaster, activations!.promptLast!))
    onProgress(predicted.length, distinct.length)
  }
  return {
    source: `the scored conversations of ${path.split('/').at(-1)}`,
    trait: undefined,
    rows: {
      prompts: distinct.map(({ systemPrompt, questionText }, index) => ({
        systemPrompt,
        questionText,
        predicted: predicted[index]!,
      })),
      answers: kept.map(({ score }, index) => ({ prompt: places.get(names[index]!)!, score })),
    },
    differences: [
      'how these answers were drawn is not known; the intervals hold for answers drawn as in the training',
      ...(left.length > 0 ? [`left out: ${left.join('; ')}`] : []),
      ...(dropped > 0 ? [`left out: ${dropped} turns on topics of the training`] : []),
    ],
  }
}

function withoutOverlap(turns: readonly ScoredTurn[], { provenance }: Forecaster, skip: boolean) {
  const { questions } = provenance.training
  const asked = turns.map(({ questionText }) => questionText)
  if (!skip) {
    assertOtherTopics(asked, questions)
    return { kept: turns, dropped: 0 }
  }
  const shared = new Set(sharedTopics(asked, questions).map(({ measured }) => measured))
  const kept = turns.filter(({ questionText }) => !shared.has(questionText))
  return { kept, dropped: turns.length - kept.length }
}

/**
 * Says how well a forecaster told scored answers, beside what the text alone tells, and writes summary and report.
 * @throws FORECASTER_MISMATCH where the judge is another, RUN_IN_USE, DISK_FULL, what the judge throws
 */
export async function evaluateForecaster(options: EvaluateOptions): Promise<EvaluatedForecaster> {
  const { forecaster, scored, judge, workspace, event = defaultEvent, seed = 0, signal } = options
  if (judge) assertForecastsJudge(forecaster, judge)
  const { prompts } = scored.rows
  const baselines = await textBaselines(prompts, judge, await readTrainingPrompts(forecaster, workspace), signal)
  const rows: ForecastRows = { ...scored.rows, baselines }
  const evaluation = evaluateForecast(forecaster, rows, { seed, event })
  const parts = { forecaster, rows, evaluation, source: scored.source, differences: scored.differences }
  if (options.folder !== undefined) return await writeEvaluation(options.folder, 'forecast', 'forecast', parts)
  const { provenance, direction, intercept } = forecaster
  const { trait, model } = provenance
  const plan = {
    forecaster: sha256(stableStringify([model, trait, intercept, [...direction]])),
    rows: sha256(stableStringify(scored.rows)),
    event,
    seed,
  }
  const name = `evaluation-${fileName(trait.name)}`
  await using run = await openRun(workspace.runs, 'forecast-evaluation', name, plan)
  return await writeEvaluation(run.path, 'summary', 'report', parts)
}

async function writeEvaluation(
  folder: string,
  summaryName: string,
  reportName: string,
  parts: ForecastReportParts,
): Promise<EvaluatedForecaster> {
  const { forecaster, evaluation, source, differences } = parts
  const { provenance, layer } = forecaster
  const [summaryPath, reportPath] = [join(folder, `${summaryName}.json`), join(folder, `${reportName}.html`)]
  const finding = forecastFinding(parts)
  await writeFileWhole(reportPath, forecastReport(parts))
  await writeJsonFile(summaryPath, { finding, source, differences, evaluation, provenance, layer })
  return { evaluation, finding, reportPath, summaryPath }
}
