import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { conformalByBins, conformalHalfWidth, halfWidthAt } from './conformal.ts'
import { createRandom } from './random.ts'

const golden = readGolden<{
  readonly residuals: readonly number[]
  readonly predicted: readonly number[]
  readonly widths: readonly (readonly [number, number])[]
  readonly edges: readonly number[]
  readonly byBin: readonly number[]
}>('conformal')

describe('the conformal half width', () => {
  test('is the order statistic that exact fractions give', () => {
    for (const [confidence, width] of golden.widths)
      expect(conformalHalfWidth(golden.residuals, confidence)).toBe(width)
  })

  test('takes the nineteenth of nineteen at 95 per cent, and has none with eighteen', () => {
    const residuals = Array.from({ length: 19 }, (_, i) => (i % 2 ? i + 1 : -i - 1))
    expect(conformalHalfWidth(residuals, 0.95)).toBe(19)
    // 100 * 0.55 is a little more than 55 in floating point.
    expect(
      conformalHalfWidth(
        Array.from({ length: 99 }, (_, i) => i + 1),
        0.55,
      ),
    ).toBe(55)
    expect(conformalHalfWidth(residuals.slice(0, 18), 0.95)).toBeUndefined()
    expect(conformalHalfWidth([], 0.5)).toBeUndefined()
    expect(conformalHalfWidth([1, Number.NaN, 2], 0.5)).toBeUndefined()
    expect(() => conformalHalfWidth([1], 95)).toThrow('expected a confidence in 0..1, got 95')
  })

  test('holds for new observations as often as it says, and hardly more often', () => {
    const random = createRandom(8)
    const residual = () => (random.next() - 0.5) ** 3
    const trials = 4000
    let held = 0
    for (let trial = 0; trial < trials; trial++) {
      const width = conformalHalfWidth(Array.from({ length: 29 }, residual), 0.8)!
      if (Math.abs(residual()) <= width) held++
    }
    // 24 of 30 places are within.
    expect(Math.abs(held / trials - 0.8)).toBeLessThan(4 * Math.sqrt((0.8 * 0.2) / trials))
  })
})

describe('conformal half widths by bins', () => {
  test('are those of numpy', () => {
    const found = conformalByBins(golden.predicted, golden.residuals, { bins: 4, confidence: 0.8 })!
    expectClose(found.edges, golden.edges)
    expect(found.halfWidths).toEqual(golden.byBin)
  })

  test('are wide where errors are, and found again by the predicted value', () => {
    const predicted = Array.from({ length: 100 }, (_, i) => i)
    const residuals = predicted.map(value => (value < 50 ? 1 : 10) * (value % 2 ? 1 : -1))
    const found = conformalByBins(predicted, residuals, { bins: 2, confidence: 0.9 })!
    expect([-5, 0, 49, 50, 1000].map(value => halfWidthAt(found, value))).toEqual([1, 1, 1, 10, 10])
    expect(halfWidthAt(JSON.parse(JSON.stringify(found)), 70)).toBe(10)
  })

  test('are missing in a bin with too few rows, and altogether without rows', () => {
    const found = conformalByBins([1, 2, 3, 4], [1, 1, 1, 1], { bins: 2, confidence: 0.9 })!
    expect(halfWidthAt(found, 1)).toBeUndefined()
    expect(conformalByBins([], [], { bins: 2, confidence: 0.9 })).toBeUndefined()
  })
})
