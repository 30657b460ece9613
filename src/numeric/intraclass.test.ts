import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { correctForUnreliability, icc1, icc2, type Reliability, spearmanBrown } from './intraclass.ts'

type ByKind<Value> = Readonly<Record<'icc1' | 'icc2', Readonly<Record<'single' | 'average', Value>>>>

const golden = readGolden<{
  readonly balanced: readonly {
    readonly ratings: readonly (readonly number[])[]
    readonly values: ByKind<number>
    readonly intervals: ByKind<readonly [number, number]>
  }[]
  readonly unequal: {
    readonly groups: readonly (readonly number[])[]
    readonly k0: number
    readonly single: number
    readonly average: number
  }
}>('intraclass')

function expectReliability(actual: Reliability, value: number, [low, high]: readonly [number, number]) {
  expectClose(actual.value, value)
  expectClose(actual.interval!.low, low)
  expectClose(actual.interval!.high, high)
}

describe('intraclass correlation', () => {
  test('is that of pingouin, one way and two ways, with its intervals', () => {
    for (const { ratings, values, intervals } of golden.balanced) {
      const found = { icc1: icc1(ratings)!, icc2: icc2(ratings)! }
      for (const kind of ['icc1', 'icc2'] as const) {
        expect(found[kind].ratingsPerTarget).toBe(ratings[0]!.length)
        for (const of of ['single', 'average'] as const)
          expectReliability(found[kind][of], values[kind][of], intervals[kind][of])
      }
    }
  })

  test('of the ratings Shrout and Fleiss printed is what they found', () => {
    const { ratings } = golden.balanced[0]!
    expect(icc1(ratings)!.single.value).toBeCloseTo(0.17, 2)
    expect(icc1(ratings)!.average.value).toBeCloseTo(0.44, 2)
    expect(icc2(ratings)!.single.value).toBeCloseTo(0.29, 2)
    expect(icc2(ratings)!.average.value).toBeCloseTo(0.62, 2)
  })

  test('of unequal numbers of ratings follows from the variance components, without an interval', () => {
    const { groups, k0, single, average } = golden.unequal
    const found = icc1([...groups, []])!
    expectClose(found.ratingsPerTarget, k0)
    expectClose(found.single.value, single)
    expectClose(found.average.value, average)
    expect(found.single.interval).toBeUndefined()
  })

  test('of perfect agreement is 1, with nothing around it', () => {
    const ratings = [
      [1, 1],
      [3, 3],
      [2, 2],
    ]
    for (const { single, average } of [icc1(ratings)!, icc2(ratings)!]) {
      expect(single).toEqual({ value: 1, interval: { low: 1, high: 1 } })
      expect(average.value).toBe(1)
    }
  })

  test('is undefined where nothing varies between targets, or there is too little', () => {
    const same = [
      [2, 2],
      [2, 2],
    ]
    expect([icc1(same), icc2(same), icc1([[1, 2]]), icc1([[1], [2]]), icc2([[1], [2]]), icc2([])]).toEqual(
      new Array(6).fill(undefined),
    )
    expect(() => icc2([[1, 2], [1]])).toThrow('expected 2 ratings of every target')
  })

  test('of the mean is what Spearman and Brown foresee from the single one', () => {
    for (const { ratings } of golden.balanced) {
      const { single, average, ratingsPerTarget } = icc1(ratings)!
      expectClose(spearmanBrown(single.value, ratingsPerTarget), average.value)
    }
    expect(spearmanBrown(0.5, 2)).toBeCloseTo(2 / 3, 14)
    expect(spearmanBrown(-0.5, 3)).toBeUndefined()
  })

  test('corrects a correlation for the noise of y', () => {
    expect(correctForUnreliability(0.6, 0.64)).toBeCloseTo(0.75, 14)
    expect(correctForUnreliability(0.6, 0)).toBeUndefined()
    expect(correctForUnreliability(0.6, -0.2)).toBeUndefined()
  })
})
