/** Random directions beside a vector, where rows carry labels: what a direction without meaning reaches. */
import { areaUnderCurve } from '../numeric/area-under-curve.ts'
import { meanOf, quantile } from '../numeric/moments.ts'
import { createRandom, deriveSeed } from '../numeric/random.ts'
import { randomDirection } from '../numeric/random-direction.ts'
import type { AreaEstimate } from './delong-interval.ts'

/** How many random directions stand beside a vector where rows carry labels. */
export const randomDirectionCount = 200

/** About so many rows of a dataset are projected on them: enough for a band, and no burden on large ones. */
const projectedRows = 5000

/** Whether a row of a dataset of so many is among those projected on random directions; the same each time. */
export function isProjectedAtRandom(row: number, rows: number): boolean {
  return deriveSeed(1, `screening/random rows/${row}`) / 2 ** 32 < projectedRows / rows
}

/** Directions of length 1, the same for every vector at a layer of this width: [200] of [size]. */
export function randomDirections(layer: number, size: number): Float32Array[] {
  const random = createRandom(deriveSeed(1, `screening/random directions/${layer}`))
  return Array.from({ length: randomDirectionCount }, () => randomDirection(size, random))
}

/**
 * The areas under the ROC curve of random directions: their mean, and the range that holds 95 % of them. A control: a
 * direction that means nothing reaches this. They have no sign of their own, so the range lies on both sides of 0.5.
 * @param positives the projections of each row on every direction
 * @returns undefined with fewer than two rows on a side, or without directions
 */
export function randomArea(
  positives: readonly (readonly number[])[],
  negatives: readonly (readonly number[])[],
): AreaEstimate | undefined {
  if (positives.length < 2 || negatives.length < 2) return undefined
  const areas = positives[0]!.flatMap((_, direction) => {
    const of = (rows: readonly (readonly number[])[]) => rows.map(row => row[direction]!)
    return areaUnderCurve(of(positives), of(negatives)) ?? []
  })
  if (areas.length === 0) return undefined
  return {
    area: meanOf(areas),
    low: quantile(areas, 0.025)!,
    high: quantile(areas, 0.975)!,
    positives: positives.length,
    negatives: negatives.length,
  }
}
