/** Reliability of ratings: intraclass correlations, and what they say of other numbers of ratings. */
import { fQuantile } from './distribution-quantiles.ts'
import { meanOf } from './moments.ts'
import { finite, type Numbers } from './numbers.ts'

/** A reliability with its 95 % confidence interval, where there is an exact one. */
export interface Reliability {
  readonly value: number
  readonly interval: { readonly low: number; readonly high: number } | undefined
}

export interface IntraclassCorrelation {
  /** Reliability of one rating. */
  readonly single: Reliability
  /** Reliability of the mean of `ratingsPerTarget` ratings. */
  readonly average: Reliability
  /** Ratings of a target; for unequal numbers, the k0 of the variance components. */
  readonly ratingsPerTarget: number
}

const tail = 0.025

/**
 * ICC(1,1) and ICC(1,k): one-way random effects, each target rated by raters (or samples) of its own. Shrout and Fleiss
 * 1979, case 1; for unequal numbers of ratings k is k0 = (N - sum of squared sizes / N) / (n - 1) (Searle, Casella and
 * McCulloch 1992, 3.6), without an interval.
 * @param groups the ratings of each target; targets without ratings are left out
 * @returns values may be negative; undefined with fewer than two targets, without a target rated twice, or where
 * nothing varies between targets
 */
export function icc1(groups: readonly Numbers[]): IntraclassCorrelation | undefined {
  const targets = groups.filter(group => group.length > 0)
  const sizes = targets.map(target => target.length)
  const total = sum(sizes)
  const between = targets.length - 1
  const within = total - targets.length
  if (between < 1 || within < 1) return undefined
  const grandMean = meanOf(targets.flatMap(target => Array.from(target)))
  const means = targets.map(meanOf)
  const msBetween = sum(means.map((mean, i) => sizes[i]! * (mean - grandMean) ** 2)) / between
  const msWithin = sum(targets.map((target, i) => squaresAround(target, means[i]!))) / within
  const k = (total - sum(sizes.map(size => size * size)) / total) / between

  // With q = 1 these are the estimates; with q a quantile of F, the bounds.
  const single = (q: number) => (msBetween - q * msWithin) / (msBetween + (k - 1) * q * msWithin)
  const average = (q: number) => 1 - (q * msWithin) / msBetween
  const balanced = sizes.every(size => size === sizes[0])
  const bounds = balanced ? bothQuantiles(between, within) : undefined
  return intraclass(single, average, bounds, k)
}

/**
 * ICC(2,1) and ICC(2,k): two-way random effects, absolute agreement; every target is rated by the same k raters.
 * Shrout and Fleiss 1979, case 2; interval of McGraw and Wong 1996, table 7.
 * @param ratings one row per target, one column per rater; RangeError where rows differ in length
 * @returns values may be negative; undefined with fewer than two targets or raters, or where targets do not differ and
 * raters do not either
 */
export function icc2(ratings: readonly Numbers[]): IntraclassCorrelation | undefined {
  const n = ratings.length
  const k = ratings[0]?.length ?? 0
  if (ratings.some(row => row.length !== k)) throw new RangeError(`expected ${k} ratings of every target`)
  if (n < 2 || k < 2) return undefined
  const rowMeans = ratings.map(meanOf)
  const columnMeans = Array.from({ length: k }, (_, rater) => meanOf(ratings.map(row => row[rater]!)))
  const grandMean = meanOf(rowMeans)
  const msTargets = (k * squaresAround(rowMeans, grandMean)) / (n - 1)
  const msRaters = (n * squaresAround(columnMeans, grandMean)) / (k - 1)
  const errors = ratings.flatMap((row, i) =>
    Array.from(row, (rating, rater) => rating - rowMeans[i]! - columnMeans[rater]! + grandMean),
  )
  const freedom = (n - 1) * (k - 1)
  const msError = squaresAround(errors, 0) / freedom

  const single = (q: number) => {
    const others = k * msRaters + (k * n - k - n) * msError
    return (n * (msTargets - q * msError)) / (q * others + n * msTargets)
  }
  const average = (q: number) => {
    const one = single(q)
    return (one * k) / (1 + one * (k - 1))
  }
  const estimate = single(1)
  const ratersPart = k * estimate * msRaters
  const errorPart = (n * (1 + (k - 1) * estimate) - k * estimate) * msError
  const noise = (n - 1) * ratersPart ** 2 + errorPart ** 2
  const freedomOfNoise = (freedom * (ratersPart + errorPart) ** 2) / noise
  const bounds = freedomOfNoise > 0 ? bothQuantiles(n - 1, freedomOfNoise) : undefined
  // Without any noise the estimates do not depend on the quantile.
  return intraclass(single, average, noise === 0 ? [1, 1] : bounds, k)
}

/**
 * The reliability of the mean of `factor` times as many ratings (Spearman 1910; Brown 1910).
 * @param reliability of one rating (or one unit of length)
 * @returns undefined where the formula has no finite value
 */
export function spearmanBrown(reliability: number, factor: number): number | undefined {
  return finite((factor * reliability) / (1 + (factor - 1) * reliability))
}

/**
 * The correlation with what y would be without noise (Spearman 1904, correction for attenuation, one side).
 * @param reliability of y, above 0
 * @returns may exceed 1 in size, as estimates do; undefined where the reliability is not above 0
 */
export function correctForUnreliability(correlation: number, reliability: number): number | undefined {
  return reliability > 0 ? finite(correlation / Math.sqrt(reliability)) : undefined
}

/** Estimates at 1, bounds at the larger and the smaller quantile; undefined where the estimates are. */
function intraclass(
  single: (q: number) => number,
  average: (q: number) => number,
  bounds: readonly [number, number] | undefined,
  ratingsPerTarget: number,
): IntraclassCorrelation | undefined {
  const reliability = (at: (q: number) => number): Reliability | undefined => {
    const value = finite(at(1))
    if (value === undefined) return undefined
    const [low, high] = bounds ? [finite(at(bounds[0])), finite(at(bounds[1]))] : []
    return { value, interval: low === undefined || high === undefined ? undefined : { low, high } }
  }
  const [one, all] = [reliability(single), reliability(average)]
  return one && all ? { single: one, average: all, ratingsPerTarget } : undefined
}

/** The upper and the lower quantile of F. */
function bothQuantiles(above: number, below: number): readonly [number, number] {
  return [fQuantile(1 - tail, above, below), 1 / fQuantile(1 - tail, below, above)]
}

function squaresAround(values: Numbers, center: number): number {
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i]! - center) ** 2
  return squares
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
