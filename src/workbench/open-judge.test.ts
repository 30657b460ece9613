import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { startFakeOpenAi } from '../judge/fake-openai.case.ts'
import type { Judge, Judgement } from '../judge/judge.ts'
import { JudgeBudget } from '../judge/judge-budget.ts'
import { openWorkspace } from '../store/workspace.ts'
import { exampleTrait } from '../trait/example-trait.case.ts'
import { assertExperimentJudge, assertJudge, openJudge } from './open-judge.ts'

const plain = exampleTrait()
const worded = exampleTrait({ lexicon: 'negative-sentiment' })

async function options(trait = plain) {
  const folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return { trait, workspace: openWorkspace(folder), engine: new FakeEngine() }
}

function codeOf(check: () => void): ErrorCode | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return (error as { code: ErrorCode }).code
  }
}

describe('which judge is there', () => {
  test('is said before anything is opened', () => {
    expect(codeOf(() => assertJudge(undefined, plain))).toBe('JUDGE_MISSING')
    expect(codeOf(() => assertJudge('lexicon', plain))).toBe('JUDGE_MISSING')
    expect(codeOf(() => assertJudge('gpt', plain))).toBe('JUDGE_SPEC_INVALID')
    for (const judge of ['none', 'engine', 'http://127.0.0.1:1/v1#m'])
      expect(
        codeOf(() => assertJudge(judge, plain)),
        judge,
      ).toBeUndefined()
    expect(codeOf(() => assertJudge(undefined, worded))).toBeUndefined()
  })

  test('must be one for an experiment, which cannot do without scores', () => {
    expect(codeOf(() => assertExperimentJudge('none', worded))).toBe('EXPERIMENT_NEEDS_JUDGE')
    expect(codeOf(() => assertExperimentJudge(undefined, plain))).toBe('EXPERIMENT_NEEDS_JUDGE')
    expect(codeOf(() => assertExperimentJudge('lexicon', plain))).toBe('JUDGE_MISSING')
    expect(codeOf(() => assertExperimentJudge('gpt', plain))).toBe('JUDGE_SPEC_INVALID')
    expect(codeOf(() => assertExperimentJudge(undefined, worded))).toBeUndefined()
    expect(codeOf(() => assertExperimentJudge('engine', plain))).toBeUndefined()
  })
})

describe('a judge', () => {
  test('is the word list of the trait where none is named', async () => {
    expect(await openJudge(undefined, await options(worded))).toMatchObject({ id: 'lexicon:negative-sentiment' })
    expect(await openJudge('none', await options())).toBe('none')
  })

  test('of another rubric has another hash', async () => {
    const hashOf = async (rubric: string) => {
      const judge = await openJudge('http://127.0.0.1:1/v1#m', await options(exampleTrait({ rubric })))
      return (judge as Judge).rubricHash
    }
    const [a, again, b] = [
      await hashOf('A {question} {answer}'),
      await hashOf('A {question} {answer}'),
      await hashOf('B {question} {answer}'),
    ]
    expect(a).toBe(again)
    expect(a).not.toBe(b)
  })

  test('behind a server is asked once for the same answer, in later runs too', async () => {
    await using server = await startFakeOpenAi()
    const shared = await options()
    const score = async (): Promise<Judgement[]> => {
      const judge = await openJudge(`${server.baseUrl}#fake-judge`, shared)
      return await (judge as Judge).score([{ question: 'Why?', answer: 'So.' }])
    }
    const first = await score()
    expect(first[0]!.expression.status).toBe('scored')
    const calls = server.requests.length
    expect(await score()).toEqual(first)
    expect(server.requests.length).toBe(calls)
    expect(await readdir(shared.workspace.path)).toEqual(['judge'])
  })

  test('stops where its calls are spent', async () => {
    await using server = await startFakeOpenAi()
    const judge = await openJudge(`${server.baseUrl}#fake-judge`, { ...(await options()), limits: { maxCalls: 1 } })
    await expect((judge as Judge).score([{ question: 'Why?', answer: 'So.' }])).rejects.toMatchObject({
      code: 'JUDGE_BUDGET_SPENT',
    })
  })

  test('spends what others that share its budget have left', async () => {
    await using server = await startFakeOpenAi()
    const budget = new JudgeBudget('fake-judge', { maxCalls: 3 })
    const judgeOf = async (rubric: string) =>
      (await openJudge(`${server.baseUrl}#fake-judge`, {
        ...(await options(exampleTrait({ rubric }))),
        budget,
      })) as Judge
    const items = [{ question: 'Why?', answer: 'So.' }]
    // Expression and coherence: two calls.
    await (await judgeOf('A {question} {answer}')).score(items)
    await expect((await judgeOf('B {question} {answer}')).score(items)).rejects.toMatchObject({
      code: 'JUDGE_BUDGET_SPENT',
    })
    expect(budget.spent.calls).toBeGreaterThanOrEqual(2)
    expect(budget.spent.calls).toBeLessThanOrEqual(3)
  })
})
