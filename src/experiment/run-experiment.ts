import type { Engine } from '../engine/contract/engine.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { type Judge, type Judgement, scoreValue } from '../judge/judge.ts'
import { type ScoredPrompt, textBaselines } from '../judge/text-baselines.ts'
import { measureSurprise } from '../rollout/perplexity.ts'
import { type Rollout, type RolloutSet, readWords } from '../rollout/rollout-store.ts'
import { runRollouts } from '../rollout/run-rollouts.ts'
import { scoreRollouts } from '../rollout/score-rollouts.ts'
import type { Trait } from '../trait/trait.ts'
import { coefficientOf } from '../vector/dose.ts'
import { type Forecaster, predictScore } from '../vector/forecaster.ts'
import { directionAt, type PersonaVector } from '../vector/persona-vector.ts'
import type { ExperimentRows } from './experiment-rows.ts'
import {
  type Condition,
  type DoseRollout,
  type ExperimentSettings,
  type LadderRollout,
  planConditions,
  planConversations,
  planDoses,
} from './plan-experiment.ts'
import { projectConditions } from './project-conditions.ts'
import { readConditions } from './read-conditions.ts'

export interface RunExperimentOptions {
  readonly engine: Engine
  readonly judge: Judge
  readonly trait: Trait
  readonly vector: PersonaVector
  /** Where the last prompt token is read. */
  readonly layer: Layer
  readonly settings: ExperimentSettings
  /** Read beside the vector, where there is one that fits. */
  readonly forecaster?: Forecaster
  /** Scored answers to other prompts, for what the text alone tells. */
  readonly trainingPrompts: readonly ScoredPrompt[]
  readonly folder: string
  readonly onProgress?: (progress: ExperimentProgress) => void
  readonly signal?: AbortSignal
}

export interface ExperimentProgress {
  readonly phase: 'read' | 'converse' | 'judge' | 'steer' | 'reread'
  readonly done: number
  readonly total: number
  /** Of these, how many were there from before. */
  readonly reused: number
}

/** What was gathered: the rows for the analysis, and the words for the report. */
export interface ExperimentData {
  readonly rows: ExperimentRows
  readonly conditions: readonly Condition[]
  readonly conversations: readonly ScoredRollout<LadderRollout>[]
  readonly steered: readonly ScoredRollout<DoseRollout>[]
}

export interface ScoredRollout<Planned extends LadderRollout | DoseRollout> {
  readonly rollout: Rollout<Planned>
  readonly judgement: Judgement
}

/**
 * The experiment with simulated participants (paper, section 3.3). First every prompt is read and the last prompt token
 * kept, then the answers are written, then they are judged; then the steering curve. Each stage is kept part by part in
 * the folder, and the same call goes on where it was stopped.
 * @throws what engine and judge throw, DISK_FULL
 */
export async function runExperiment(options: RunExperimentOptions): Promise<ExperimentData> {
  const {
    engine,
    judge,
    trait,
    vector,
    layer,
    settings,
    trainingPrompts,
    forecaster,
    folder,
    onProgress = () => {},
    signal,
  } = options
  const conditions = planConditions(trait)
  const states = await readConditions(engine, conditions, {
    folder,
    ...(signal && { signal }),
    onProgress: done => onProgress({ phase: 'read', done, total: conditions.length, reused: 0 }),
  })
  const planned = planConversations(conditions, settings)
  const conversations = await converse(options, planned)
  const doses = planDoses(trait, settings)
  const { scored: steered, surprises } = await steer(options, doses)
  return {
    conditions,
    conversations,
    steered,
    rows: {
      conditions: conditions.map(({ step, level, question }) => ({ step, level, question })),
      answers: conversations.map(({ rollout: { condition, sample }, judgement }) => ({
        condition,
        sample,
        score: scoreValue(judgement.expression),
      })),
      doses: steered.map(({ rollout: { dose, question }, judgement }, index) => ({
        dose,
        question,
        score: scoreValue(judgement.expression),
        surprise: surprises[index],
      })),
      layer,
      baselines: await textBaselines(conditions, judge, trainingPrompts, signal),
      ...(forecaster && {
        forecasts: {
          layer: forecaster.layer,
          values: Float64Array.from(states, state => predictScore(forecaster, stateAt(state, forecaster))),
        },
      }),
      ...projectConditions(states, vector, layer, settings.seed),
    },
  }
}

function stateAt(states: Float32Array, { layer, direction }: Forecaster): Float32Array {
  return states.subarray(layer * direction.length, (layer + 1) * direction.length)
}

async function converse(
  { engine, judge, settings, folder, onProgress = () => {}, signal }: RunExperimentOptions,
  planned: readonly LadderRollout[],
): Promise<ScoredRollout<LadderRollout>[]> {
  const set = await runRollouts(engine, planned, {
    folder,
    name: 'answers',
    settings,
    capture: false,
    ...(signal && { signal }),
    onProgress: ({ doneRollouts: done, totalRollouts: total, reusedRollouts: reused }) =>
      onProgress({ phase: 'converse', done, total, reused }),
  })
  const judgements = await scoreRollouts(judge, set, {
    ...(signal && { signal }),
    onProgress: ({ doneAnswers: done, totalAnswers: total }) => onProgress({ phase: 'judge', done, total, reused: 0 }),
  })
  return await withJudgements<LadderRollout>(set, judgements)
}

async function steer(
  { engine, judge, vector, settings, folder, onProgress = () => {}, signal }: RunExperimentOptions,
  planned: readonly DoseRollout[],
): Promise<{ scored: ScoredRollout<DoseRollout>[]; surprises: (number | undefined)[] }> {
  const layer = vector.defaultLayer
  const direction = directionAt(vector, layer)
  const set = await runRollouts(engine, planned, {
    folder,
    name: 'steered',
    settings,
    capture: false,
    steeringOf: ({ dose }) =>
      dose === 0
        ? []
        : [{ mode: 'add', layer, vector: direction, coefficient: coefficientOf(vector, layer, dose) } as const],
    ...(signal && { signal }),
    onProgress: ({ doneRollouts: done, totalRollouts: total, reusedRollouts: reused }) =>
      onProgress({ phase: 'steer', done, total, reused }),
  })
  const judgements = await scoreRollouts(judge, set, {
    ...(signal && { signal }),
    onProgress: ({ doneAnswers: done, totalAnswers: total }) => onProgress({ phase: 'judge', done, total, reused: 0 }),
  })
  const surprises = await measureSurprise(engine, set, {
    ...(signal && { signal }),
    onProgress: done => onProgress({ phase: 'reread', done, total: planned.length, reused: 0 }),
  })
  return { scored: await withJudgements<DoseRollout>(set, judgements), surprises }
}

async function withJudgements<Planned extends LadderRollout | DoseRollout>(
  set: RolloutSet,
  judgements: readonly Judgement[],
): Promise<ScoredRollout<Planned>[]> {
  const scored: ScoredRollout<Planned>[] = []
  for (let part = 0; part < set.parts; part++) {
    for (const rollout of await readWords<Planned>(set, part)) {
      scored.push({ rollout, judgement: judgements[scored.length]! })
    }
  }
  return scored
}
