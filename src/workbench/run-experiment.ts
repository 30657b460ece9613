import { join } from 'node:path'
import type { Engine } from '../engine/contract/engine.ts'
import { asLayer, type Layer } from '../engine/contract/layer.ts'
import { analyseExperiment } from '../experiment/analyse-experiment.ts'
import { calibrate } from '../experiment/calibrate.ts'
import { experimentReport, experimentScatterSvg } from '../experiment/experiment-report.ts'
import { type ExperimentSummary, summariseExperiment } from '../experiment/experiment-summary.ts'
import type { ExperimentSettings } from '../experiment/plan-experiment.ts'
import { answersToCsv } from '../experiment/rows-to-csv.ts'
import { type ExperimentProgress, runExperiment } from '../experiment/run-experiment.ts'
import { assertOtherTopics } from '../forecast/shared-topics.ts'
import type { Judge } from '../judge/judge.ts'
import { writeJsonFile } from '../store/json-file.ts'
import { openRun } from '../store/run-folder.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import { assertTraitUsable } from '../trait/check-trait.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import { calibrationPath, takeBackCalibration, writeCalibration } from '../vector/calibration.ts'
import { directionHash } from '../vector/direction-hash.ts'
import { coefficientOf } from '../vector/dose.ts'
import { assertForecasts, assertForecastsJudge, type Forecaster, forecastModelOf } from '../vector/forecaster.ts'
import { type PersonaVector, readingLayerOf } from '../vector/persona-vector.ts'
import { assertMadeOn } from '../vector/usable-direction.ts'
import { fileName } from '../vector/vector-file.ts'
import { evaluateForecaster } from './evaluate-forecaster.ts'
import { readScoredExtraction } from './extract-vector.ts'
import { forecastExperiment, readExperimentPlan } from './forecast-experiment.ts'
import { readTrainingPrompts } from './train-forecaster.ts'
import { version } from './version.ts'

export interface ExperimentOptions {
  readonly engine: Engine
  readonly judge: Judge
  readonly trait: LoadedTrait
  readonly vector: PersonaVector
  readonly workspace: Workspace
  /** Read beside the vector: one that was trained on this model and judge, and not on these questions. */
  readonly forecaster?: Forecaster
  /** Where to read; the vector's reading layer if not told. */
  readonly layer?: number
  readonly settings?: Partial<ExperimentSettings>
  readonly onProgress?: (progress: ExperimentProgress) => void
  readonly signal?: AbortSignal
}

export interface FinishedExperiment {
  readonly summary: ExperimentSummary
  readonly folder: string
  readonly reportPath: string
  readonly summaryPath: string
  /** Undefined where nothing was found that a score could be told by. */
  readonly calibrationPath: string | undefined
  /** What the forecaster is worth here; undefined without one. */
  readonly forecastPath: string | undefined
}

export const defaultExperimentSettings: ExperimentSettings = {
  samples: 6,
  maxTokens: 60,
  temperature: 0.7,
  seed: 0,
  doses: [-0.16, -0.08, 0, 0.08, 0.16],
  steeringSamples: 2,
}

/**
 * Runs the experiment of a vector and writes its results into the run's folder: `summary.json`, `report.html`,
 * `scatter.svg` and `rows.csv`; and the calibration into the workspace, where there is evidence.
 * @throws TRAIT_INVALID, VECTOR_MODEL_MISMATCH, VECTOR_NORMS_UNKNOWN, LAYER_OUT_OF_RANGE, RUN_IN_USE, DISK_FULL, what engine and judge throw
 */
export async function runTraitExperiment(options: ExperimentOptions): Promise<FinishedExperiment> {
  const { engine, judge, trait, vector, forecaster, workspace, onProgress, signal } = options
  const given = { ...defaultExperimentSettings, ...options.settings }
  const settings = { ...given, doses: [...new Set(given.doses)].sort((a, b) => a - b) }
  const start = performance.now()
  assertTraitUsable(trait)
  assertMadeOn(vector, engine.model)
  if (forecaster) assertForecastsExperiment(forecaster, options)
  // Said before anything is asked: a vector may know of no doses.
  const coefficients = new Map(
    settings.doses.map(dose => [dose, dose === 0 ? 0 : coefficientOf(vector, vector.defaultLayer, dose)]),
  )
  const layer = options.layer === undefined ? readingLayerOf(vector) : asLayer(options.layer, engine.model, 1)
  const plan = planOf(options, layer, settings)
  await using run = await openRun(
    workspace.runs,
    'experiment',
    `experiment-${fileName(vector.provenance.trait.name)}`,
    plan,
  )
  const data = await runExperiment({
    engine,
    judge,
    trait: trait.trait,
    vector,
    layer,
    settings,
    trainingPrompts: await trainingPrompts(options),
    ...(forecaster && { forecaster }),
    folder: run.path,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  })
  const analysis = analyseExperiment(data.rows, settings.seed)
  const summary = summariseExperiment({
    modelId: engine.model.id,
    trait: trait.trait.name,
    vector,
    layer,
    judge: judge.id,
    settings,
    conditions: data.conditions.length,
    answers: data.conversations.length,
    analysis,
    coefficientOf: dose => coefficients.get(dose)!,
    seconds: (performance.now() - start) / 1000,
  })
  const parts = { trait: trait.trait, vector, data, analysis, summary, provenance: provenanceFacts(engine, vector) }
  const inRun = (name: string) => join(run.path, name)
  await writeFileWhole(inRun('rows.csv'), answersToCsv(data.rows))
  await writeFileWhole(inRun('scatter.svg'), experimentScatterSvg(parts))
  await writeFileWhole(inRun('report.html'), experimentReport(parts))
  await writeJsonFile(inRun('summary.json'), summary)
  const calibration = calibrate({
    model: engine.model,
    judge: judge.id,
    trait,
    vector,
    layer,
    settings,
    analysis,
    personascopeVersion: version,
    createdAt: run.manifest.createdAt,
  })
  const path = calibrationPath(workspace.calibrations, engine.model.id, vector.provenance.trait.name)
  if (calibration) await writeCalibration(path, calibration)
  else await takeBackCalibration(path, directionHash(vector, layer))
  const forecast =
    forecaster &&
    (await evaluateForecaster({
      forecaster,
      scored: await forecastExperiment(forecaster, await readExperimentPlan(workspace.runs, run.path)),
      judge,
      workspace,
      folder: run.path,
      ...(signal && { signal }),
    }))
  return {
    summary,
    folder: run.path,
    reportPath: inRun('report.html'),
    summaryPath: inRun('summary.json'),
    calibrationPath: calibration && path,
    forecastPath: forecast?.reportPath,
  }
}

/** @throws FORECASTER_MISMATCH, FORECAST_TOPICS_OVERLAP */
function assertForecastsExperiment(
  forecaster: Forecaster,
  { engine, judge, trait: { trait } }: Pick<ExperimentOptions, 'engine' | 'judge' | 'trait'>,
): void {
  assertForecasts(forecaster, forecastModelOf(engine.model))
  assertForecastsJudge(forecaster, judge)
  assertOtherTopics(trait.evaluationQuestions, forecaster.provenance.training.questions)
}

/** What a reader of prompts can learn from: the answers the forecaster learned from, else those of the extraction. */
async function trainingPrompts({ engine, trait, vector, forecaster, workspace }: ExperimentOptions) {
  const learned = forecaster && (await readTrainingPrompts(forecaster, workspace))
  if (learned && learned.length > 0) return learned
  return await readScoredExtraction(engine, trait, workspace, vector.provenance)
}

/** All that the run's bytes depend on. */
function planOf(
  { engine, judge, trait: { trait }, vector }: ExperimentOptions,
  layer: Layer,
  settings: ExperimentSettings,
) {
  const { id, fileHash, chatTemplate } = engine.model
  const { name, version: engineVersion, contexts, slotsPerContext } = engine.info
  return {
    model: { id, fileHash, chatTemplateHash: chatTemplate?.hash },
    engine: { name, version: engineVersion, contexts, slotsPerContext },
    trait: { name: trait.name, ladder: trait.ladder, evaluationQuestions: trait.evaluationQuestions },
    vector: { reading: directionHash(vector, layer), steering: directionHash(vector, vector.defaultLayer) },
    layer,
    steeringLayer: vector.defaultLayer,
    judge: judge.id,
    ...(judge.rubricHash !== undefined && { rubricHash: judge.rubricHash }),
    settings,
  }
}

function provenanceFacts({ model, info }: Engine, { provenance }: PersonaVector) {
  return [
    { name: 'model', value: `${model.id}, ${model.weightFormat}, sha256 ${model.fileHash}` },
    { name: 'engine', value: `${info.version}, ${info.contexts} contexts of ${info.threadsPerContext} threads` },
    {
      name: 'vector made',
      value: `${provenance.createdAt} on ${provenance.model.id}, Personascope ${provenance.personascopeVersion}, from the trait file of sha256 ${provenance.trait.hash}`,
    },
  ]
}
