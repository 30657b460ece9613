import type { Engine } from '../engine/contract/engine.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type Judge, scoreValue } from '../judge/judge.ts'
import { bootstrapInterval } from '../numeric/bootstrap.ts'
import { mean } from '../numeric/moments.ts'
import { deriveSeed } from '../numeric/random.ts'
import { norm } from '../numeric/vector-math.ts'
import { measureSurprise, perplexityOf } from '../rollout/perplexity.ts'
import type { PlannedRollout, RolloutSettings } from '../rollout/plan-rollouts.ts'
import { type RolloutProgress, runRollouts } from '../rollout/run-rollouts.ts'
import { scoreRollouts } from '../rollout/score-rollouts.ts'
import { sha256, stableStringify } from '../store/hash.ts'
import type { SteeringAtDose, SteeringEvidence, SteeringSweep } from './layer-evidence.ts'

export interface SweepPlan {
  readonly layers: readonly Layer[]
  /** Relative doses, each tried with both signs. */
  readonly doses: readonly number[]
  /** Asked without a system prompt; none of them went into `direction`. */
  readonly questions: readonly string[]
  readonly samples: number
  readonly settings: Pick<RolloutSettings, 'maxTokens' | 'temperature' | 'seed'>
}

export interface SweepOptions {
  readonly engine: Engine
  readonly judge: Judge
  /** [B+1, d] */
  readonly direction: Float32Array
  /** [B+1] */
  readonly medianResponseNorms: Float32Array
  readonly plan: SweepPlan
  readonly folder: string
  readonly onProgress?: (progress: RolloutProgress) => void
  readonly signal?: AbortSignal
}

/**
 * Steered answers may be twice as perplexing to the unsteered model as its own. Fixed beforehand: above it, answers of
 * the default model repeat themselves or fall apart (docs/lab-log.md).
 */
export const perplexityBound = 2

/** Steered answers must be at least this coherent, where coherence is judged: the bound of kept pairs (paper, 2.2). */
export const coherenceBound = 50

export interface SteeredRollout extends PlannedRollout {
  /** Absent: not steered. */
  readonly layer?: Layer
  /** Signed; 0 where not steered. */
  readonly dose: number
  readonly question: number
  readonly sample: number
}

/** The layers tried: at most `count`, evenly from a quarter to nine tenths of the depth; a single one in their middle. */
export function candidateLayers(blockCount: number, count: number): Layer[] {
  const [first, last] = [Math.max(1, Math.round(0.25 * blockCount)), Math.max(1, Math.round(0.9 * blockCount))]
  if (count === 1) return [Math.round((first + last) / 2) as Layer]
  const steps = Math.max(1, Math.min(count, last - first + 1) - 1)
  const layers = Array.from({ length: steps + 1 }, (_, step) => Math.round(first + ((last - first) * step) / steps))
  return [...new Set(layers)] as Layer[]
}

/**
 * What steering does at each layer: the mean score at +dose minus that at -dose on questions set aside, and how much
 * more perplexing the answers become. The work is kept in the folder and goes on where it stopped.
 * @throws what the engine and the judge throw, JUDGE_FAILED where the unsteered answers have no score, DISK_FULL
 */
export async function sweepSteering(options: SweepOptions): Promise<SteeringSweep> {
  const { engine, judge, direction, plan, folder, signal, onProgress } = options
  const rollouts = planSweep(plan)
  const set = await runRollouts(engine, rollouts, {
    folder,
    // Another plan or direction is another set: nothing of it is taken for this one's.
    name: `sweep-${sha256(stableStringify(plan) + sha256(bytesOf(direction))).slice(0, 8)}`,
    settings: plan.settings,
    capture: false,
    steeringOf: rollout => steeringOf(rollout, options),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
  const judgements = await scoreRollouts(judge, set, signal ? { signal } : {})
  const surprises = await measureSurprise(engine, set, signal ? { signal } : {})
  const answers = rollouts.map((rollout, index): SweptAnswer => {
    const { expression, coherence } = judgements[index]!
    return {
      ...rollout,
      score: scoreValue(expression),
      surprise: surprises[index],
      coherence: scoreValue(coherence),
    }
  })
  if (answers.every(({ layer, score }) => layer !== undefined || score === undefined)) {
    const detail = 'none of the answers without steering has a score'
    throw new PersonascopeError('JUDGE_FAILED', { judge: judge.id, detail })
  }
  return evaluateSweep(answers, plan)
}

export function planSweep({ layers, doses, questions, samples, settings }: SweepPlan): SteeredRollout[] {
  const at = (layer: Layer | undefined, dose: number) =>
    questions.flatMap((questionText, question) =>
      Array.from(
        { length: samples },
        (_, sample): SteeredRollout => ({
          ...(layer !== undefined && { layer }),
          dose,
          question,
          sample,
          questionText,
          // The same draws at every layer and dose: what differs is the steering.
          seed: deriveSeed(settings.seed, `sweep/${question}/${sample}`),
        }),
      ),
    )
  return [
    at(undefined, 0),
    ...layers.flatMap(layer => doses.flatMap(dose => [at(layer, dose), at(layer, -dose)])),
  ].flat()
}

/** How a rollout of the sweep is steered: at its layer, by its relative dose of the direction. */
function steeringOf({ layer, dose }: SteeredRollout, { direction, medianResponseNorms, engine }: SweepOptions) {
  if (layer === undefined) return []
  const { hiddenSize } = engine.model
  const vector = direction.subarray(layer * hiddenSize, (layer + 1) * hiddenSize)
  const coefficient = (dose * medianResponseNorms[layer]!) / norm(vector)
  return [{ mode: 'add', layer, vector, coefficient } as const]
}

export interface SweptAnswer extends SteeredRollout {
  readonly score: number | undefined
  readonly surprise: number | undefined
  /** Absent where the judge does not look at coherence. */
  readonly coherence?: number | undefined
}

/** @param answers of the plan; some of the unsteered ones have a score */
export function evaluateSweep(answers: readonly SweptAnswer[], plan: SweepPlan): SteeringSweep {
  const of = (layer: Layer | undefined, dose: number) =>
    answers.filter(answer => answer.layer === layer && answer.dose === dose)
  const unsteered = of(undefined, 0)
  const score = mean(scoresOf(unsteered))!
  const perplexity = perplexityOf(unsteered.map(({ surprise }) => surprise))!
  const layers = plan.layers.map((layer): SteeringEvidence => {
    const atDose = plan.doses.flatMap(dose => effectAt(of(layer, dose), of(layer, -dose), dose, perplexity, plan) ?? [])
    const bounded = atDose.filter(
      ({ perplexityRatio, coherence = 100 }) => perplexityRatio <= perplexityBound && coherence >= coherenceBound,
    )
    const best = bounded.reduce<SteeringAtDose | undefined>((a, b) => (a && a.effect >= b.effect ? a : b), undefined)
    if (!best) return { layer, atDose }
    const { dose, effect, low, high } = best
    return { layer, atDose, best: { dose, effect, low, high } }
  })
  const { doses, questions, samples } = plan
  const coherence = mean(coherencesOf(unsteered))
  return {
    doses,
    questions: questions.length,
    samples,
    perplexityBound,
    coherenceBound,
    unsteered: { score, perplexity, ...(coherence !== undefined && { coherence }) },
    layers,
  }
}

function effectAt(
  up: readonly SweptAnswer[],
  down: readonly SweptAnswer[],
  dose: number,
  unsteeredPerplexity: number,
  { questions, settings }: SweepPlan,
): SteeringAtDose | undefined {
  const byQuestion = (answers: readonly SweptAnswer[]) =>
    questions.map((_, question) => scoresOf(answers.filter(answer => answer.question === question)))
  const [ups, downs] = [byQuestion(up), byQuestion(down)]
  const statistic = (chosen: ArrayLike<number>) => {
    const numbers = Array.from(chosen)
    const [above, below] = [mean(numbers.flatMap(q => ups[q]!)), mean(numbers.flatMap(q => downs[q]!))]
    return above === undefined || below === undefined ? undefined : above - below
  }
  const effect = statistic(questions.map((_, question) => question))
  const perplexities = [up, down].map(answers => perplexityOf(answers.map(({ surprise }) => surprise)))
  if (effect === undefined || perplexities.some(value => value === undefined)) return undefined
  const coherences = [up, down].flatMap(answers => mean(coherencesOf(answers)) ?? [])
  const interval = bootstrapInterval({ clusters: questions.length, statistic, seed: settings.seed, resamples: 1000 })
  return {
    dose,
    effect,
    low: interval?.low ?? -100,
    high: interval?.high ?? 100,
    perplexityRatio: Math.max(...perplexities.map(value => value!)) / unsteeredPerplexity,
    ...(coherences.length > 0 && { coherence: Math.min(...coherences) }),
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function coherencesOf(answers: readonly SweptAnswer[]): number[] {
  return answers.flatMap(({ coherence }) => coherence ?? [])
}

function scoresOf(answers: readonly SweptAnswer[]): number[] {
  return answers.flatMap(({ score }) => (score === undefined ? [] : [score]))
}
