import { join } from 'node:path'
import type { Engine } from '../engine/contract/engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { answerSet, collectAnswers, readableLayers, readLayers } from '../forecast/collect-answers.ts'
import { everydayPrompts } from '../forecast/everyday-prompts.ts'
import {
  assertEnough,
  type FittedForecaster,
  fitForecaster,
  folds,
  shuffleScores,
  type TrainingRows,
} from '../forecast/fit-forecaster.ts'
import { planTraining, type TrainingRollout, type TrainingSettings } from '../forecast/plan-training.ts'
import { assertOtherTopics } from '../forecast/shared-topics.ts'
import { type Judge, scoreValue } from '../judge/judge.ts'
import type { ScoredPrompt } from '../judge/text-baselines.ts'
import { numberGroups } from '../numeric/group-means.ts'
import { finishedParts, type RolloutSet, readWords } from '../rollout/rollout-store.ts'
import { readScores, scoreRollouts } from '../rollout/score-rollouts.ts'
import { openRun } from '../store/run-folder.ts'
import type { Workspace } from '../store/workspace.ts'
import { assertTraitUsable } from '../trait/check-trait.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import type { Trait } from '../trait/trait.ts'
import type { Forecaster } from '../vector/forecaster.ts'
import { forecasterPath, writeForecaster } from '../vector/forecaster-file.ts'
import { fileName } from '../vector/vector-file.ts'
import { version } from './version.ts'

export interface TrainOptions {
  readonly engine: Engine
  readonly judge: Judge
  readonly trait: LoadedTrait
  readonly workspace: Workspace
  readonly settings?: Partial<TrainingSettings>
  /** A control: the scores are dealt to other answers, so that nothing can be learned. */
  readonly shuffle?: boolean
  readonly onProgress?: (progress: TrainProgress) => void
  readonly signal?: AbortSignal
}

export interface TrainProgress {
  readonly phase: 'answer' | 'judge' | 'learn'
  /** Of `total` answers; with `learn`, of layers. */
  readonly done: number
  readonly total: number
}

export interface TrainedForecaster {
  readonly forecaster: Forecaster
  readonly path: string
  readonly runPath: string
  /** Answers that were there from before. */
  readonly reusedAnswers: number
  readonly seconds: number
}

export const defaultTrainingSettings: TrainingSettings = { answers: 4000, maxTokens: 60, temperature: 0.7, seed: 0 }

/** What is asked to train a forecaster of a trait. */
export interface TrainingMaterial {
  readonly systemPrompts: readonly string[]
  readonly questions: readonly string[]
  /** Whether the trait has questions for this, or its extraction questions stand in. */
  readonly ownQuestions: boolean
}

/** Everyday system prompts and those of the trait's extraction, and the trait's questions to train on. */
export function trainingMaterial({
  contrastivePrompts,
  extractionQuestions,
  forecastQuestions,
}: Trait): TrainingMaterial {
  const ofTrait = contrastivePrompts.flatMap(({ positive, negative }) => [positive, negative])
  const ownQuestions = forecastQuestions !== undefined && forecastQuestions.length > 0
  return {
    systemPrompts: [...everydayPrompts, ...ofTrait],
    questions: ownQuestions ? forecastQuestions : extractionQuestions,
    ownQuestions,
  }
}

/** What would be asked: the plan of a training. */
export function plannedTraining(trait: Trait, settings: TrainingSettings): TrainingRollout[] {
  const { systemPrompts, questions } = trainingMaterial(trait)
  return planTraining(systemPrompts, questions, settings)
}

/**
 * Says whether a trait can be trained on before anything is asked.
 * @throws TRAIT_INVALID, FORECAST_TOPICS_OVERLAP, FORECAST_TOO_FEW
 */
export function assertTrainable(trait: LoadedTrait, { answers }: Pick<TrainingSettings, 'answers'>): void {
  assertTraitUsable(trait)
  const { questions } = trainingMaterial(trait.trait)
  assertOtherTopics(trait.trait.evaluationQuestions, questions)
  assertEnough({ answers, questions: questions.length })
}

/**
 * Trains a forecaster: asks the model everyday questions under everyday system prompts and those of the trait's
 * extraction, keeps the last prompt tokens on disk, has the answers judged and learns to read the score from one layer.
 * Kept part by part; the same call goes on where it was stopped and reuses what is there.
 * @throws TRAIT_INVALID, FORECAST_TOPICS_OVERLAP, FORECAST_TOO_FEW, FORECAST_NOTHING_VARIES, MODEL_NO_CHAT_TEMPLATE, RUN_IN_USE, DISK_FULL, what engine and judge throw
 */
export async function trainForecaster(options: TrainOptions): Promise<TrainedForecaster> {
  const { engine, judge, trait, workspace, shuffle = false, onProgress = () => {}, signal } = options
  const settings = { ...defaultTrainingSettings, ...options.settings }
  const startTime = performance.now()
  assertTrainable(trait, settings)
  if (!engine.model.chatTemplate) throw new PersonascopeError('MODEL_NO_CHAT_TEMPLATE', { model: engine.model.id })
  const planned = plannedTraining(trait.trait, settings)
  const layers = readableLayers(engine.model.blockCount)
  const { name } = trait.trait
  await using run = await openRun(workspace.runs, 'forecast', `forecast-${fileName(name)}`, planOf(options, settings))
  let reusedAnswers = 0
  const set = await collectAnswers(engine, planned, {
    folder: run.path,
    settings,
    layers,
    ...(signal && { signal }),
    onProgress: ({ done, total, reused }) => {
      reusedAnswers = reused
      onProgress({ phase: 'answer', done, total })
    },
  })
  const scored = await scoresOf(judge, set, { onProgress, ...(signal && { signal }) })
  const { rows, indices } = rowsOf(planned, scored)
  const { hiddenSize } = engine.model
  const fitted = await fitForecaster(
    wanted => readLayers(set, wanted, indices, hiddenSize),
    shuffle ? shuffleScores(rows, settings.seed) : rows,
    {
      layers,
      seed: settings.seed,
      onProgress: done => {
        signal?.throwIfAborted()
        onProgress({ phase: 'learn', done, total: layers.length })
      },
    },
  )
  const forecaster = withProvenance(fitted, options, settings, {
    run: run.id,
    questions: [...new Set(planned.map(({ questionText }) => questionText))],
    systemPrompts: new Set(planned.map(({ prompt }) => prompt)).size,
    answers: rows.scores.length,
    unscored: planned.length - rows.scores.length,
    shuffled: shuffle,
    createdAt: run.manifest.createdAt,
  })
  const path = forecasterPath(workspace.vectors, engine.model.id, shuffle ? `${name}-shuffled` : name)
  await writeForecaster(path, forecaster)
  return { forecaster, path, runPath: run.path, reusedAnswers, seconds: (performance.now() - startTime) / 1000 }
}

async function scoresOf(
  judge: Judge,
  set: RolloutSet,
  { onProgress, signal }: { readonly onProgress: (progress: TrainProgress) => void; readonly signal?: AbortSignal },
): Promise<(number | undefined)[]> {
  const judgements = await scoreRollouts(judge, set, {
    ...(signal && { signal }),
    onProgress: ({ doneAnswers: done, totalAnswers: total }) => onProgress({ phase: 'judge', done, total }),
  })
  return judgements.map(({ expression }) => scoreValue(expression))
}

/** The scored answers as rows, and which of the planned ones they are. */
function rowsOf(
  planned: readonly TrainingRollout[],
  scores: readonly (number | undefined)[],
): { readonly rows: TrainingRows; readonly indices: Int32Array } {
  const indices = Int32Array.from(planned.flatMap((_, index) => (scores[index] === undefined ? [] : [index])))
  const of = (key: (rollout: TrainingRollout) => number) => Int32Array.from(indices, index => key(planned[index]!))
  const pairNames = Array.from(indices, index => `${planned[index]!.prompt}/${planned[index]!.question}`)
  return {
    indices,
    rows: {
      scores: Float64Array.from(indices, index => scores[index]!),
      systemPrompts: of(({ prompt }) => prompt),
      questions: of(({ question }) => question),
      pairs: numberGroups(pairNames).of,
    },
  }
}

/** The scored answers a forecaster learned from, as they lie in its run. */
export interface KnownTraining {
  readonly set: RolloutSet
  readonly rows: TrainingRows
  /** Which of the run's answers the rows are. */
  readonly indices: Int32Array
  /** One for each row. */
  readonly prompts: readonly TrainingRollout[]
}

/** What a forecaster learned from, where its run is still in the workspace and judged; else undefined. */
export async function readTraining(
  { provenance }: Forecaster,
  workspace: Workspace,
): Promise<KnownTraining | undefined> {
  const { training, judge, rubricHash } = provenance
  const folder = join(workspace.runs, fileName(training.run))
  const parts = (await finishedParts({ folder, name: answerSet }).catch(() => new Set<number>())).size
  if (parts === 0) return undefined
  const set: RolloutSet = { folder, name: answerSet, parts }
  const judgements = await readScores(set, { id: judge, ...(rubricHash !== undefined && { rubricHash }) })
  if (!judgements) return undefined
  const words = await Promise.all(Array.from({ length: parts }, (_, part) => readWords<TrainingRollout>(set, part)))
  const rollouts = words.flat()
  const { rows, indices } = rowsOf(
    rollouts,
    judgements.map(({ expression }) => scoreValue(expression)),
  )
  return { set, rows, indices, prompts: Array.from(indices, index => rollouts[index]!) }
}

/** The scored prompts a forecaster learned from; none where `readTraining` finds none. */
export async function readTrainingPrompts(forecaster: Forecaster, workspace: Workspace): Promise<ScoredPrompt[]> {
  const known = await readTraining(forecaster, workspace)
  if (!known) return []
  return known.prompts.map(({ systemPrompt, questionText }, row) => ({
    systemPrompt,
    questionText,
    score: known.rows.scores[row]!,
  }))
}

/** All that the run's bytes depend on. Judges are not among it: scores lie beside the answers, each judge's its own. */
function planOf({ engine, trait: { trait } }: Pick<TrainOptions, 'engine' | 'trait'>, settings: TrainingSettings) {
  const { id, fileHash, chatTemplate } = engine.model
  const { name, version: engineVersion, contexts, slotsPerContext } = engine.info
  const { systemPrompts, questions } = trainingMaterial(trait)
  return {
    model: { id, fileHash, chatTemplateHash: chatTemplate?.hash },
    engine: { name, version: engineVersion, contexts, slotsPerContext },
    trait: { name: trait.name, systemPrompts, questions },
    settings,
  }
}

interface AnswerFacts
  extends Pick<
    Forecaster['provenance']['training'],
    'run' | 'questions' | 'systemPrompts' | 'answers' | 'unscored' | 'shuffled'
  > {
  readonly createdAt: string
}

function withProvenance(
  { penalty, askedTwice, meanScore, scoreDeviation, evidence, ...readout }: FittedForecaster,
  { engine, judge, trait }: TrainOptions,
  { temperature, maxTokens, seed }: TrainingSettings,
  { createdAt, ...facts }: AnswerFacts,
): Forecaster {
  const { id, fileHash, chatTemplate, blockCount, hiddenSize } = engine.model
  return {
    ...readout,
    provenance: {
      model: { id, fileHash, chatTemplateHash: chatTemplate!.hash, blockCount, hiddenSize },
      trait: { name: trait.trait.name, hash: trait.hash },
      judge: judge.id,
      ...(judge.rubricHash !== undefined && { rubricHash: judge.rubricHash }),
      sampling: { temperature, maxTokens },
      training: { ...facts, askedTwice, meanScore, scoreDeviation, penalty, folds, seed },
      evidence,
      personascopeVersion: version,
      createdAt,
    },
  }
}
