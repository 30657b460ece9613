/** Mean, variance and quantiles. */
import { finite, type Numbers } from './numbers.ts'

/**
 * The arithmetic mean, corrected by the mean of what is left over (two passes).
 * @returns undefined without values, or where one is not finite
 */
export function mean(values: Numbers): number | undefined {
  return finite(meanOf(values))
}

/**
 * The sample variance (divided by n - 1), by the corrected two-pass formula
 * (Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", eq. 1.7).
 * @returns undefined with fewer than two values, or where one is not finite
 */
export function variance(values: Numbers): number | undefined {
  if (values.length < 2) return undefined
  const center = meanOf(values)
  let squares = 0
  let rest = 0
  for (let i = 0; i < values.length; i++) {
    const deviation = values[i]! - center
    squares += deviation * deviation
    rest += deviation
  }
  return finite((squares - (rest * rest) / values.length) / (values.length - 1))
}

/** The sample standard deviation (n - 1). Undefined where `variance` is. */
export function standardDeviation(values: Numbers): number | undefined {
  const squared = variance(values)
  return squared === undefined ? undefined : Math.sqrt(squared)
}

/**
 * The p-quantile, linear between the two nearest order statistics (Hyndman and Fan 1996, type 7; numpy's default).
 * @param p in 0..1
 * @returns undefined without values, or where one is not a number
 */
export function quantile(values: Numbers, p: number): number | undefined {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`expected a quantile in 0..1, got ${p}`)
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0 || Number.isNaN(sorted[sorted.length - 1])) return undefined
  const position = p * (sorted.length - 1)
  const below = Math.floor(position)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  return low === high ? low : low + (high - low) * (position - below)
}

/** The mean, NaN without values: for use inside sums that end in `finite`. */
export function meanOf(values: Numbers): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  const first = sum / values.length
  let rest = 0
  for (let i = 0; i < values.length; i++) rest += values[i]! - first
  return first + rest / values.length
}
