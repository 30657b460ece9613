import { describe, expect, test } from 'vitest'
import type { Judgement, Score } from '../judge/judge.ts'
import { keepPairs } from './kept-pairs.ts'
import type { ContrastiveRollout, Side } from './plan-rollouts.ts'

const score = (value: number): Score => ({ status: 'scored', value, method: 'parsed' })
const judgement = (expression: number, coherence?: number): Judgement => ({
  expression: score(expression),
  ...(coherence !== undefined && { coherence: score(coherence) }),
})

function rollout(question: number, side: Side, responseTokens = 5): ContrastiveRollout & { responseTokens: number } {
  return { pair: 0, side, question, sample: 0, systemPrompt: '', questionText: '', seed: 0, responseTokens }
}
const pair = (question: number) => [rollout(question, 'positive'), rollout(question, 'negative')]

describe('a pair of answers', () => {
  test.each<[string, Judgement, Judgement, boolean]>([
    ['is kept at exactly 50 under p+ and just below under p-', judgement(50), judgement(49.999), true],
    ['is left out just below 50 under p+', judgement(49.999), judgement(0), false],
    ['is left out at exactly 50 under p-', judgement(100), judgement(50), false],
    ['is kept where both are coherent at 50', judgement(80, 50), judgement(10, 50), true],
    ['is left out where the answer under p+ is not coherent', judgement(80, 49), judgement(10, 90), false],
    ['is left out where the answer under p- is not coherent', judgement(80, 90), judgement(10, 49), false],
    [
      'is left out where an answer has no score',
      judgement(80),
      { expression: { status: 'unscored', reason: 'the judge said nothing' } },
      false,
    ],
  ])('%s', (_, positive, negative, isKept) => {
    const { kept, pairsKept, pairsPlanned } = keepPairs(pair(0), [positive, negative])
    expect({ kept, pairsKept, pairsPlanned }).toEqual({
      kept: [isKept, isKept],
      pairsKept: isKept ? 1 : 0,
      pairsPlanned: 1,
    })
  })

  test('is found whatever lies between its two answers', () => {
    const [a, b, c, d] = [...pair(0), ...pair(1)] as const
    const { kept } = keepPairs(
      [a!, c!, d!, b!],
      [90, 90, 90, 10].map(value => judgement(value)),
    )
    expect(kept).toEqual([true, false, false, true])
  })

  test('is kept whatever it says where nothing judges it, unless an answer is empty', () => {
    const { kept, dropped } = keepPairs([...pair(0), rollout(1, 'positive', 0), rollout(1, 'negative')], undefined)
    expect(kept).toEqual([true, true, false, false])
    expect(dropped).toEqual({ empty: 1 })
  })

  test('that is left out is counted under the first reason that applies', () => {
    const judgements = [judgement(10, 10), judgement(90, 10), judgement(90), judgement(90)]
    expect(keepPairs([...pair(0), ...pair(1)], judgements).dropped).toEqual({ 'not evoked': 1, 'not suppressed': 1 })
  })
})
