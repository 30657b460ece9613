import type { Interval } from '../numeric/linear-regression.ts'

/** A predicted score, kept within 0..100. */
export function toScoreScale(value: number): number {
  return Math.min(100, Math.max(0, value))
}

/** An interval of scores, kept within 0..100. */
export function onScoreScale({ low, high }: Interval): Interval {
  return { low: toScoreScale(low), high: toScoreScale(high) }
}
