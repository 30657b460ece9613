import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  expectedValue,
  type FakeAnswer,
  type FakeOpenAi,
  type FakeRequest,
  fakeModel,
  judgeWell,
  startFakeOpenAi,
} from './fake-openai.case.ts'
import type { JudgeItem, Judgement, Score } from './judge.ts'
import { JudgeBudget } from './judge-budget.ts'
import { JudgeCache } from './judge-cache.ts'
import { coherenceRubric, rubricMessages } from './judge-prompt.ts'
import { LlmJudge, type LlmJudgeOptions } from './llm-judge.ts'
import { OpenAiTransport, type OpenAiTransportOptions } from './openai-transport.ts'

const rubric = 'Rate the joy from 0 to 100.\n{question}\n{answer}'
const itemsUpTo = (count: number): JudgeItem[] =>
  Array.from({ length: count }, (_, index) => ({ question: `Question ${index % 7}?`, answer: `Answer ${index}.` }))

let directory: string
let folders = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'personascope-judge-'))
})
afterAll(async () => await rm(directory, { recursive: true }))
const newFolder = () => join(directory, String(folders++))

function judgeAt(
  server: FakeOpenAi,
  more: Partial<LlmJudgeOptions> = {},
  transport: Partial<OpenAiTransportOptions> = {},
): LlmJudge {
  const options = { baseUrl: server.baseUrl, model: fakeModel, apiKey: '', pause: async () => {}, ...transport }
  return new LlmJudge({ transport: new OpenAiTransport(options), rubric, ...more })
}

const expected = (text: string, item: JudgeItem) => expectedValue(rubricMessages(text, item)[0]!.content)
const numberIn = (score: Score | undefined) => (score?.status === 'scored' ? score.value : undefined)
const judging = ({ text }: FakeRequest) => text.startsWith('Rate the joy')

describe('an LLM judge', () => {
  test('scores trait and coherence of every answer from the log-probabilities', async () => {
    await using server = await startFakeOpenAi()
    const items = itemsUpTo(30)
    const heard: [number, Judgement][] = []
    const onScore = (index: number, judgement: Judgement) => heard.push([index, judgement])
    const judgements = await judgeAt(server).score(items, { onScore })
    expect(server.faults).toEqual([])
    expect(judgements).toHaveLength(30)
    for (const [index, { expression, coherence }] of judgements.entries()) {
      expect(expression).toMatchObject({ status: 'scored', method: 'log-probabilities' })
      expect(numberIn(expression)).toBeCloseTo(expected(rubric, items[index]!), 10)
      expect(numberIn(coherence)).toBeCloseTo(expected(coherenceRubric, items[index]!), 10)
    }
    expect(heard.sort(([a], [b]) => a - b)).toEqual([...judgements.entries()])
    // One probe, then two calls for each answer.
    expect(server.requests).toHaveLength(61)
  })

  test('leaves an empty answer unscored without asking', async () => {
    await using server = await startFakeOpenAi()
    const judgements = await judgeAt(server).score([{ question: 'Well?', answer: ' \n' }])
    const unscored = { status: 'unscored', reason: 'the answer is empty' }
    expect(judgements).toEqual([{ expression: unscored, coherence: unscored }])
    expect(server.requests).toHaveLength(0)
  })

  test('asks once about each answer where coherence is not wanted', async () => {
    await using server = await startFakeOpenAi()
    const judge = judgeAt(server, { coherence: false })
    const [judgement] = await judge.score(itemsUpTo(1))
    expect(Object.keys(judgement!)).toEqual(['expression'])
    expect(server.requests.filter(({ isProbe }) => !isProbe)).toHaveLength(1)
  })

  test('reads a number from text where the server shows no log-probabilities, and says so', async () => {
    await using server = await startFakeOpenAi(request => {
      const answer = judgeWell(request)
      return answer.kind === 'completion' ? { kind: 'completion', text: `${answer.text}/100` } : answer
    })
    const items = itemsUpTo(10)
    const judgements = await judgeAt(server).score(items)
    for (const [index, { expression }] of judgements.entries()) {
      const value = Math.floor(expected(rubric, items[index]!))
      expect(expression).toEqual({ status: 'scored', method: 'parsed', value })
    }
    // It was found out once.
    expect(server.requests.filter(({ logprobs }) => logprobs)).toHaveLength(1)
    expect(server.requests).toHaveLength(21)
  })

  test('reads a number from text where the model writes numbers digit by digit', async () => {
    // Its first token for 85 is 8: taken for the number, it would turn a high score into a low one.
    await using server = await startFakeOpenAi(request => {
      const answer = judgeWell(request)
      if (answer.kind !== 'completion' || !request.logprobs) return answer
      return { kind: 'completion', text: answer.text[0]!, top: { [answer.text[0]!]: 0.9, The: 0.1 } }
    })
    const items = itemsUpTo(10)
    const judgements = await judgeAt(server).score(items)
    for (const [index, { expression }] of judgements.entries()) {
      const value = Math.floor(expected(rubric, items[index]!))
      expect(expression).toEqual({ status: 'scored', method: 'parsed', value })
    }
  })

  test('asks again in text for a single answer whose log-probabilities are missing', async () => {
    await using server = await startFakeOpenAi(request =>
      request.logprobs && request.text.includes('Answer 3.') ? { kind: 'completion', text: '12' } : judgeWell(request),
    )
    const judgements = await judgeAt(server).score(itemsUpTo(6))
    const methods = judgements.map(({ expression }) => expression.status === 'scored' && expression.method)
    expect(methods).toEqual(Array.from({ length: 6 }, (_, index) => (index === 3 ? 'parsed' : 'log-probabilities')))
  })

  test('leaves single answers unscored where the judge makes no sense', async () => {
    await using server = await startFakeOpenAi(request =>
      judging(request) && request.text.includes('Answer 2.')
        ? { kind: 'completion', text: 'Sure', top: { Sure: 0.9, '50': 0.1 } }
        : judgeWell(request),
    )
    const judgements = await judgeAt(server).score(itemsUpTo(20))
    const unscored = judgements.filter(({ expression }) => expression.status === 'unscored')
    expect(unscored).toEqual([judgements[2]])
    expect(judgements[2]!.expression).toMatchObject({
      reason: expect.stringContaining('0.25'),
      mass: expect.closeTo(0.1),
    })
    expect(judgements[2]!.coherence!.status).toBe('scored')
  })

  test('fails with one line where more than half of the first answers are unscored for one reason', async () => {
    await using server = await startFakeOpenAi(request => {
      const number = Number(/Answer (\d+)\./.exec(request.text)?.[1])
      return judging(request) && number < 11
        ? { kind: 'completion', text: 'Sure', top: { Sure: 1 } }
        : judgeWell(request)
    })
    const failing = judgeAt(server).score(itemsUpTo(500))
    await expect(failing).rejects.toMatchObject({
      code: 'JUDGE_FAILED',
      message: expect.stringContaining('11 of the first 20 answers have no score of expression (under 0.25'),
    })
    // Nothing is spent on the rest.
    expect(server.requests).toHaveLength(41)
  })

  test('does not fail where exactly half of the first answers are unscored', async () => {
    await using server = await startFakeOpenAi(request => {
      const number = Number(/Answer (\d+)\./.exec(request.text)?.[1])
      return judging(request) && number < 10
        ? { kind: 'completion', text: 'Sure', top: { Sure: 1 } }
        : judgeWell(request)
    })
    const judgements = await judgeAt(server).score(itemsUpTo(25))
    expect(judgements.filter(({ expression }) => expression.status === 'unscored')).toHaveLength(10)
  })
})

describe('what a judge was asked before', () => {
  test('is never asked again by a later run', async () => {
    await using server = await startFakeOpenAi()
    const folder = newFolder()
    const first = await judgeAt(server, { cache: await JudgeCache.open(folder) }).score(itemsUpTo(40))
    const asked = server.requests.length
    const again = judgeAt(server, { cache: await JudgeCache.open(folder) })
    expect(again.estimate(itemsUpTo(40))).toMatchObject({ calls: 0, promptTokens: 0 })
    expect(await again.score(itemsUpTo(40))).toEqual(first)
    expect(server.requests).toHaveLength(asked)
  })

  test('is asked once where equal answers are judged, also at the same time', async () => {
    await using server = await startFakeOpenAi()
    const cache = await JudgeCache.open(newFolder())
    const items = [...itemsUpTo(10), ...itemsUpTo(10)]
    const judges = [judgeAt(server, { cache }), judgeAt(server, { cache }), judgeAt(server, { cache })]
    const results = await Promise.all(judges.map(judge => judge.score(items)))
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
    expect(results[0]!.slice(10)).toEqual(results[0]!.slice(0, 10))
    expect([...server.timesByText.values()]).toEqual(new Array(20).fill(1))
    expect(server.requests).toHaveLength(21)
  })

  test('is asked here where the other place that was asking was stopped', async () => {
    const held = Promise.withResolvers<void>()
    await using server = await startFakeOpenAi(request =>
      request.times === 1 ? ({ ...judgeWell(request), after: held.promise } as FakeAnswer) : judgeWell(request),
    )
    const cache = await JudgeCache.open(newFolder())
    const stop = new AbortController()
    const stopped = judgeAt(server, { cache }).score(itemsUpTo(3), { signal: stop.signal })
    await vi.waitFor(() => expect(server.requests).toHaveLength(1))
    const other = judgeAt(server, { cache }).score(itemsUpTo(3))
    stop.abort()
    await expect(stopped).rejects.toMatchObject({ code: 'JUDGE_ABORTED' })
    held.resolve()
    expect(await other).toHaveLength(3)
  })

  test('is another question where rubric, model or server are others', async () => {
    await using server = await startFakeOpenAi()
    const cache = await JudgeCache.open(newFolder())
    await judgeAt(server, { cache }).score(itemsUpTo(3))
    const other = judgeAt(server, { cache, rubric: 'Rate the gloom from 0 to 100.\n{question}\n{answer}' })
    // Coherence is the same question.
    expect(other.estimate(itemsUpTo(3)).calls).toBe(3)
    await using elsewhere = await startFakeOpenAi()
    expect(judgeAt(elsewhere, { cache }).estimate(itemsUpTo(3)).calls).toBe(7)
  })

  test('stays after a stop, and the next run asks only the rest', async () => {
    let stalled = true
    await using server = await startFakeOpenAi(request =>
      stalled && server.requests.length > 61 ? { kind: 'hang' } : judgeWell(request),
    )
    const folder = newFolder()
    const stop = new AbortController()
    let scored = 0
    const stopped = judgeAt(server, { cache: await JudgeCache.open(folder) }).score(itemsUpTo(60), {
      signal: stop.signal,
      onScore: () => {
        if (++scored === 25) stop.abort()
      },
    })
    await expect(stopped).rejects.toMatchObject({ code: 'JUDGE_ABORTED' })
    const kept = (await readFile(join(folder, 'judge-calls.jsonl'), 'utf8')).trim().split('\n').length
    expect(kept).toBeGreaterThanOrEqual(51)
    expect(kept).toBeLessThanOrEqual(61)
    stalled = false
    const before = server.requests.length
    const judgements = await judgeAt(server, { cache: await JudgeCache.open(folder) }).score(itemsUpTo(60))
    expect(judgements.every(({ expression }) => expression.status === 'scored')).toBe(true)
    expect(server.requests.length - before).toBe(121 - kept)
  })

  test('is asked afresh by a judge without memory', async () => {
    await using server = await startFakeOpenAi()
    const judge = judgeAt(server, { cache: await JudgeCache.open(newFolder()) })
    await judge.score(itemsUpTo(3))
    await judge.fresh.score(itemsUpTo(3))
    expect(server.requests).toHaveLength(14)
  })
})

describe('the budget of a judge', () => {
  const prices = { [fakeModel]: { inputPerMillionTokens: 2, outputPerMillionTokens: 8 } }

  test('is estimated before anything is spent', async () => {
    await using server = await startFakeOpenAi()
    const judge = judgeAt(server, { budget: new JudgeBudget(fakeModel, { prices }) })
    const estimate = judge.estimate([...itemsUpTo(10), ...itemsUpTo(10), { question: 'Q', answer: '' }])
    expect(estimate.calls).toBe(21)
    expect(estimate.promptTokens).toBeGreaterThan(10 * (coherenceRubric.length / 4))
    expect(estimate.cost).toBeCloseTo((estimate.promptTokens! * 2 + 21 * 8) / 1e6, 12)
    expect(server.requests).toHaveLength(0)
  })

  test('of calls is spent to the last one and never beyond; a larger one goes on from there', async () => {
    await using server = await startFakeOpenAi()
    const folder = newFolder()
    const open = async (maxCalls: number) =>
      judgeAt(server, { cache: await JudgeCache.open(folder), budget: new JudgeBudget(fakeModel, { maxCalls }) })
    const scored: number[] = []
    const limited = (await open(50)).score(itemsUpTo(40), { onScore: index => scored.push(index) })
    await expect(limited).rejects.toMatchObject({
      code: 'JUDGE_BUDGET_SPENT',
      message: expect.stringContaining('make 50 calls, and that is spent: 50 calls were made, 31 more are needed'),
    })
    expect(server.requests).toHaveLength(50)
    expect(scored).toHaveLength(24)
    expect(await (await open(31)).score(itemsUpTo(40))).toHaveLength(40)
    expect(server.requests).toHaveLength(81)
    expect([...server.timesByText.values()].every(times => times === 1)).toBe(true)
  })

  test('of money is never overspent, and counts what the server says was used', async () => {
    await using server = await startFakeOpenAi()
    const budget = new JudgeBudget(fakeModel, { maxCost: 0.004, prices })
    const spending = judgeAt(server, { budget }).score(itemsUpTo(40))
    await expect(spending).rejects.toMatchObject({ code: 'JUDGE_BUDGET_SPENT' })
    // The server says 100 tokens in and 1 out, for each call.
    const { calls, cost } = budget.spent
    expect(cost).toBeCloseTo((calls * (100 * 2 + 8)) / 1e6, 12)
    expect(cost!).toBeLessThanOrEqual(0.004)
    expect(calls).toBe(server.requests.length)
    expect(calls).toBeGreaterThan(5)
  })

  test('is not charged for calls that came to nothing', async () => {
    await using server = await startFakeOpenAi(() => ({ kind: 'status', status: 500 }))
    const budget = new JudgeBudget(fakeModel, { maxCalls: 10 })
    const failing = judgeAt(server, { budget }, { retry: { tries: 2 } }).score(itemsUpTo(3))
    await expect(failing).rejects.toMatchObject({ code: 'JUDGE_UNREACHABLE' })
    expect(budget.spent).toMatchObject({ calls: 0, promptTokens: 0 })
  })

  test('of money needs a price for the model', () => {
    expect(() => new JudgeBudget('other', { maxCost: 1, prices })).toThrow(/price of other.*prices of fake-judge only/)
    expect(() => new JudgeBudget('other', { maxCost: 1 })).toThrow(/no prices/)
  })
})
