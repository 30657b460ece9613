/** What `import { ... } from 'personascope'` gives. */
import '../errors/supported-node.ts'

export type { ChatMessage } from '../chat/message.ts'
export type { Activations, Capture, Probe, Reading } from '../engine/contract/capture.ts'
export type { Engine, RequestOptions, RunOptions } from '../engine/contract/engine.ts'
export type { ChatTemplateInfo, EngineInfo, ModelInfo } from '../engine/contract/engine-info.ts'
export type { ForwardRequest, ForwardResult } from '../engine/contract/forward.ts'
export type {
  ChosenToken,
  FinishReason,
  GenerateRequest,
  GenerateResult,
  Generation,
  GenerationEvent,
  TokenLogprob,
} from '../engine/contract/generate.ts'
export { allLayers, asLayer, type BlockIndex, blockBefore, type Layer, layerAfter } from '../engine/contract/layer.ts'
export type { Prompt, RenderedPrompt, TokenId } from '../engine/contract/prompt.ts'
export type { Sampling } from '../engine/contract/sampling.ts'
export type {
  AblateSteering,
  AddSteering,
  CapSteering,
  Positions,
  Steering,
  SteeringCondition,
  SteeringReport,
} from '../engine/contract/steering.ts'
export { FakeEngine } from '../engine/fake/fake-engine.ts'
export { jsonSchemaToGrammar } from '../engine/grammar/json-schema-grammar.ts'
export { type CatalogueEntry, catalogue as errorCatalogue, type ErrorCode, exitCodes } from '../errors/catalogue.ts'
export { type ErrorFacts, PersonascopeError } from '../errors/personascope-error.ts'
export type { ConditionRow, ExperimentRows } from '../experiment/experiment-rows.ts'
export type { ExperimentSummary } from '../experiment/experiment-summary.ts'
export type { ExperimentSettings } from '../experiment/plan-experiment.ts'
export type { Estimate } from '../experiment/resampled-correlation.ts'
export type { ForecastEvaluation } from '../forecast/evaluate-forecast.ts'
export type { TrainingSettings } from '../forecast/plan-training.ts'
export type { ScoredPrompts } from '../forecast/scored-prompts.ts'
export type { Judge, JudgeItem, Judgement, JudgeOptions, Score } from '../judge/judge.ts'
export { judgeAgreement } from '../judge/judge-agreement.ts'
export type { JudgeDrift } from '../judge/judge-drift.ts'
export { createLexiconJudge } from '../judge/lexicon-judge.ts'
export type { RatingAgreement, RatingEstimate } from '../judge/ratings/rating-agreement.ts'
export type { RolloutSettings } from '../rollout/plan-rollouts.ts'
export type { FastRule } from '../screening/screening-plan.ts'
export type { ShiftSettings } from '../shift/plan-shift.ts'
export type { ShiftSummary } from '../shift/shift-summary.ts'
export { parseSteering, type SteeringWish } from '../steering/parse-steering.ts'
export { type ResolvedSteering, type ResolveOptions, resolveSteering } from '../steering/resolve-steering.ts'
export { measureSteeringEffect, type SteeringEffect } from '../steering/steering-effect.ts'
export { openWorkspace, type Workspace } from '../store/workspace.ts'
export { assertTraitUsable, checkTrait } from '../trait/check-trait.ts'
export { type LoadedTrait, listTraits, loadTrait, type TraitEntry } from '../trait/load-trait.ts'
export { type LadderStep, type Trait, traitSchema } from '../trait/trait.ts'
export type { TraitProblem, TraitProblemKind } from '../trait/trait-problem.ts'
export { type Combination, combineVectors, cosineMatrix, type NamedVector } from '../vector/arithmetic.ts'
export {
  type CalibratedForecast,
  type Calibration,
  calibrationPath,
  forecastFrom,
  readCalibration,
} from '../vector/calibration.ts'
export { coefficientOf, doseOf } from '../vector/dose.ts'
export {
  type Forecast,
  type Forecaster,
  type ForecasterEvidence,
  type ForecasterProvenance,
  forecastOf,
  predictScore,
} from '../vector/forecaster.ts'
export { forecasterPath, listForecasters, readForecaster, writeForecaster } from '../vector/forecaster-file.ts'
export { type Convention, conventions } from '../vector/format/convention.ts'
export { type ExportFormat, type ExportOptions, exportVector } from '../vector/format/export-vector.ts'
export type { ForeignFormat, ForeignVector } from '../vector/format/foreign-vector.ts'
export { readForeignVector } from '../vector/format/read-foreign-vector.ts'
export type { LayerProfile, ScreeningEvidence } from '../vector/layer-evidence.ts'
export { type CombinationTerm, parseCombination } from '../vector/parse-combination.ts'
export {
  type CombinationOrigin,
  directionAt,
  type ImportOrigin,
  knowsResponseNorms,
  layersOf,
  type PersonaVector,
  relativeNorm,
  type ScreeningReadout,
  type VectorKind,
  type VectorParent,
  type VectorProvenance,
} from '../vector/persona-vector.ts'
export type { RowDirection } from '../vector/usable-direction.ts'
export { listVectors, readVector, vectorPath, writeVector } from '../vector/vector-file.ts'
export { type AgreedRatings, type AgreeRatingsOptions, agreeRatings } from './agree-ratings.ts'
export { type BringOptions, type BroughtDataset, bringDatasets } from './bring-datasets.ts'
export { type CombineOptions, combineStoredVectors } from './combine-vectors.ts'
export { type ComparedJudges, type CompareRunJudgesOptions, compareRunJudges } from './compare-run-judges.ts'
export { type DrawnRatings, type DrawRatingsOptions, drawRatings } from './draw-ratings.ts'
export { type EvaluatedForecaster, evaluateForecaster } from './evaluate-forecaster.ts'
export { type ExtractedVector, type ExtractOptions, extractVector } from './extract-vector.ts'
export { type FilteredDataset, type FilterOptions, filterDataset } from './filter-dataset.ts'
export { forecastExperiment, readExperimentPlan } from './forecast-experiment.ts'
export { forecastLog } from './forecast-log.ts'
export { answerAsForecast, type ForecastQuestion, forecastQuestion } from './forecast-question.ts'
export { type ImportedSheet, importRatings } from './import-ratings.ts'
export { type ImportedVector, type ImportOptions, importVector } from './import-vector.ts'
export { keepBaseline } from './keep-baseline.ts'
export { loadForecaster } from './load-forecaster.ts'
export { loadVector } from './load-vector.ts'
export {
  defaultShiftSettings,
  estimateShift,
  type FinishedShift,
  type MeasuredTrait,
  measureShift,
  type ShiftModel,
  type ShiftOptions,
} from './measure-shift.ts'
export { type NewTrait, type NewTraitOptions, newTrait } from './new-trait.ts'
export { type OpenJudgeOptions, openJudge } from './open-judge.ts'
export { type ModelStep, type OpenModelOptions, openModel } from './open-model.ts'
export { readyShiftModels } from './ready-shift-models.ts'
export {
  defaultExperimentSettings,
  type ExperimentOptions,
  type FinishedExperiment,
  runTraitExperiment,
} from './run-experiment.ts'
export {
  estimateScreening,
  type FinishedScreening,
  type ScreeningEstimate,
  type ScreenOptions,
  screenDataset,
} from './screen-dataset.ts'
export { type TrainedForecaster, type TrainOptions, trainForecaster } from './train-forecaster.ts'
export { version } from './version.ts'
