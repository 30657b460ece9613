import { describe, expect, test } from 'vitest'
import { createRandom } from '../../numeric/random.ts'
import type { Sampling } from '../contract/sampling.ts'
import { expOfNegative, logSumExp, maximum, Sampler, SamplerScratch, topTokens } from './sampler.ts'

const size = 500
const random = createRandom(3)
const logits = Float32Array.from({ length: size }, () => (random.next() + random.next() + random.next()) * 8)
const scratch = new SamplerScratch(size)

/** The probabilities the sampling should have, by the definition, sorting everything. */
function expectedProbabilities({ temperature = 1, topK = 0, topP = 1, minP = 0 }: Sampling): number[] {
  const weights = [...logits].map(logit => Math.exp(logit / temperature))
  const heaviest = Math.max(...weights)
  const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]!)
  let kept = order.filter(token => weights[token]! >= minP * heaviest)
  if (topK > 0) kept = kept.slice(0, topK)
  const mass = kept.reduce((sum, token) => sum + weights[token]!, 0)
  let sum = 0
  let count = 0
  while (count < kept.length && sum < topP * mass) sum += weights[kept[count++]!]!
  kept = kept.slice(0, Math.max(1, count))
  const total = kept.reduce((all, token) => all + weights[token]!, 0)
  return weights.map((weight, token) => (kept.includes(token) ? weight / total : 0))
}

/** Pearson's chi-square, rare tokens in one cell; five standard deviations over its mean is a clear disagreement. */
function expectAgreement(counts: ReadonlyMap<number, number>, probabilities: readonly number[], draws: number): void {
  const cells = probabilities.map((probability, token) => ({
    expected: probability * draws,
    count: counts.get(token) ?? 0,
  }))
  for (const { expected, count } of cells) if (expected === 0) expect(count).toBe(0)
  const rare = cells.filter(({ expected }) => expected < 5)
  const sum = (key: 'expected' | 'count') => rare.reduce((all, cell) => all + cell[key], 0)
  const tested = [...cells.filter(({ expected }) => expected >= 5), { expected: sum('expected'), count: sum('count') }]
  const used = tested.filter(({ expected }) => expected >= 1)
  const chiSquare = used.reduce((all, { expected, count }) => all + (count - expected) ** 2 / expected, 0)
  const freedom = Math.max(1, used.length - 1)
  expect(chiSquare).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom))
}

describe('a sampler', () => {
  const settings: Sampling[] = [
    {},
    { temperature: 0.5 },
    { temperature: 2 },
    { topK: 7 },
    { topP: 0.6 },
    { minP: 0.2 },
    { temperature: 1.3, topK: 40, topP: 0.9, minP: 0.05 },
  ]
  test.each(settings)('draws with the probabilities of %o', sampling => {
    const draws = 40_000
    const counts = new Map<number, number>()
    const sampler = new Sampler({ ...sampling, seed: 9 }, scratch)
    for (let draw = 0; draw < draws; draw++) {
      const token = sampler.sample(logits)!
      counts.set(token, (counts.get(token) ?? 0) + 1)
    }
    expectAgreement(counts, expectedProbabilities(sampling), draws)
  })

  test('at temperature 0 takes the first of the largest logits', () => {
    const tied = Float32Array.of(1, 5, 5, 2)
    expect(new Sampler({ temperature: 0 }, new SamplerScratch(4)).sample(tied)).toBe(1)
  })

  test('gives the same tokens for the same seed', () => {
    const draw = (seed: number) => {
      const sampler = new Sampler({ seed }, scratch)
      return Array.from({ length: 20 }, () => sampler.sample(logits))
    }
    expect(draw(4)).toEqual(draw(4))
    expect(draw(4)).not.toEqual(draw(5))
  })

  test('draws among the allowed tokens as if the others were not there', () => {
    const even = {
      allows: (token: number) => token % 2 === 0,
      mask: (values: Float32Array) => {
        for (let token = 1; token < values.length; token += 2) values[token] = Number.NEGATIVE_INFINITY
        return values.length / 2
      },
    }
    const sampler = new Sampler({ seed: 1 }, scratch)
    const draws = 30_000
    const counts = new Map<number, number>()
    for (let draw = 0; draw < draws; draw++) {
      const token = sampler.sample(logits, even)!
      counts.set(token, (counts.get(token) ?? 0) + 1)
    }
    const weights = expectedProbabilities({}).map((probability, token) => (token % 2 === 0 ? probability : 0))
    const mass = weights.reduce((a, b) => a + b)
    expectAgreement(
      counts,
      weights.map(weight => weight / mass),
      draws,
    )
  })

  test('says so when a constraint leaves nothing', () => {
    const nothing = { allows: () => false, mask: () => 0 }
    expect(new Sampler({}, scratch).sample(logits, nothing)).toBeUndefined()
  })
})

describe('helpers on logits', () => {
  test('the fast exponential agrees with the library one', () => {
    for (let x = 0; x > -700; x -= 0.137) {
      expect(Math.abs(expOfNegative(x) / Math.exp(x) - 1)).toBeLessThan(1e-9)
    }
    expect(expOfNegative(-5000)).toBe(0)
  })

  test('log-sum-exp turns logits into probabilities that sum to 1', () => {
    const normaliser = logSumExp(logits)
    const mass = [...logits].reduce((sum, logit) => sum + Math.exp(logit - normaliser), 0)
    expect(mass).toBeCloseTo(1, 8)
  })

  test('the maximum is found wherever it stands', () => {
    for (let at = 0; at < 11; at++) {
      const values = new Float32Array(11).fill(-3)
      values[at] = 2
      expect(maximum(values)).toBe(2)
    }
  })

  test('the top tokens come in order, ties by number', () => {
    expect(topTokens(Float32Array.of(1, 9, 3, 9, 2), 3)).toEqual([1, 3, 2])
    const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b)
    expect(topTokens(logits, 20)).toEqual(sorted.slice(0, 20))
    const coarse = logits.map(Math.round)
    const all = topTokens(coarse, size)
    expect(new Set(all).size).toBe(size)
    for (const k of [1, 255, 256, 257, size]) expect(topTokens(coarse, k)).toEqual(all.slice(0, k))
    const masked = Float32Array.from(coarse, (logit, token) => (token % 3 === 0 ? Number.NEGATIVE_INFINITY : logit))
    expect(topTokens(masked, 300).slice(0, 200)).toEqual(topTokens(masked, 200))
  })
})
