import { areaUnderCurve } from '../numeric/area-under-curve.ts'
import { ranks } from '../numeric/correlation.ts'
import { variance } from '../numeric/moments.ts'

export interface AreaEstimate {
  readonly area: number
  readonly low: number
  readonly high: number
  readonly positives: number
  readonly negatives: number
}

const z95 = 1.959963984540054

/**
 * The area under the ROC curve with its 95 % interval: the variance of DeLong, DeLong and Clarke-Pearson 1988, from
 * mid-ranks (Sun and Xu 2014), on the logit scale so that it stays within 0..1.
 * @returns undefined with fewer than two rows on a side, or where a value is not a number
 */
export function areaEstimate(positives: readonly number[], negatives: readonly number[]): AreaEstimate | undefined {
  const [m, n] = [positives.length, negatives.length]
  if (m < 2 || n < 2) return undefined
  const area = areaUnderCurve(positives, negatives)
  if (area === undefined) return undefined
  const together = ranks([...positives, ...negatives])
  const above = ranks(positives)
  const below = ranks(negatives)
  const shareBelow = above.map((rank, i) => (together[i]! - rank) / n)
  const shareAbove = below.map((rank, i) => 1 - (together[m + i]! - rank) / m)
  const spread = Math.sqrt(variance(shareBelow)! / m + variance(shareAbove)! / n)
  return { area, ...logitInterval(area, spread, Math.min(m, n)), positives: m, negatives: n }
}

function logitInterval(area: number, spread: number, fewer: number): { low: number; high: number } {
  // At an end the estimated spread is 0, which says nothing: the rule of three.
  if (area === 0) return { low: 0, high: Math.min(1, 3 / fewer) }
  if (area === 1) return { low: Math.max(0, 1 - 3 / fewer), high: 1 }
  const center = Math.log(area / (1 - area))
  const half = (z95 * spread) / (area * (1 - area))
  const back = (value: number) => 1 / (1 + Math.exp(-value))
  return { low: back(center - half), high: back(center + half) }
}
