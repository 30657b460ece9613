import { describe, expect, test } from 'vitest'
import { type CandidateToken, canonicalScore, mostProbable, scoreDistribution } from './score-distribution.ts'

const tokens = (probabilities: Record<string, number>): CandidateToken[] =>
  Object.entries(probabilities).map(([text, probability]) => ({ text, logprob: Math.log(probability) }))

describe('the score of an answer token', () => {
  test('is the mean over the integers, weighted by probability and normalised by their mass', () => {
    // (80 * 0.5 + 90 * 0.25 + 0 * 0.05) / 0.8 = 62.5 / 0.8
    const score = scoreDistribution(tokens({ '80': 0.5, '90': 0.25, '0': 0.05, The: 0.1, '"': 0.1 }))
    expect(score).toMatchObject({ status: 'scored', method: 'log-probabilities' })
    if (score.status !== 'scored') return
    expect(Math.abs(score.value - 78.125)).toBeLessThan(1e-12)
    expect(Math.abs(score.mass! - 0.8)).toBeLessThan(1e-12)
  })

  test('adds up tokens that are the same integer, whatever whitespace is around them', () => {
    // 50 three times with 0.1 + 0.2 + 0.3, and 100 with 0.2: (50 * 0.6 + 100 * 0.2) / 0.8
    const score = scoreDistribution([
      ...tokens({ '50': 0.1, ' 50': 0.2, '\n50 ': 0.3, '100': 0.2 }),
      { text: 'fifty', logprob: Math.log(0.2) },
    ])
    if (score.status !== 'scored') throw new Error(score.reason)
    expect(Math.abs(score.value - 62.5)).toBeLessThan(1e-12)
    expect(Math.abs(score.distribution!['50']! - 0.6)).toBeLessThan(1e-12)
    expect(Object.keys(score.distribution!)).toEqual(['50', '100'])
  })

  test('takes only integers 0 to 100 written the one usual way', () => {
    for (const text of ['0', ' 7', '50\n', '100', '\t99']) expect(canonicalScore(text), text).toBe(Number(text))
    const others = [
      '',
      ' ',
      '050',
      '00',
      '+5',
      '-5',
      '5.0',
      '5,0',
      '101',
      '1e1',
      '0x10',
      '5%',
      '5 0',
      '٥',
      '５０',
      'NaN',
    ]
    for (const text of others) expect(canonicalScore(text), text).toBeUndefined()
  })

  test('is missing, with a reason, where the integers have under a quarter of the probability', () => {
    const score = scoreDistribution(tokens({ '100': 0.2, '90': 0.0499, The: 0.7 }))
    expect(score).toMatchObject({ status: 'unscored', reason: expect.stringContaining('0.25') })
    expect(scoreDistribution(tokens({ '100': 0.2, '90': 0.0501, The: 0.7 })).status).toBe('scored')
  })

  test('has the same reason whatever the mass was, and keeps the mass', () => {
    const first = scoreDistribution(tokens({ '100': 0.1 }))
    const second = scoreDistribution(tokens({ '20': 0.2 }))
    if (first.status !== 'unscored' || second.status !== 'unscored') throw new Error('expected no score')
    expect(first.reason).toBe(second.reason)
    expect(first.mass).not.toBe(second.mass)
  })

  test('is never NaN, whatever a server reports', () => {
    const odd = [Number.NaN, Number.NEGATIVE_INFINITY, -9999, undefined as unknown as number]
    const candidates = odd.map(logprob => ({ text: '50', logprob }))
    expect(scoreDistribution(candidates)).toMatchObject({ status: 'unscored', mass: 0 })
    expect(scoreDistribution([])).toMatchObject({ status: 'unscored', mass: 0 })
    expect(scoreDistribution([...candidates, { text: '40', logprob: 0 }])).toMatchObject({ value: 40, mass: 1 })
    // Rounding has carried this one above probability 1.
    expect(scoreDistribution([{ text: '100', logprob: 1e-6 }])).toMatchObject({ value: 100, mass: 1 })
  })

  test('is made of the 20 most probable tokens where a server gives more', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ text: String(index), logprob: -index / 10 })).reverse()
    const kept = mostProbable(many)
    expect(kept.map(({ text }) => Number(text))).toEqual(Array.from({ length: 20 }, (_, index) => index))
  })
})
