import { describe, expect, test } from 'vitest'
import { readGolden } from '../../test/statistics/read-golden.ts'
import { pearson } from './correlation.ts'
import { permutationP } from './permutation.ts'
import { createRandom } from './random.ts'
import { shuffle } from './shuffle.ts'

const golden = readGolden<{
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly observed: number
  readonly exactP: number
}>('permutation')

describe('the permutation test', () => {
  test('comes close to the share of all rearrangements', () => {
    const { x, y, exactP } = golden
    const permutations = 20_000
    const permuted = (random: Parameters<typeof shuffle>[1]) => pearson(x, shuffle(y, random))
    const p = permutationP({ observed: pearson(x, y)!, permuted, permutations, seed: 4 })!
    const deviation = Math.sqrt((exactP * (1 - exactP)) / permutations)
    expect(Math.abs(p - exactP)).toBeLessThan(4 * deviation)
  })

  test('counts the data as one rearrangement, both sides, and ties as at least as far', () => {
    const values = [0.1, -0.5, 0.5, 0.7, -0.9, 0.2, 0.49, undefined]
    let next = 0
    const permuted = () => values[next++]
    // -0.5, 0.5, 0.7, -0.9, the one without a value, and the data.
    expect(permutationP({ observed: -0.5, permuted, permutations: values.length, seed: 1 })).toBe(6 / 9)
  })

  test('is never 0, and undefined without an observed value', () => {
    const options = { permuted: () => 0, permutations: 99, seed: 1 }
    expect(permutationP({ observed: 5, ...options })).toBe(0.01)
    expect(permutationP({ observed: Number.NaN, ...options })).toBeUndefined()
  })

  test('finds p below 0.1 in about a tenth of the cases where nothing is there', () => {
    const random = createRandom(21)
    const trials = 500
    let below = 0
    for (let trial = 0; trial < trials; trial++) {
      const x = Array.from({ length: 12 }, () => random.next())
      const y = Array.from({ length: 12 }, () => random.next())
      const permuted = (own: typeof random) => pearson(x, shuffle(y, own))
      if (permutationP({ observed: pearson(x, y)!, permuted, permutations: 99, seed: trial })! <= 0.1) below++
    }
    expect(Math.abs(below / trials - 0.1)).toBeLessThan(4 * Math.sqrt((0.1 * 0.9) / trials))
  })
})
