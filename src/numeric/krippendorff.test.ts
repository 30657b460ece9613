import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { krippendorffAlpha, type MeasurementLevel } from './krippendorff.ts'

const levels: readonly MeasurementLevel[] = ['nominal', 'ordinal', 'interval']

const golden = readGolden<
  (Readonly<Record<MeasurementLevel, number>> & { readonly ratings: readonly (readonly (number | null)[])[] })[]
>('krippendorff-alpha').map(({ ratings, ...alphas }) => ({
  ratings: ratings.map(row => row.map(value => value ?? undefined)),
  alphas,
}))

describe("Krippendorff's alpha", () => {
  test.each(levels)('is that of the krippendorff package for %s ratings', level => {
    for (const { ratings, alphas } of golden) expectClose(krippendorffAlpha(ratings, level), alphas[level], 1e-12)
  })

  test('is what Krippendorff printed for his example', () => {
    const { ratings } = golden[0]!
    expect(krippendorffAlpha(ratings, 'nominal')).toBeCloseTo(0.743, 3)
    expect(krippendorffAlpha(ratings, 'ordinal')).toBeCloseTo(0.815, 3)
    expect(krippendorffAlpha(ratings, 'interval')).toBeCloseTo(0.849, 3)
  })

  test('is 1 where all agree, and undefined where nothing varies or nothing is rated twice', () => {
    const agreed = [
      [0.1, 0.1, undefined],
      [0.7, undefined, 0.7],
    ]
    for (const level of levels) {
      expect(krippendorffAlpha(agreed, level)).toBe(1)
      expect(
        krippendorffAlpha(
          Array.from({ length: 9 }, () => [0.1, 0.1]),
          level,
        ),
      ).toBeUndefined()
      expect(krippendorffAlpha([[1, undefined], [2]], level)).toBeUndefined()
      expect(krippendorffAlpha([], level)).toBeUndefined()
    }
  })
})
