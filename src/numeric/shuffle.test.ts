import { describe, expect, test } from 'vitest'
import { createRandom } from './random.ts'
import { shuffle } from './shuffle.ts'

describe('a shuffle', () => {
  test('gives every order equally often', () => {
    const random = createRandom(3)
    const counts = new Map<string, number>()
    for (let trial = 0; trial < 24_000; trial++) {
      const order = shuffle(['a', 'b', 'c', 'd'], random).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    expect(chiSquare).toBeLessThan(23 + 5 * Math.sqrt(46))
  })

  test('is the same for the same seed, and leaves the values as they were', () => {
    const values = Array.from({ length: 50 }, (_, i) => i)
    expect(shuffle(values, createRandom(9))).toEqual(shuffle(values, createRandom(9)))
    expect(shuffle(values, createRandom(9))).not.toEqual(shuffle(values, createRandom(10)))
    expect(values).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(shuffle(Float64Array.of(7), createRandom(1))).toEqual([7])
  })
})
