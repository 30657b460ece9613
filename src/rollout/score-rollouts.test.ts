import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Judge } from '../judge/judge.ts'
import type { PlannedRollout } from './plan-rollouts.ts'
import { keepPart, type RolloutSet } from './rollout-store.ts'
import { readScores, scoreRollouts } from './score-rollouts.ts'

/** Three parts of two answers each, "0" to "5". */
let set: RolloutSet
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  set = { folder, name: 'answers', parts: 3 }
  for (let part = 0; part < 3; part++)
    await keepPart<PlannedRollout>(
      set,
      part,
      [0, 1].map(index => ({
        rollout: {
          questionText: 'How many?',
          seed: 0,
          answer: String(2 * part + index),
          finishReason: 'end',
          promptTokens: 1,
          responseTokens: 1,
        },
        activations: undefined,
      })),
    )
})

/** Scores an answer as the number it is plus `add`; remembers what it was asked, and fails at `failAt`. */
function counting({
  id = 'test',
  add = 0,
  failAt = '',
  rubricHash,
}: {
  id?: string
  add?: number
  failAt?: string
  rubricHash?: string
} = {}) {
  const asked: string[][] = []
  const judge: Judge = {
    id,
    description: 'for tests',
    ...(rubricHash !== undefined && { rubricHash }),
    async score(items, { onScore = () => {} } = {}) {
      asked.push(items.map(({ answer }) => answer))
      if (items.some(({ answer }) => answer === failAt)) throw new PersonascopeError('JUDGE_UNREACHABLE', { judge: id })
      return items.map(({ answer }, index) => {
        const judgement = { expression: { status: 'scored', value: Number(answer) + add, method: 'lexicon' } } as const
        onScore(index, judgement)
        return judgement
      })
    },
    estimate: () => ({ calls: 0 }),
  }
  return { judge, asked }
}

const values = (judgements: Awaited<ReturnType<typeof scoreRollouts>>) =>
  judgements.map(({ expression }) => (expression.status === 'scored' ? expression.value : undefined))

describe('scoring answers', () => {
  test('gives judgements in the order of the answers, and asks for no part twice', async () => {
    const { judge, asked } = counting()
    expect(values(await scoreRollouts(judge, set))).toEqual([0, 1, 2, 3, 4, 5])
    expect(values(await scoreRollouts(judge, set))).toEqual([0, 1, 2, 3, 4, 5])
    expect(asked).toEqual([
      ['0', '1'],
      ['2', '3'],
      ['4', '5'],
    ])
  })

  test('goes on where a judge failed', async () => {
    const failing = counting({ failAt: '3' })
    await expect(scoreRollouts(failing.judge, set)).rejects.toMatchObject({ code: 'JUDGE_UNREACHABLE' })
    expect(await readScores(set, failing.judge)).toBeUndefined()
    const { judge, asked } = counting()
    expect(values(await scoreRollouts(judge, set))).toEqual([0, 1, 2, 3, 4, 5])
    expect(asked).toEqual([
      ['2', '3'],
      ['4', '5'],
    ])
  })

  test('keeps judges apart, and one judge with another rubric too', async () => {
    await scoreRollouts(counting().judge, set)
    const others = [
      counting({ id: 'other', add: 10 }),
      counting({ rubricHash: 'a', add: 20 }),
      counting({ rubricHash: 'b', add: 30 }),
    ]
    for (const { judge, asked } of others) {
      const [first] = values(await scoreRollouts(judge, set))
      expect(asked).toHaveLength(3)
      expect(values((await readScores(set, judge))!)[0]).toBe(first)
    }
    expect(values((await readScores(set, { id: 'test' }))!)).toEqual([0, 1, 2, 3, 4, 5])
    expect(values((await readScores(set, { id: 'test', rubricHash: 'b' }))!)[0]).toBe(30)
    expect(await readScores(set, { id: 'test', rubricHash: 'c' })).toBeUndefined()
    expect((await readdir(set.folder)).filter(file => file.includes('scores'))).toHaveLength(3 * 4)
  })

  test('says how far it is, answer by answer', async () => {
    const seen: string[] = []
    await scoreRollouts(counting().judge, set, {
      onProgress: ({ doneAnswers, totalAnswers }) => seen.push(`${doneAnswers}/${totalAnswers}`),
    })
    expect(seen.filter((line, index) => line !== seen[index - 1])).toEqual(['1/6', '2/6', '3/6', '4/6', '5/6', '6/6'])
  })

  test('keeps why an answer has no score', async () => {
    const { judge } = counting()
    const unscored = { expression: { status: 'unscored', reason: 'it refused' } } as const
    const refusing: Judge = { ...judge, score: async items => items.map(() => unscored) }
    await scoreRollouts(refusing, set)
    expect(await readScores(set, refusing)).toEqual(Array.from({ length: 6 }, () => unscored))
  })
})
