import { ranks } from '../numeric/correlation.ts'
import { meanOf, quantile } from '../numeric/moments.ts'
import { createRandom } from '../numeric/random.ts'
import type { AreaEstimate } from './delong-interval.ts'

const shuffles = 500
const seed = 1

/**
 * The area under the ROC curve that the same values get when labels are dealt out at random: its mean, and the range
 * that holds 95 % of 500 shuffles. A control: an area within this range is chance. Equal values give equal ranges.
 * @returns undefined with fewer than two rows on a side, or where a value is not a number
 */
export function shuffledArea(positives: readonly number[], negatives: readonly number[]): AreaEstimate | undefined {
  const [m, n] = [positives.length, negatives.length]
  const values = positives.concat(negatives)
  if (m < 2 || n < 2 || values.some(Number.isNaN)) return undefined
  const order = ranks(values)
  const random = createRandom(seed)
  const areas = Array.from(
    { length: shuffles },
    () => (drawnRankSum(order, m, random.next) - (m * (m + 1)) / 2) / m / n,
  )
  return {
    area: meanOf(areas),
    low: quantile(areas, 0.025)!,
    high: quantile(areas, 0.975)!,
    positives: m,
    negatives: n,
  }
}

/** The sum of `count` of the values, drawn without putting back; they are moved to the front. */
function drawnRankSum(values: Float64Array, count: number, next: () => number): number {
  let sum = 0
  for (let at = 0; at < count; at++) {
    const drawn = at + Math.floor(next() * (values.length - at))
    const value = values[drawn]!
    values[drawn] = values[at]!
    values[at] = value
    sum += value
  }
  return sum
}
