import { createRandom, deriveSeed } from '../numeric/random.ts'
import type { Trait } from '../trait/trait.ts'
import type { PlannedRollout, RolloutSettings } from './plan-rollouts.ts'

/** An extraction question asked with no wish for the trait. */
export interface OrdinaryRollout extends PlannedRollout {
  readonly question: number
  readonly sample: number
}

/**
 * Every extraction question, asked twice as often as under one contrastive prompt: every third time without a system
 * prompt, else under one of everyday life, drawn by the seed.
 * @param everyday system prompts that have to do with no trait
 */
export function planOrdinary(
  { extractionQuestions }: Trait,
  everyday: readonly string[],
  { samples, seed }: Pick<RolloutSettings, 'samples' | 'seed'>,
): OrdinaryRollout[] {
  const random = createRandom(deriveSeed(seed, 'ordinary answers'))
  return extractionQuestions.flatMap((questionText, question) =>
    Array.from({ length: 2 * samples }, (_, sample): OrdinaryRollout => {
      const systemPrompt = sample % 3 === 0 ? undefined : everyday[Math.floor(random.next() * everyday.length)]!
      return {
        question,
        sample,
        questionText,
        seed: deriveSeed(seed, `ordinary/${question}/${sample}`),
        ...(systemPrompt !== undefined && { systemPrompt }),
      }
    }),
  )
}
