import { describe, expect, test } from 'vitest'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { pearson } from '../numeric/correlation.ts'
import { createLexiconJudge } from './lexicon-judge.ts'
import { type PromptText, textBaselines } from './text-baselines.ts'

const condition = (systemPrompt: string, question: number): PromptText => ({
  systemPrompt,
  questionText: `What of ${question}?`,
})
const judge = createLexiconJudge('sentiment')
const happy = 'You are happy and full of joy.'
const sad = 'You are sad and full of grief.'
const conditions = [condition(happy, 0), condition(sad, 0), condition(happy, 1), condition(sad, 1)]
const learned = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    systemPrompt: index % 2 === 0 ? happy : sad,
    questionText: `Tell me of ${index}.`,
    score: index % 2 === 0 ? 90 : 10,
  }))

describe('what the text alone tells', () => {
  test('is how the judge scores the prompt and the question by itself, and what n-grams learned from extraction answers', async () => {
    const [judged, question, ngrams, ...more] = await textBaselines(conditions, judge, learned(40))
    expect(more).toEqual([])
    expect([judged!.name, question!.name, ngrams!.name]).toEqual([
      'judge on the prompt',
      'judge on the question',
      'n-grams of the prompt',
    ])
    const [first] = await judge.score([{ question: 'What of 0?', answer: `${happy}\nWhat of 0?` }])
    expect(judged!.values[0]).toBe((first!.expression as { value: number }).value)
    const [asked] = await judge.score([{ question: 'What of 1?', answer: 'What of 1?' }])
    expect(question!.values[2]).toBe((asked!.expression as { value: number }).value)
    expect(question!.values[3]).toBe(question!.values[2])
    expect(pearson(ngrams!.values, [1, 0, 1, 0])).toBeGreaterThan(0.9)
    expect(ngrams!.values[0]).toBeGreaterThan(60)
    expect(ngrams!.values[1]).toBeLessThan(40)
  })

  test('is not learned from a handful of prompts', async () => {
    expect((await textBaselines(conditions, judge, learned(19))).map(({ name }) => name)).toEqual([
      'judge on the prompt',
      'judge on the question',
    ])
  })

  test('is without the judge where it has no score for a prompt, or does not make sense of prompts', async () => {
    const unscoring = {
      ...judge,
      score: async (items: readonly unknown[]) =>
        items.map(() => ({ expression: { status: 'unscored', reason: 'no answer' } as const })),
    }
    const failing = {
      ...judge,
      score: () => Promise.reject(new PersonascopeError('JUDGE_FAILED', { judge: 'x', detail: 'y' })),
    }
    for (const other of [unscoring, failing])
      expect((await textBaselines(conditions, other, learned(40))).map(({ name }) => name)).toEqual([
        'n-grams of the prompt',
      ])
    const down = { ...judge, score: () => Promise.reject(new PersonascopeError('JUDGE_UNREACHABLE', { judge: 'x' })) }
    await expect(textBaselines(conditions, down, [])).rejects.toMatchObject({ code: 'JUDGE_UNREACHABLE' })
  })
})
