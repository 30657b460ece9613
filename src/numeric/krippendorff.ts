/** Agreement of any number of raters with missing ratings. */
import { ranks } from './correlation.ts'
import { meanOf } from './moments.ts'
import type { Numbers } from './numbers.ts'

/** What the values of a rating mean: names, an order, or distances. */
export type MeasurementLevel = 'nominal' | 'ordinal' | 'interval'

/**
 * Krippendorff's alpha: agreement of any number of raters with missing ratings, 1 when perfect, 0 by chance
 * (Krippendorff 2011, "Computing Krippendorff's alpha-reliability"). The ordinal distance of two values is that of
 * their mid-ranks, the sum over frequencies of Krippendorff's formula.
 * @param ratings one row per item, one column per rater, undefined where a rating is missing; items with fewer than two
 * ratings do not count. Values of nominal ratings are numbers that stand for names
 * @returns undefined where no item has two ratings, or all ratings are the same
 */
export function krippendorffAlpha(
  ratings: readonly (readonly (number | undefined)[])[],
  level: MeasurementLevel,
): number | undefined {
  const items = ratings.map(row => row.filter(value => value !== undefined)).filter(row => row.length >= 2)
  const all = items.flat()
  const places = level === 'ordinal' ? ranks(all) : Float64Array.from(all)
  const differences = level === 'nominal' ? unequalPairs : squaredDifferences
  let within = 0
  let from = 0
  for (const item of items) {
    within += differences(places.subarray(from, from + item.length)) / (item.length - 1)
    from += item.length
  }
  const between = differences(places) / (all.length - 1)
  return between > 0 ? 1 - within / between : undefined
}

/** The sum of (a - b)^2 over all ordered pairs. */
function squaredDifferences(values: Numbers): number {
  const center = meanOf(values)
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i]! - center) ** 2
  return 2 * values.length * squares
}

/** The number of ordered pairs that differ. */
function unequalPairs(values: Numbers): number {
  const counts = new Map<number, number>()
  for (let i = 0; i < values.length; i++) counts.set(values[i]!, (counts.get(values[i]!) ?? 0) + 1)
  let equal = 0
  for (const count of counts.values()) equal += count * count
  return values.length ** 2 - equal
}
