/** How certain a share is that was counted. */
import { normalQuantile } from './distribution-quantiles.ts'

/**
 * The score interval of a proportion (Wilson 1927). It stays within 0..1 and has a width at 0 and at n, too.
 * @param successes 0..n
 * @param confidence in 0..1, default 0.95
 * @returns undefined where n is 0
 */
export function wilsonInterval(
  successes: number,
  n: number,
  confidence = 0.95,
): { readonly low: number; readonly high: number } | undefined {
  if (!(successes >= 0 && successes <= n)) throw new RangeError(`expected 0 to ${n} successes, got ${successes}`)
  if (n === 0) return undefined
  const z = normalQuantile((1 + confidence) / 2)
  const share = successes / n
  const center = share + (z * z) / (2 * n)
  const halfWidth = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
  const scale = 1 + (z * z) / n
  // At the ends the bound is exactly the end; rounding must not move it.
  const low = successes === 0 ? 0 : (center - halfWidth) / scale
  const high = successes === n ? 1 : (center + halfWidth) / scale
  return { low, high }
}
