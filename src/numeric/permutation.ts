/** P-values from rearranged data. */
import { createRandom, type Random } from './random.ts'

export interface PermutationOptions {
  /** The statistic of the data as they are; it is about 0 where nothing is there. */
  readonly observed: number
  /** The statistic after one random rearrangement under which nothing is there, see `shuffle`. */
  readonly permuted: (random: Random) => number | undefined
  /** Default 2000. */
  readonly permutations?: number
  readonly seed: number
}

/**
 * The two-sided p-value of a permutation test: the share of rearrangements whose statistic is at least as far from 0 as
 * the observed one, which counts as one of them, so that p is never 0 (Phipson and Smyth 2010). A rearrangement without
 * a statistic counts as at least as far.
 * @returns 1 / (permutations + 1) .. 1; undefined where the observed statistic is not a number
 */
export function permutationP(options: PermutationOptions): number | undefined {
  const { observed, permuted, permutations = 2000, seed } = options
  if (Number.isNaN(observed)) return undefined
  const random = createRandom(seed)
  // Rearrangements that give the same value again must not count as smaller for the last bit's sake.
  const threshold = Math.abs(observed) * (1 - 1e-12)
  let asFar = 1
  for (let permutation = 0; permutation < permutations; permutation++) {
    const value = permuted(random)
    if (value === undefined || !(Math.abs(value) < threshold)) asFar++
  }
  return asFar / (permutations + 1)
}
