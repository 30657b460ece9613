import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeOpenAi, type FakeRequest, fakeModel, startFakeOpenAi } from './fake-openai.case.ts'
import type { JudgeEstimate } from './judge.ts'
import { JudgeBudget } from './judge-budget.ts'
import { JudgeCache } from './judge-cache.ts'
import type { JudgeDrift } from './judge-drift.ts'
import { LlmJudge } from './llm-judge.ts'
import { OpenAiTransport } from './openai-transport.ts'
import { ServedJudge } from './served-judge.ts'

let directory: string
let folders = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'personascope-drift-'))
})
afterAll(async () => await rm(directory, { recursive: true }))

const items = [{ question: 'How are you?', answer: 'Well.' }]
const anchorCalls = 25

async function openJudge(server: FakeOpenAi, folder: string, maxCalls?: number) {
  const heard: (JudgeDrift | undefined)[] = []
  const announced: number[] = []
  const transport = new OpenAiTransport({ baseUrl: server.baseUrl, model: fakeModel, apiKey: '' })
  const budget = new JudgeBudget(transport.model, { ...(maxCalls !== undefined && { maxCalls }) })
  const rubric = 'Rate the joy from 0 to 100.\n{question}\n{answer}'
  const judge = new LlmJudge({ transport, rubric, cache: await JudgeCache.open(folder), budget })
  const options = {
    directory: folder,
    onDrift: (drift: JudgeDrift | undefined) => heard.push(drift),
    onEstimate: ({ calls }: JudgeEstimate) => announced.push(calls),
  }
  return { heard, announced, judge: new ServedJudge(judge, options) }
}

const steady = (score: () => number) => (request: FakeRequest) => {
  const value = request.isProbe ? 57 : score()
  return { kind: 'completion', text: String(value), top: { [value]: 1 } } as const
}

describe('a judge behind a server', () => {
  test('judges fixed answers before the first new call, once, and tells beforehand that it will', async () => {
    await using server = await startFakeOpenAi(steady(() => 40))
    const { judge, heard, announced } = await openJudge(server, join(directory, String(folders++)))
    expect(judge.estimate(items).calls).toBe(3 + anchorCalls)
    judge.announce(items)
    expect({ announced, asked: server.requests.length }).toEqual({ announced: [3 + anchorCalls], asked: 0 })
    await judge.score(items)
    expect(server.requests).toHaveLength(3 + anchorCalls)
    await judge.score([{ question: 'And you?', answer: 'Fine.' }])
    expect(server.requests).toHaveLength(5 + anchorCalls)
    expect(heard).toMatchObject([{ status: 'first' }])
  })

  test('is asked nothing where every call is known', async () => {
    let score = 40
    await using server = await startFakeOpenAi(steady(() => score))
    const folder = join(directory, String(folders++))
    await (await openJudge(server, folder)).judge.score(items)
    const before = server.requests.length
    score = 80
    const again = await openJudge(server, folder)
    expect(again.judge.estimate(items).calls).toBe(0)
    again.judge.announce(items)
    await again.judge.score(items)
    expect(again.announced).toEqual([])
    expect(again.heard).toEqual([])
    expect(server.requests).toHaveLength(before)
    await again.judge.score([{ question: 'And you?', answer: 'Fine.' }])
    expect(again.heard).toMatchObject([{ status: 'shifted', expressionShift: 40 }])
  })

  test('is not checked where that would take more than a quarter of what the budget has left', async () => {
    await using server = await startFakeOpenAi(steady(() => 40))
    const poor = await openJudge(server, join(directory, String(folders++)), 4 * anchorCalls - 1)
    expect(poor.judge.estimate(items).calls).toBe(3)
    await poor.judge.score(items)
    expect(poor.heard).toEqual([undefined])
    expect(server.requests).toHaveLength(3)
    const enough = await openJudge(server, join(directory, String(folders++)), 4 * anchorCalls)
    await enough.judge.score(items)
    expect(enough.heard).toMatchObject([{ status: 'first' }])
  })
})
