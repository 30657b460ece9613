import { describe, expect, test } from 'vitest'
import { shuffledArea } from './shuffled-labels.ts'

describe('the area under the curve of shuffled labels', () => {
  test('lies about a half, as widely as Mann and Whitney say, however well the values tell rows apart', () => {
    const positives = Array.from({ length: 30 }, (_, index) => 1000 + index)
    const negatives = Array.from({ length: 50 }, (_, index) => index)
    const { area, low, high } = shuffledArea(positives, negatives)!
    const half = 1.959963984540054 * Math.sqrt((30 + 50 + 1) / (12 * 30 * 50))
    expect(Math.abs(area - 0.5)).toBeLessThan(0.01)
    expect(Math.abs(low - (0.5 - half))).toBeLessThan(0.02)
    expect(Math.abs(high - (0.5 + half))).toBeLessThan(0.02)
  })

  test('is the same each time, and a half where all values are equal', () => {
    expect(shuffledArea([1, 5, 2], [4, 3, 0])).toEqual(shuffledArea([1, 5, 2], [4, 3, 0]))
    expect(shuffledArea([7, 7, 7], [7, 7])).toEqual({ area: 0.5, low: 0.5, high: 0.5, positives: 3, negatives: 2 })
  })

  test('needs two rows on each side, and numbers', () => {
    expect(shuffledArea([1], [2, 3])).toBeUndefined()
    expect(shuffledArea([Number.NaN, 1], [2, 3])).toBeUndefined()
  })
})
