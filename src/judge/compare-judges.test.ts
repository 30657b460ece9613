import { describe, expect, test } from 'vitest'
import { createRandom } from '../numeric/random.ts'
import { compareJudges } from './compare-judges.ts'
import type { Score } from './judge.ts'
import { judgeAgreement } from './judge-agreement.ts'

const scored = (value: number): Score => ({ status: 'scored', value, method: 'parsed' })
const random = createRandom(4)
const rows = Array.from({ length: 200 }, (_, row) => {
  const value = random.next() * 100
  return { question: `q${row % 20}`, first: scored(value), second: scored(value + (random.next() - 0.5) * 40) }
})
rows[7]!.first = { status: 'unscored', reason: 'none' }
const [first, second] = [rows.map(row => row.first), rows.map(row => row.second)]
const questions = rows.map(({ question }) => question)

describe('two judges on one run', () => {
  const comparison = compareJudges(first, second, questions)

  test('agree as far as they do without intervals', () => {
    expect(comparison).toMatchObject(judgeAgreement(first, second))
    expect(comparison.questions).toBe(20)
    const { pairwise } = judgeAgreement(first, second, questions)
    expect(comparison.pairwiseWithinQuestion!.pairs).toBe(pairwise!.pairs)
    expect(comparison.pairwiseWithinQuestion!.share).toBeCloseTo(pairwise!.share, 12)
  })

  test('have intervals that hold the figures, and are as wide as so many answers allow', () => {
    const { intervals, pearson, spearman, pairwiseWithinQuestion } = comparison
    for (const [value, interval] of [
      [pearson!, intervals.pearson!],
      [spearman!, intervals.spearman!],
      [pairwiseWithinQuestion!.share, intervals.pairwiseWithinQuestion!],
    ] as const) {
      expect(interval.low).toBeLessThan(value)
      expect(interval.high).toBeGreaterThan(value)
      expect(interval.high - interval.low).toBeLessThan(0.1)
    }
    // Fisher's interval of independent answers is a fair guess here, as questions make no difference.
    const halfWidth = 1.96 / Math.sqrt(199 - 3)
    const fisher = [Math.tanh(Math.atanh(pearson!) - halfWidth), Math.tanh(Math.atanh(pearson!) + halfWidth)]
    expect(Math.abs(intervals.pearson!.low - fisher[0]!)).toBeLessThan(0.03)
    expect(Math.abs(intervals.pearson!.high - fisher[1]!)).toBeLessThan(0.03)
  })

  test('have no figure, and no NaN, where there is nothing to compare', () => {
    const unscored: Score = { status: 'unscored', reason: 'none' }
    const none = compareJudges([unscored, unscored], [scored(1), scored(2)], ['a', 'b'])
    expect(none).toMatchObject({ compared: 0, unscored: 2, pearson: undefined, pairwiseWithinQuestion: undefined })
    expect(none.intervals).toEqual({ pearson: undefined, spearman: undefined, pairwiseWithinQuestion: undefined })
  })
})
