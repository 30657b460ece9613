import { describe, expect, test } from 'vitest'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { startFakeOpenAi } from '../judge/fake-openai.case.ts'
import { createLexiconJudge } from '../judge/lexicon-judge.ts'
import { LlmJudge } from '../judge/llm-judge.ts'
import { OpenAiTransport } from '../judge/openai-transport.ts'
import { promptOf } from '../rollout/run-rollouts.ts'
import { estimateWork } from './estimate-work.ts'

const asked = (count: number, systemPrompt: string) =>
  Array.from({ length: count }, (_, index) => ({
    systemPrompt,
    questionText: `What of ${index % 2}?`,
    seed: index,
  }))
const work = [
  { planned: asked(6, 'Be calm.'), maxTokens: 10 },
  { planned: asked(4, 'Hurry.'), maxTokens: 25 },
]

describe('an estimate', () => {
  test('counts every answer, and the tokens of every distinct prompt once', async () => {
    await using engine = new FakeEngine()
    const estimate = await estimateWork(engine, createLexiconJudge('sentiment'), work)
    let promptTokens = 0
    for (const systemPrompt of ['Be calm.', 'Hurry.'])
      for (const question of [0, 1]) {
        const prompt = promptOf({ systemPrompt, questionText: `What of ${question}?` })
        promptTokens += (await engine.renderPrompt(prompt)).tokens.length
      }
    expect(estimate).toMatchObject({ generations: 10, judgeCalls: 0, promptTokens, writtenTokens: 6 * 10 + 4 * 25 })
    const readAgain = work.map(part => ({ ...part, readAgain: true }))
    expect(await estimateWork(engine, 'none', readAgain)).toMatchObject({
      promptTokens: promptTokens + 6 * 10 + 4 * 25,
      writtenTokens: estimate.writtenTokens,
    })
    // Nobody has measured how fast the fake engine is.
    expect(estimate.minutes).toBeUndefined()
  })

  test('counts two calls of a language model for every answer, for texts that are there too, and one to get to know it', async () => {
    await using engine = new FakeEngine()
    await using server = await startFakeOpenAi()
    const transport = new OpenAiTransport({ baseUrl: server.baseUrl, model: 'fake-judge' })
    const judge = new LlmJudge({ transport, rubric: 'How calm is {answer} to {question}?' })
    const texts = [0, 1, 2].map(index => ({ question: 'Why?', answer: `Text ${index}.` }))
    const without = await estimateWork(engine, judge, work)
    const estimate = await estimateWork(engine, judge, work, texts)
    expect(without.judgeCalls).toBe(2 * 10 + 1)
    expect(estimate.judgeCalls).toBe(2 * 13 + 1)
    expect(estimate.judgePromptTokens!).toBeGreaterThan(without.judgePromptTokens!)
    expect(estimate.generations).toBe(10)
    const unjudged = work.map(part => ({ ...part, unjudged: true }))
    expect((await estimateWork(engine, judge, [...work, ...unjudged])).judgeCalls).toBe(without.judgeCalls)
    expect(server.requests).toEqual([])
  })

  test('without a judge counts no calls', async () => {
    await using engine = new FakeEngine()
    expect((await estimateWork(engine, 'none', work)).judgeCalls).toBe(0)
  })
})
