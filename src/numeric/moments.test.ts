import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { mean, quantile, standardDeviation, variance } from './moments.ts'

interface Case {
  readonly values: readonly number[]
  readonly mean: number
  readonly variance: number
  readonly deviation: number
  readonly quantiles: readonly (readonly [number, number])[]
}

describe('moments', () => {
  test.each(readGolden<Case[]>('moments').map((golden, i) => [i, golden] as const))(
    'are those of exact fractions (case %i)',
    (_, golden) => {
      const largest = Math.max(...golden.values.map(Math.abs))
      expect(Math.abs(mean(golden.values)! - golden.mean)).toBeLessThan(1e-16 * largest)
      expectClose(variance(golden.values), golden.variance, 1e-13)
      expectClose(standardDeviation(Float64Array.from(golden.values)), golden.deviation, 1e-13)
      for (const [p, value] of golden.quantiles) expectClose(quantile(golden.values, p), value, 1e-14)
    },
  )

  test('are right where the mean is no number that can be written', () => {
    // Near 1e15 numbers are eighths: the mean is off by a twenty-fourth.
    expect(variance([1e15, 1e15, 1e15 + 1])).toBeCloseTo(1 / 3, 14)
  })

  test('of a constant are the constant and no spread at all', () => {
    const values = new Array<number>(1000).fill(0.1)
    expect(mean(values)).toBe(0.1)
    expect(variance(values)).toBe(0)
  })

  test('are undefined where there are too few values, or one is not a number', () => {
    expect([mean([]), variance([1]), standardDeviation([1]), quantile([], 0.5)]).toEqual(new Array(4).fill(undefined))
    const broken = [1, Number.NaN, 3]
    expect([mean(broken), variance(broken), quantile(broken, 0)]).toEqual(new Array(3).fill(undefined))
  })

  test('leave the values as they were, and ask for a quantile there is', () => {
    const values = [3, 1, 2]
    expect(quantile(values, 0.5)).toBe(2)
    expect(values).toEqual([3, 1, 2])
    expect(() => quantile(values, 50)).toThrow('expected a quantile in 0..1, got 50')
  })
})
