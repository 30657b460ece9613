import { type PairwiseAgreement, pairwiseAgreement } from '../numeric/agreement.ts'
import { pearson, spearman } from '../numeric/correlation.ts'
import type { Groups } from '../numeric/group-means.ts'
import type { Score } from './judge.ts'

/** How far two judges agree on the same answers. */
export interface JudgeAgreement {
  /** Answers that both scored: all numbers below are of these. */
  readonly compared: number
  /** Answers that one of the judges left unscored, or both. */
  readonly unscored: number
  /** Undefined with fewer than two answers, or where a judge gives all the same score. */
  readonly pearson: number | undefined
  readonly spearman: number | undefined
  /** Undefined where the second judge prefers none. */
  readonly pairwise: PairwiseAgreement | undefined
  /** Mean of first minus second, in points. */
  readonly meanDifference: number | undefined
  readonly meanAbsoluteDifference: number | undefined
}

/**
 * Compares two judges' scores of the same answers, in the same order. A person who rates counts as a judge too.
 * @param second the reference: pairs that it scores alike say nothing of the first
 * @param groups if given, only answers of one group, such as those to one question, are compared as pairs
 */
export function judgeAgreement(first: readonly Score[], second: readonly Score[], groups?: Groups): JudgeAgreement {
  if (first.length !== second.length) throw new RangeError(`${first.length} and ${second.length} scores`)
  const both = [...first.keys()].flatMap(index => {
    const [a, b] = [first[index]!, second[index]!]
    return a.status === 'scored' && b.status === 'scored' ? [{ index, a: a.value, b: b.value }] : []
  })
  const [x, y] = [both.map(({ a }) => a), both.map(({ b }) => b)]
  const own = groups && both.map(({ index }) => groups[index]!)
  return {
    compared: both.length,
    unscored: first.length - both.length,
    pearson: pearson(x, y),
    spearman: spearman(x, y),
    pairwise: pairwiseAgreement(x, y, own),
    meanDifference: mean(both.map(({ a, b }) => a - b)),
    meanAbsoluteDifference: mean(both.map(({ a, b }) => Math.abs(a - b))),
  }
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}
