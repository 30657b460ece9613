import { describe, expect, test } from 'vitest'
import { createRandom } from '../numeric/random.ts'
import { areaEstimate } from './delong-interval.ts'

/** The definition itself: every positive against every negative. */
function bruteForce(positives: readonly number[], negatives: readonly number[]) {
  const wins = (a: number, b: number) => (a > b ? 1 : a === b ? 0.5 : 0)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1)
  const ofPositives = positives.map(a => mean(negatives.map(b => wins(a, b))))
  const ofNegatives = negatives.map(b => mean(positives.map(a => wins(a, b))))
  const area = mean(ofPositives)
  const spread = Math.sqrt(variance(ofPositives) / positives.length + variance(ofNegatives) / negatives.length)
  const half = (1.959963984540054 * spread) / (area * (1 - area))
  const center = Math.log(area / (1 - area))
  return { area, low: 1 / (1 + Math.exp(half - center)), high: 1 / (1 + Math.exp(-half - center)) }
}

describe('the interval of an area under the curve', () => {
  test('is that of the definition, with ties', () => {
    const random = createRandom(3)
    const draw = (count: number, shift: number) =>
      Array.from({ length: count }, () => Math.round(10 * (random.next() + random.next() + shift)))
    const [positives, negatives] = [draw(40, 0.3), draw(65, 0)]
    const expected = bruteForce(positives, negatives)
    const found = areaEstimate(positives, negatives)!
    for (const key of ['area', 'low', 'high'] as const) expect(found[key]).toBeCloseTo(expected[key], 12)
    expect(found).toMatchObject({ positives: 40, negatives: 65 })
  })

  test('does not pretend to be certain where everything is told apart', () => {
    expect(areaEstimate([3, 4, 5, 6], [1, 2])).toMatchObject({ area: 1, low: 0, high: 1 })
    const many = Array.from({ length: 300 }, (_, index) => index)
    expect(
      areaEstimate(
        many.map(value => value + 1000),
        many,
      )!.low,
    ).toBeCloseTo(0.99, 12)
  })

  test('needs two rows on each side', () => {
    expect(areaEstimate([1], [2, 3])).toBeUndefined()
    expect(areaEstimate([Number.NaN, 1], [2, 3])).toBeUndefined()
  })
})
