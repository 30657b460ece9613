import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Engine } from '../engine/contract/engine.ts'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { measureSurprise, perplexityOf } from './perplexity.ts'
import type { PlannedRollout } from './plan-rollouts.ts'
import { keepPart, type RolloutSet } from './rollout-store.ts'
import { promptOf } from './run-rollouts.ts'

async function setOf(parts: readonly (readonly string[])[]): Promise<RolloutSet> {
  const folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const set = { folder, name: 'steered', parts: parts.length }
  for (const [part, answers] of parts.entries())
    await keepPart<PlannedRollout>(
      set,
      part,
      answers.map(answer => ({
        rollout: {
          questionText: 'Why?',
          seed: 0,
          answer,
          finishReason: 'end',
          promptTokens: 1,
          responseTokens: answer.length,
        },
        activations: undefined,
      })),
    )
  return set
}

describe('surprise', () => {
  test('is the mean of -log p over the tokens of an answer', async () => {
    const logprobs = new Map([
      ['abc', [-1, -2, -6]],
      ['d', [-0.5]],
    ])
    const engine = {
      forwardAll: async (requests: readonly { response: string }[]) =>
        requests.map(({ response }) => ({ responseLogprobs: Float32Array.from(logprobs.get(response)!) })),
    } as unknown as Engine
    expect(await measureSurprise(engine, await setOf([['abc', '', 'd'], ['abc']]))).toEqual([3, undefined, 0.5, 3])
  })

  test('agrees with reading the answer token by token', async () => {
    await using engine = new FakeEngine()
    const set = await setOf([['so it is']])
    const [surprise] = await measureSurprise(engine, set)
    const prompt = (await engine.renderPrompt(promptOf({ questionText: 'Why?' }))).tokens
    const answer = await engine.tokenize('so it is')
    let sum = 0
    for (const [index, token] of answer.entries()) {
      // The probability of one token alone, after all that stands before it.
      const { responseLogprobs } = await engine.forward({
        prompt: { tokens: [...prompt, ...answer.slice(0, index)] },
        response: (await engine.detokenize([token]))!,
        responseLogprobs: true,
      })
      sum -= responseLogprobs![0]!
    }
    expect(surprise).toBeCloseTo(sum / answer.length, 5)
  })

  test('is read once, and kept', async () => {
    const set = await setOf([['one'], ['two', '']])
    await using engine = new FakeEngine()
    const first = await measureSurprise(engine, set)
    const silent = { forwardAll: () => Promise.reject(new Error('it was to be known')) } as unknown as Engine
    const seen: number[] = []
    expect(await measureSurprise(silent, set, { onProgress: done => seen.push(done) })).toEqual(first)
    expect(seen).toEqual([1, 3])
  })
})

test('the perplexity of answers together is the exponential of their mean surprise, the empty ones left out', () => {
  expect(perplexityOf([1, undefined, 3])).toBeCloseTo(Math.exp(2), 12)
  expect(perplexityOf([undefined])).toBeUndefined()
  expect(perplexityOf([])).toBeUndefined()
})
