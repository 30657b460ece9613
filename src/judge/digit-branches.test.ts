import { describe, expect, test } from 'vitest'
import type { TokenLogprob } from '../engine/contract/generate.ts'
import { type DigitBranch, firstDigits, nextDigits } from './digit-branches.ts'
import { scoreDistribution } from './score-distribution.ts'

/** Token ids are the text's first character code, so that a path can be read. */
const tokens = (probabilities: Record<string, number>): TokenLogprob[] =>
  Object.entries(probabilities).map(([text, probability]) => ({
    text,
    token: text.charCodeAt(0),
    logprob: Math.log(probability),
  }))

/** All numbers of a model whose next tokens after some digits are as given. */
function numbersOf(after: Record<string, Record<string, number>>) {
  const first = firstDigits(tokens(after['']!))
  const numbers = [...first.numbers]
  const looked: string[] = []
  let open: readonly DigitBranch[] = first.open
  while (open.length > 0) {
    const branchings = open.map(branch => nextDigits(branch, tokens(after[branch.digits] ?? {})))
    looked.push(...open.map(({ digits }) => digits))
    numbers.push(...branchings.flatMap(branching => branching.numbers))
    open = branchings.flatMap(branching => branching.open)
  }
  return { numbers, looked }
}

describe('numbers written digit by digit', () => {
  test('have the product of their digits and of what ends them', () => {
    const { numbers, looked } = numbersOf({
      '': { '8': 0.5, '1': 0.3, '0': 0.1, The: 0.1 },
      '8': { '5': 0.6, '0': 0.2, '<end>': 0.1, '.': 0.1 },
      '1': { '0': 0.9, '<end>': 0.1 },
      '10': { '0': 0.8, '<end>': 0.2 },
    })
    expect(looked).toEqual(['1', '8', '10'])
    const score = scoreDistribution(numbers)
    const expected = { 0: 0.1, 1: 0.03, 8: 0.1, 10: 0.054, 80: 0.1, 85: 0.3, 100: 0.216 }
    expect(Object.keys(score.status === 'scored' ? score.distribution! : {})).toEqual(Object.keys(expected))
    for (const [value, probability] of Object.entries(expected))
      expect(Math.abs(score.status === 'scored' ? score.distribution![value]! - probability : 1)).toBeLessThan(1e-12)
    // (1 * .03 + 8 * .1 + 10 * .054 + 80 * .1 + 85 * .3 + 100 * .216) / .9 = 56.47 / .9
    expect(score).toMatchObject({ value: expect.closeTo(56.47 / 0.9, 10), mass: expect.closeTo(0.9, 12) })
  })

  test('count with whitespace before the first digit, not between digits', () => {
    const { numbers } = numbersOf({
      '': { ' 9': 0.6, '9': 0.4 },
      '9': { '5': 0.5, ' 5': 0.5 },
    })
    expect(numbers.map(({ text }) => text).sort()).toEqual(['9', '9', '95', '95'])
    expect(scoreDistribution(numbers)).toMatchObject({ value: expect.closeTo(52, 10), mass: expect.closeTo(1, 12) })
  })

  test('have no part in what begins like a number and goes on beyond 100', () => {
    const { numbers } = numbersOf({ '': { '1': 1 }, '1': { '0': 1 }, '10': { '0': 0.5, '5': 0.5 } })
    expect(scoreDistribution(numbers)).toMatchObject({ value: 100, mass: expect.closeTo(0.5, 12) })
  })

  test('are not looked into where they are improbable', () => {
    const { looked } = numbersOf({ '': { '8': 0.99, '7': 0.004, '1': 0.006 }, '1': { '0': 0.5 } })
    expect(looked).toEqual(['1', '8'])
  })

  test('are never NaN or infinite where rounding carries the digits after one above probability 1', () => {
    const { numbers } = numbersOf({ '': { '8': 1 }, '8': { '5': 0.7, '6': 0.3000001 } })
    expect(numbers.every(({ logprob }) => Number.isFinite(logprob))).toBe(true)
    expect(scoreDistribution(numbers)).toMatchObject({ status: 'scored', value: expect.closeTo(85.3, 4) })
  })
})
