import type { Layer } from '../engine/contract/layer.ts'
import { deriveSeed } from '../numeric/random.ts'
import type { PlannedRollout } from '../rollout/plan-rollouts.ts'
import type { Trait } from '../trait/trait.ts'

export interface ShiftSettings {
  /** How often each question is asked. */
  readonly samples: number
  /** The most tokens of an answer. */
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
}

/** A direction of the base model that answers are projected on. */
export interface ShiftDirection {
  readonly layer: Layer
  /** [d] */
  readonly direction: Float32Array
}

/** One evaluation question asked once, without a system prompt. */
export interface ShiftRollout extends PlannedRollout {
  readonly question: number
  readonly sample: number
}

/** Every evaluation question x n samples, with the same draws for every model. */
export function planShift(
  { name, evaluationQuestions }: Pick<Trait, 'name' | 'evaluationQuestions'>,
  { samples, seed }: Pick<ShiftSettings, 'samples' | 'seed'>,
): ShiftRollout[] {
  return evaluationQuestions.flatMap((questionText, question) =>
    Array.from({ length: samples }, (_, sample) => ({
      question,
      sample,
      questionText,
      seed: deriveSeed(seed, `shift/${name}/${question}/${sample}`),
    })),
  )
}
