import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../engine/contract/engine.ts'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { EngineTransport } from './engine-transport.ts'
import { JudgeCache } from './judge-cache.ts'
import type { JudgeCall, JudgeReply } from './judge-transport.ts'
import { LlmJudge } from './llm-judge.ts'

let engine: Engine
beforeAll(() => {
  engine = new FakeEngine()
})
afterAll(async () => await engine.close())

const call = (content: string): JudgeCall => ({ messages: [{ role: 'user', content }], wants: 'number' })

async function ask(calls: readonly JudgeCall[], signal?: AbortSignal): Promise<JudgeReply[]> {
  const replies: JudgeReply[] = []
  await new EngineTransport(engine).askAll(calls, { signal, onReply: (index, reply) => (replies[index] = reply) })
  return replies
}

/** The probability that the model writes a text next, from a teacher-forced pass. */
async function probabilityOf(prompt: JudgeCall, response: string): Promise<number> {
  const { messages } = prompt
  const result = await engine.forward({ prompt: { messages }, response, responseLogprobs: true })
  return Math.exp(result.responseLogprobs!.reduce((sum, logprob) => sum + logprob, 0))
}

describe('an engine as the way to a judge model', () => {
  test('brings whole numbers from a model that writes single digits, as probable as a pass over them says', async () => {
    // The fake engine's tokens are bytes: no token of it is a number above 9.
    const calls = Array.from({ length: 60 }, (_, index) => call(`Rate this: ${'la'.repeat(index % 9)} ${index}`))
    const replies = await ask(calls)
    const seen = new Set<string>()
    for (const [index, { candidates = [] }] of replies.entries()) {
      for (const { text, logprob } of candidates) {
        seen.add(text)
        const whole = await probabilityOf(calls[index]!, text)
        if (text.length === 2 && text !== '10') expect(Math.exp(logprob)).toBeCloseTo(whole, 6)
        // Of a number that may go on, a part ends there.
        else expect(Math.exp(logprob)).toBeLessThanOrEqual(whole + 1e-6)
      }
    }
    expect([...seen].some(text => /^[1-9]$/.test(text))).toBe(true)
    expect([...seen].some(text => /^[1-9][0-9]$/.test(text))).toBe(true)
  })

  test('answers in the order of the calls, each from its own prompt', async () => {
    const calls = Array.from({ length: 40 }, (_, index) => call(`Rate this: ${index}`))
    const together = await ask(calls)
    expect(together[37]).toEqual((await ask([calls[37]!]))[0])
    expect(together[2]).toEqual((await ask([calls[2]!]))[0])
    expect(together[2]).not.toEqual(together[37])
  })

  test('leaves out what is too long for the model, and goes on', async () => {
    const [long, short] = await ask([call('x'.repeat(engine.model.contextTokens)), call('short')])
    expect(long!.refusal).toMatch(/too long/)
    expect(short!.candidates).toBeDefined()
  })

  test('stops when it is told to', async () => {
    const stop = new AbortController()
    const asked = ask([call('a'), call('b')], stop.signal)
    stop.abort()
    await expect(asked).rejects.toMatchObject({ code: 'JUDGE_ABORTED' })
  })

  test('makes a judge that is named after the model, and asks for no number in text', async () => {
    const transport = new EngineTransport(engine)
    const judge = new LlmJudge({ transport, rubric: '{question} {answer}' })
    expect(judge.id).toBe('llm:engine#fake')
    expect(judge.estimate([{ question: 'Q', answer: 'A' }]).calls).toBe(2)
    const judgements = await judge.score([{ question: 'Q', answer: 'A' }])
    for (const score of [judgements[0]!.expression, judgements[0]!.coherence!])
      if (score.status === 'scored') expect(score.method).toBe('log-probabilities')
      else expect(score.mass).toBeLessThan(0.25)
  })

  test('brings answers that are remembered whole', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'personascope-judge-'))
    try {
      const calls = Array.from({ length: 4 }, (_, index) => ({ question: `Q ${index}`, answer: `A ${index}` }))
      const open = async () =>
        new LlmJudge({
          transport: new EngineTransport(engine),
          rubric: '{question} {answer}',
          cache: await JudgeCache.open(directory),
          coherence: false,
        })
      const first = await (await open()).score(calls)
      const again = await open()
      expect(again.estimate(calls).calls).toBe(0)
      expect(await again.score(calls)).toEqual(first)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('tells models apart by their weights', () => {
    const other = new EngineTransport(new FakeEngine(8))
    expect(other.settings).not.toEqual(new EngineTransport(engine).settings)
  })
})
