import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeOpenAi, type FakeRequest, fakeModel, startFakeOpenAi } from './fake-openai.case.ts'
import { JudgeCache } from './judge-cache.ts'
import { builtInAnchors, checkJudgeDrift } from './judge-drift.ts'
import { LlmJudge } from './llm-judge.ts'
import { OpenAiTransport } from './openai-transport.ts'

let directory: string
let folders = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'personascope-judge-'))
})
afterAll(async () => await rm(directory, { recursive: true }))
const newFolder = () => join(directory, String(folders++))

const rubric = 'Rate the joy from 0 to 100.\n{question}\n{answer}'

/** A judge behind a server that gives every expression one score, and every coherence another. */
async function openJudge(server: FakeOpenAi, folder: string, text = rubric): Promise<LlmJudge> {
  const transport = new OpenAiTransport({ baseUrl: server.baseUrl, model: fakeModel, apiKey: '' })
  return new LlmJudge({ transport, rubric: text, cache: await JudgeCache.open(folder) })
}

function startSteadyServer() {
  const scores = { expression: 40, coherence: 90 }
  const silent = new Set<string>()
  const answer = ({ text, isProbe }: FakeRequest) => {
    const value = isProbe ? 57 : text.startsWith('Rate the joy') ? scores.expression : scores.coherence
    const mute = text.startsWith('Rate the joy') && [...silent].some(part => text.includes(part))
    return { kind: 'completion', text: String(value), top: mute ? { No: 1 } : { [value]: 1 } } as const
  }
  return { answer, scores, silent }
}

describe('the drift of a judge', () => {
  test('is measured on twelve different answers that come with the package', () => {
    const anchors = builtInAnchors()
    expect(anchors).toHaveLength(12)
    expect(new Set(anchors.map(({ answer }) => answer)).size).toBe(12)
    for (const { question, answer } of anchors) expect(question && answer).toBeTruthy()
  })

  test('has nothing to compare with the first time, and is steady while the scores stay', async () => {
    const { answer, scores } = startSteadyServer()
    await using server = await startFakeOpenAi(answer)
    const folder = newFolder()
    const judge = await openJudge(server, folder)
    expect(await checkJudgeDrift(judge, folder)).toMatchObject({ status: 'first', warning: undefined })
    scores.expression = 45
    const second = await checkJudgeDrift(await openJudge(server, folder), folder)
    // Five points are not above five.
    expect(second).toMatchObject({ status: 'steady', expressionShift: 5, coherenceShift: 0, lost: 0 })
    expect(second.warning).toBeUndefined()
  })

  test('is asked of the server every time, whatever is remembered', async () => {
    const { answer } = startSteadyServer()
    await using server = await startFakeOpenAi(answer)
    const folder = newFolder()
    const judge = await openJudge(server, folder)
    await judge.score(builtInAnchors())
    const before = server.requests.length
    await checkJudgeDrift(judge, folder)
    await checkJudgeDrift(judge, folder)
    expect(server.requests.length - before).toBe(2 * 25)
  })

  test('above five points is a warning, always against the first time', async () => {
    const { answer, scores } = startSteadyServer()
    await using server = await startFakeOpenAi(answer)
    const folder = newFolder()
    const judge = await openJudge(server, folder)
    for (const value of [40, 44]) {
      scores.expression = value
      expect((await checkJudgeDrift(judge, folder)).warning).toBeUndefined()
    }
    scores.expression = 48
    const drift = await checkJudgeDrift(judge, folder)
    expect(drift).toMatchObject({ status: 'shifted', expressionShift: 8 })
    expect(drift.warning).toMatch(/by 8\.0 points on average/)
    const lines = (await readFile(join(folder, 'judge-drift.jsonl'), 'utf8')).trim().split('\n')
    expect(lines).toHaveLength(3)
    expect(drift.since).toBe(JSON.parse(lines[0]!).createdAt)
  })

  test('counts coherence too', async () => {
    const { answer, scores } = startSteadyServer()
    await using server = await startFakeOpenAi(answer)
    const folder = newFolder()
    const judge = await openJudge(server, folder)
    await checkJudgeDrift(judge, folder)
    scores.coherence = 70
    expect(await checkJudgeDrift(judge, folder)).toMatchObject({
      status: 'shifted',
      expressionShift: 0,
      coherenceShift: 20,
    })
  })

  test('is also that a judge has no score any more for many answers', async () => {
    const { answer, silent } = startSteadyServer()
    await using server = await startFakeOpenAi(answer)
    const folder = newFolder()
    const judge = await openJudge(server, folder)
    await checkJudgeDrift(judge, folder)
    silent.add('chess tournament of Brenholm').add('birthday')
    const fewer = await checkJudgeDrift(judge, folder)
    expect(fewer).toMatchObject({ status: 'steady', lost: 3, expressionShift: 0 })
    silent.add('poem')
    const drift = await checkJudgeDrift(judge, folder)
    expect(drift).toMatchObject({ status: 'shifted', lost: 5 })
    expect(drift.warning).toMatch(/5 of 12 anchors have no score any more/)
  })

  test("is another judge's where the rubric is another", async () => {
    const { answer } = startSteadyServer()
    await using server = await startFakeOpenAi(answer)
    const folder = newFolder()
    await checkJudgeDrift(await openJudge(server, folder), folder)
    const other = await openJudge(server, folder, 'Rate the gloom from 0 to 100.\n{question}\n{answer}')
    expect(await checkJudgeDrift(other, folder)).toMatchObject({ status: 'first' })
  })
})
