import type { Score } from './judge.ts'

/** A token the judge might have said, as the server or the engine reports it. */
export interface CandidateToken {
  readonly text: string
  /** Natural logarithm of its probability. */
  readonly logprob: number
}

/** Of how many of the most probable tokens a score is made. */
export const candidateCount = 20

/** With less probability than this on the integers 0..100 an answer is unscored. */
export const leastMass = 0.25

const tooLittleMass = `under ${leastMass} of the judge's probability lay on the integers 0 to 100`

/**
 * The probability-weighted mean over the integers 0..100 among the tokens a judge might have said, normalised by
 * their mass (paper, section 2.1; the floor on the mass is ours). A token counts if, without the whitespace around
 * it, it is an integer 0..100 written the one usual way: ` 50` does, `050`, `+5`, `5.0`, `5%` and `101` do not.
 * Tokens that are the same integer add up.
 * @param candidates for a score as defined, the `candidateCount` most probable tokens
 */
export function scoreDistribution(candidates: readonly CandidateToken[]): Score {
  const probabilities = new Map<number, number>()
  for (const { text, logprob } of candidates) {
    const value = canonicalScore(text)
    const probability = Math.exp(Math.min(logprob, 0))
    if (value === undefined || !(probability > 0)) continue
    probabilities.set(value, (probabilities.get(value) ?? 0) + probability)
  }
  const sorted = [...probabilities].sort(([a], [b]) => a - b)
  const total = sorted.reduce((sum, [, probability]) => sum + probability, 0)
  const weighted = sorted.reduce((sum, [value, probability]) => sum + value * probability, 0)
  // Rounding may carry a sum of probabilities a hair above one.
  const mass = Math.min(total, 1)
  const distribution = Object.fromEntries(sorted)
  if (mass < leastMass) return { status: 'unscored', reason: tooLittleMass, mass, distribution }
  const value = Math.min(weighted / total, 100)
  return { status: 'scored', value, method: 'log-probabilities', mass, distribution }
}

/** The most probable tokens, as many as a score is made of; some servers give more. */
export function mostProbable(candidates: readonly CandidateToken[]): CandidateToken[] {
  return candidates.toSorted((a, b) => b.logprob - a.logprob).slice(0, candidateCount)
}

/** An integer 0..100 written the one usual way, whitespace around it aside. */
export function canonicalScore(text: string): number | undefined {
  const trimmed = text.trim()
  return /^(?:0|[1-9][0-9]?|100)$/.test(trimmed) ? Number(trimmed) : undefined
}
