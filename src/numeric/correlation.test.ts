import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { pearson, ranks, spearman } from './correlation.ts'

interface Case {
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly pearson: number
  readonly spearman: number
  readonly ranksOfX: readonly number[]
}

describe('correlation', () => {
  test.each(readGolden<Case[]>('correlation').map((golden, i) => [i, golden] as const))(
    'is that of scipy, by value and by rank (case %i)',
    (_, golden) => {
      expectClose(pearson(golden.x, golden.y), golden.pearson, 1e-12)
      expectClose(pearson(Float64Array.from(golden.y), golden.x), golden.pearson, 1e-12)
      expectClose(spearman(golden.x, golden.y), golden.spearman, 1e-12)
      expect([...ranks(golden.x)]).toEqual(golden.ranksOfX)
    },
  )

  test('is exactly 1 or -1 on a line', () => {
    const x = [0.1, 0.2, 0.3, 0.7]
    expect(pearson(x, x)).toBe(1)
    expect(spearman(x, [4, 3, 2, 1])).toBe(-1)
    expect(Math.abs(pearson(x, [1.1, 2.1, 3.1, 7.1])!)).toBeLessThanOrEqual(1)
  })

  test('is undefined where a column does not vary, is too short or has a value that is no number', () => {
    const constant = new Array<number>(7).fill(0.1)
    const x = [1, 2, 3, 4, 5, 6, 7]
    expect(pearson(x, constant)).toBeUndefined()
    expect(spearman(constant, x)).toBeUndefined()
    // What differs in the last bit only is constant, too.
    expect(pearson([0.3, 0.1 + 0.2, 0.3, 0.3], [1, 2, 3, 4])).toBeUndefined()
    expect(pearson([1], [2])).toBeUndefined()
    expect(pearson([], [])).toBeUndefined()
    expect(pearson([1, 2, Number.NaN], [1, 2, 3])).toBeUndefined()
    expect(spearman([1, 2, Number.NaN], [1, 2, 3])).toBeUndefined()
  })

  test('refuses columns of different length', () => {
    expect(() => pearson([1, 2], [1, 2, 3])).toThrow('expected columns of one length, got 2 and 3')
  })
})
