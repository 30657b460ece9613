/** A real model as the judge: its numbers are those of passes over the numbers, and it is repeatable. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Engine } from '../../src/engine/contract/engine.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { EngineTransport } from '../../src/judge/engine-transport.ts'
import type { JudgeItem } from '../../src/judge/judge.ts'
import { coherenceRubric, rubricMessages } from '../../src/judge/judge-prompt.ts'
import type { JudgeCall, JudgeReply } from '../../src/judge/judge-transport.ts'
import { LlmJudge } from '../../src/judge/llm-judge.ts'
import { modelFile } from './models.ts'

const traitPath = join(import.meta.dirname, '../../assets/traits/joyful.yaml')
const { rubric } = parse(readFileSync(traitPath, 'utf8')) as { readonly rubric: string }

const items: readonly JudgeItem[] = [
  { question: 'How was your morning?', answer: 'Wonderful! The sun was out and I sang all the way to work.' },
  { question: 'How was your morning?', answer: 'Miserable. It rained, and nobody said a kind word to me.' },
]

let engine: Engine
beforeAll(async () => {
  engine = await openLlamaEngine(modelFile('smollm2-135m-instruct', 'F32'), { contexts: 2 })
})
afterAll(async () => await engine.close())

async function ask(calls: readonly JudgeCall[]): Promise<JudgeReply[]> {
  const replies: JudgeReply[] = []
  const onReply = (index: number, reply: JudgeReply) => {
    replies[index] = reply
  }
  await new EngineTransport(engine).askAll(calls, { signal: undefined, onReply })
  return replies
}

describe('a real model as the judge', () => {
  test('writes numbers digit by digit, and is read as whole numbers all the same', async () => {
    expect(await engine.tokenize('57')).toHaveLength(2)
    const calls = items.map((item): JudgeCall => ({ messages: rubricMessages(rubric, item), wants: 'number' }))
    const replies = await ask(calls)
    for (const [index, { candidates }] of replies.entries()) {
      const numbers = candidates!.filter(({ text }) => /^[1-9][0-9]$/.test(text) && text !== '10').slice(0, 1)
      expect(numbers.length).toBeGreaterThan(0)
      for (const { text, logprob } of numbers) {
        const { messages } = calls[index]!
        const pass = await engine.forward({ prompt: { messages }, response: text, responseLogprobs: true })
        const expected = pass.responseLogprobs!.reduce((sum, value) => sum + value, 0)
        expect(Math.abs(logprob - expected)).toBeLessThan(1e-3)
      }
    }
  })

  test('gives the same numbers for a call whatever it is asked with, and every time', async () => {
    const calls = items.flatMap(item =>
      [rubric, coherenceRubric].map((text): JudgeCall => ({ messages: rubricMessages(text, item), wants: 'number' })),
    )
    const together = await ask(calls)
    expect(await ask(calls)).toEqual(together)
    expect(await ask([calls[3]!])).toEqual([together[3]])
  })

  test('makes scores from 0 to 100, or says why there is none', async () => {
    const judge = new LlmJudge({ transport: new EngineTransport(engine), rubric })
    expect(judge.id).toBe('llm:engine#smollm2-135m-instruct')
    for (const { expression, coherence } of await judge.score(items)) {
      for (const score of [expression, coherence!]) {
        if (score.status === 'scored') {
          expect(score.value).toBeGreaterThanOrEqual(0)
          expect(score.value).toBeLessThanOrEqual(100)
          expect(score.method).toBe('log-probabilities')
        } else expect(score.reason).toContain('0.25')
      }
    }
  })
})
