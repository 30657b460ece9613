import { describe, expect, test } from 'vitest'
import type { Score } from './judge.ts'
import { judgeAgreement } from './judge-agreement.ts'

const score = (value: number | undefined): Score =>
  value === undefined ? { status: 'unscored', reason: 'none' } : { status: 'scored', value, method: 'parsed' }
const scores = (...values: (number | undefined)[]) => values.map(score)

describe('the agreement of two judges', () => {
  test('is what it is by hand', () => {
    const agreement = judgeAgreement(scores(10, 20, 30, 50), scores(20, 10, 40, 60))
    expect(agreement).toMatchObject({ compared: 4, unscored: 0, meanDifference: -5, meanAbsoluteDifference: 10 })
    // Deviations -17.5 -7.5 2.5 22.5 and -12.5 -22.5 7.5 27.5: 1025 / sqrt(875 * 1475)
    expect(agreement.pearson).toBeCloseTo(1025 / Math.sqrt(875 * 1475), 12)
    // Ranks 1 2 3 4 and 2 1 3 4: 1 - 6 * 2 / (4 * 15)
    expect(agreement.spearman).toBeCloseTo(0.8, 12)
    // One of six pairs is ordered otherwise.
    expect(agreement.pairwise).toEqual({ share: 5 / 6, pairs: 6 })
  })

  test('counts only answers that both scored', () => {
    const agreement = judgeAgreement(scores(10, undefined, 30, 40), scores(10, 20, undefined, 40))
    expect(agreement).toMatchObject({ compared: 2, unscored: 2, meanAbsoluteDifference: 0 })
  })

  test('compares pairs within groups where groups are given, also beside unscored answers', () => {
    const first = scores(10, undefined, 30, 40, 20)
    const second = scores(10, 50, 20, 30, 60)
    const { pairwise } = judgeAgreement(first, second, ['a', 'a', 'a', 'b', 'b'])
    expect(pairwise).toEqual({ share: 0.5, pairs: 2 })
  })

  test('is undefined where there is nothing to agree on', () => {
    expect(judgeAgreement(scores(undefined), scores(5))).toEqual({
      compared: 0,
      unscored: 1,
      pearson: undefined,
      spearman: undefined,
      pairwise: undefined,
      meanDifference: undefined,
      meanAbsoluteDifference: undefined,
    })
    expect(judgeAgreement(scores(5, 5), scores(1, 2)).pearson).toBeUndefined()
    expect(() => judgeAgreement(scores(5), scores(5, 6))).toThrow(RangeError)
  })
})
