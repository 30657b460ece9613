/** How far two scorers agree: on the order of pairs, on preferences, on labels. */
import type { Groups } from './group-means.ts'
import { type Numbers, requireSameLength } from './numbers.ts'

export interface PairwiseAgreement {
  /** The share of pairs that both order alike, ties of the scores counting half: 0..1, one half by chance. */
  readonly share: number
  /** Pairs in which the reference has a preference. */
  readonly pairs: number
}

/**
 * How often scores order two items as the reference does, over all pairs in which the reference differs. It is
 * (1 + d) / 2 of Somers' d of the scores given the reference (Somers 1962).
 * @param groups if given, only pairs within one group are compared, such as two answers to one question
 * @returns undefined where the reference has no preference
 */
export function pairwiseAgreement(scores: Numbers, reference: Numbers, groups?: Groups): PairwiseAgreement | undefined {
  requireSameLength(scores, reference, groups ?? reference)
  let pairs = 0
  let alike = 0
  for (let i = 1; i < scores.length; i++) {
    for (let j = 0; j < i; j++) {
      if (groups && groups[i] !== groups[j]) continue
      const preference = reference[i]! - reference[j]!
      if (preference === 0 || Number.isNaN(preference)) continue
      pairs++
      alike += credit(scores[i]! - scores[j]!, preference)
    }
  }
  return pairs === 0 ? undefined : { share: alike / pairs, pairs }
}

/**
 * How often scores prefer the item that a person preferred, pair by pair.
 * @param differences score of the first item minus score of the second, one for each pair
 * @param preferences above 0 where the first item was preferred, below 0 where the second was, 0 where neither
 * @returns undefined where there is no preference
 */
export function preferenceAgreement(differences: Numbers, preferences: Numbers): PairwiseAgreement | undefined {
  requireSameLength(differences, preferences)
  let pairs = 0
  let alike = 0
  for (let i = 0; i < differences.length; i++) {
    if (preferences[i] === 0 || Number.isNaN(preferences[i])) continue
    pairs++
    alike += credit(differences[i]!, preferences[i]!)
  }
  return pairs === 0 ? undefined : { share: alike / pairs, pairs }
}

/**
 * Cohen's kappa of two raters' labels: agreement beyond what their own frequencies give by chance (Cohen 1960).
 * @returns at most 1, 0 by chance; undefined without items, or where chance alone gives full agreement
 */
export function cohenKappa(first: ArrayLike<unknown>, second: ArrayLike<unknown>): number | undefined {
  requireSameLength(first, second)
  const n = first.length
  let equal = 0
  for (let i = 0; i < n; i++) if (first[i] === second[i]) equal++
  const [ofFirst, ofSecond] = [countLabels(first), countLabels(second)]
  let byChance = 0
  for (const [label, count] of ofFirst) byChance += count * (ofSecond.get(label) ?? 0)
  const beyond = n * n - byChance
  return beyond === 0 ? undefined : (n * equal - byChance) / beyond
}

/** 1 where the difference has the sign of the preference, one half where it is 0. */
function credit(difference: number, preference: number): number {
  if (difference === 0) return 0.5
  return Math.sign(difference) === Math.sign(preference) ? 1 : 0
}

function countLabels(labels: ArrayLike<unknown>): ReadonlyMap<unknown, number> {
  const counts = new Map<unknown, number>()
  for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1)
  return counts
}
