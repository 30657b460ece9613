import { deriveSeed } from '../numeric/random.ts'
import type { Trait } from '../trait/trait.ts'

export type Side = 'positive' | 'negative'

/** One question asked once. */
export interface PlannedRollout {
  /** Absent: asked without a system prompt. */
  readonly systemPrompt?: string
  readonly questionText: string
  readonly seed: number
}

/** One question asked once under one contrastive system prompt. */
export interface ContrastiveRollout extends PlannedRollout {
  readonly pair: number
  readonly side: Side
  readonly question: number
  readonly sample: number
  readonly systemPrompt: string
}

export interface RolloutSettings {
  /** How often each question is asked under each prompt. */
  readonly samples: number
  /** The most tokens of an answer. */
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
}

/**
 * Every system prompt x every extraction question x n samples, p+ and p- (paper, section 2.2). Rollouts under one
 * prompt are neighbours, so that the prompt is read once. Each has a seed of its own that depends on what it is, not
 * on its place.
 */
export function planRollouts(trait: Trait, { samples, seed }: RolloutSettings): ContrastiveRollout[] {
  const rollouts: ContrastiveRollout[] = []
  for (const [pair, prompts] of trait.contrastivePrompts.entries()) {
    for (const side of ['positive', 'negative'] as const) {
      for (const [question, questionText] of trait.extractionQuestions.entries()) {
        for (let sample = 0; sample < samples; sample++) {
          const name = `${pair}/${side}/${question}/${sample}`
          rollouts.push({
            pair,
            side,
            question,
            sample,
            systemPrompt: prompts[side],
            questionText,
            seed: deriveSeed(seed, name),
          })
        }
      }
    }
  }
  return rollouts
}
