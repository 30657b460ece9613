import { describe, expect, test } from 'vitest'
import { dot, norm } from '../numeric/vector-math.ts'
import { isProjectedAtRandom, randomArea, randomDirections } from './random-areas.ts'

describe('random directions beside a vector', () => {
  test('have length 1, point everywhere, and are the same each time', () => {
    const directions = randomDirections(3, 64)
    expect(directions).toHaveLength(200)
    for (const direction of directions) expect(norm(direction)).toBeCloseTo(1, 5)
    const pairs = directions.slice(1).map((direction, i) => dot(direction, directions[i]!))
    // The cosine of two random directions has the standard deviation 1/8 here.
    expect(Math.hypot(...pairs) / Math.sqrt(pairs.length)).toBeCloseTo(1 / 8, 1)
    expect(randomDirections(3, 64)[7]).toEqual(directions[7])
    expect(randomDirections(4, 64)[7]).not.toEqual(directions[7])
  })

  test('have a mean area and the range of 95 % of them', () => {
    // Direction 0 tells the sides apart, 1 does so the wrong way, 2 and 3 see no difference.
    const area = randomArea(
      [
        [1, -1, 0, 5],
        [2, -2, 0, 5],
      ],
      [
        [0, 0, 0, 5],
        [0, 0, 0, 5],
        [0, 0, 0, 5],
      ],
    )!
    expect(area).toMatchObject({ area: 0.5, positives: 2, negatives: 3 })
    expect(area.low).toBeCloseTo(0.0375, 9)
    expect(area.high).toBeCloseTo(0.9625, 9)
    expect(randomArea([[1]], [[0], [0]])).toBeUndefined()
    expect(randomArea([[], []], [[], []])).toBeUndefined()
  })

  test('are tried on every row of a small dataset and on about 5,000 of a large one', () => {
    const chosen = (rows: number) => Array.from({ length: rows }, (_, row) => isProjectedAtRandom(row, rows))
    expect(chosen(5000).every(Boolean)).toBe(true)
    const of = chosen(100_000).filter(Boolean).length
    expect(of).toBeGreaterThan(4700)
    expect(of).toBeLessThan(5300)
  })
})
