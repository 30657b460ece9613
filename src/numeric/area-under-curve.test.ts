import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { areaUnderCurve } from './area-under-curve.ts'

interface Case {
  readonly positives: readonly number[]
  readonly negatives: readonly number[]
  readonly area: number
}

describe('the area under the curve', () => {
  test('is that of scikit-learn, ties included', () => {
    for (const { positives, negatives, area } of readGolden<Case[]>('area-under-curve')) {
      expectClose(areaUnderCurve(positives, negatives), area, 1e-14)
      expectClose(areaUnderCurve(Float64Array.from(negatives), positives), 1 - area, 1e-14)
    }
  })

  test('is 1 when every positive lies above every negative, and one half when all are equal', () => {
    expect(areaUnderCurve([3, 4], [1, 2])).toBe(1)
    expect(areaUnderCurve([1, 2], [3, 4])).toBe(0)
    expect(areaUnderCurve([5, 5], [5, 5, 5])).toBe(0.5)
  })

  test('is undefined without a side, or with a value that is no number', () => {
    expect(areaUnderCurve([], [1])).toBeUndefined()
    expect(areaUnderCurve([1], [])).toBeUndefined()
    expect(areaUnderCurve([1], [Number.NaN])).toBeUndefined()
  })
})
