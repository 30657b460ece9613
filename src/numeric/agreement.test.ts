import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { cohenKappa, pairwiseAgreement, preferenceAgreement } from './agreement.ts'

const golden = readGolden<{
  readonly reference: readonly number[]
  readonly scores: readonly number[]
  readonly share: number
  readonly pairs: number
  readonly first: readonly number[]
  readonly second: readonly number[]
  readonly kappa: number
}>('agreement')

describe('pairwise agreement', () => {
  test("follows from scipy's Somers' d", () => {
    const found = pairwiseAgreement(golden.scores, golden.reference)!
    expectClose(found.share, golden.share, 1e-13)
    expect(found.pairs).toBe(golden.pairs)
  })

  test('counts ties of the scores half, and pairs without a preference not at all', () => {
    expect(pairwiseAgreement([1, 2, 2], [0, 1, 5])).toEqual({ share: 2.5 / 3, pairs: 3 })
    expect(pairwiseAgreement([1, 2, 9], [0, 5, 5])).toEqual({ share: 1, pairs: 2 })
    expect(pairwiseAgreement([3, 2, 1], [1, 2, 3])).toEqual({ share: 0, pairs: 3 })
    expect(pairwiseAgreement([1, 2], [4, 4])).toBeUndefined()
    expect(pairwiseAgreement([], [])).toBeUndefined()
  })

  test('within groups compares no pair across them', () => {
    const scores = [1, 2, 20, 10]
    const reference = [1, 2, 3, 4]
    expect(pairwiseAgreement(scores, reference, ['a', 'a', 'b', 'b'])).toEqual({ share: 0.5, pairs: 2 })
    expect(pairwiseAgreement(scores, reference)).toEqual({ share: 5 / 6, pairs: 6 })
  })

  test('with preferences counts the pairs in which there is one', () => {
    expect(preferenceAgreement([5, -1, 0, 3, 2], [1, -1, 1, -1, 0])).toEqual({ share: 2.5 / 4, pairs: 4 })
    expect(preferenceAgreement([1], [0])).toBeUndefined()
  })

  test('gives a missing score no credit', () => {
    expect(preferenceAgreement([Number.NaN, Number.NaN], [1, -1])).toEqual({ share: 0, pairs: 2 })
  })
})

describe("Cohen's kappa", () => {
  test('is that of scikit-learn', () => {
    expectClose(cohenKappa(golden.first, golden.second), golden.kappa, 1e-13)
  })

  test('is 1 for equal labels, negative below chance, and undefined with one label only', () => {
    expect(cohenKappa(['a', 'b', 'a'], ['a', 'b', 'a'])).toBe(1)
    expect(cohenKappa([true, false], [false, true])).toBe(-1)
    expect(cohenKappa(['a', 'a'], ['a', 'a'])).toBeUndefined()
    expect(cohenKappa([], [])).toBeUndefined()
  })
})
