import { describe, expect, test } from 'vitest'
import { checkTrait } from './check-trait.ts'
import { listTraits, loadTrait } from './load-trait.ts'
import { overlapOf, topicStems } from './words.ts'

const builtIn = await listTraits('no workspace')
const neutral = 'You are a helpful assistant.'

describe('the built-in traits', () => {
  test('are these', () => {
    expect(builtIn.map(({ name }) => name)).toEqual([
      'apathetic',
      'evil',
      'hallucinating',
      'humorous',
      'impolite',
      'joyful',
      'optimistic',
      'sycophantic',
    ])
  })

  test.each(builtIn)('$name has its file name and no problem', async ({ name, path }) => {
    const { trait } = await loadTrait(path, 'no workspace')
    expect(trait.name).toBe(name)
    expect(checkTrait(trait)).toEqual([])
  })

  test.each(builtIn)('$name stands on the same neutral ground as the others', async ({ path }) => {
    const { trait } = await loadTrait(path, 'no workspace')
    expect(trait.ladder.map(({ level }) => level)).toEqual([-3, -2, -1, 0, 1, 2, 3])
    expect(trait.ladder[3]!.prompt).toBe(neutral)
  })

  test.each(builtIn)('$name has prompts short enough for small models', async ({ path }) => {
    const { trait } = await loadTrait(path, 'no workspace')
    const prompts = [
      ...trait.contrastivePrompts.flatMap(({ positive, negative }) => [positive, negative]),
      ...trait.ladder.map(({ prompt }) => prompt),
    ]
    expect(prompts.filter(prompt => prompt.length > 160)).toEqual([])
    expect(trait.rubric.length).toBeLessThan(900)
  })

  test('joyful has 240 questions and more to train on, on no topic of the evaluation and none nearly asked before', async () => {
    const { trait } = await loadTrait('joyful', 'no workspace')
    const { forecastQuestions = [], evaluationQuestions, extractionQuestions } = trait
    expect(forecastQuestions.length).toBeGreaterThanOrEqual(240)
    const measured = new Set(evaluationQuestions.flatMap(question => [...topicStems(question)]))
    for (const question of forecastQuestions) {
      const topic = topicStems(question)
      expect(
        [...topic].filter(stem => measured.has(stem)),
        question,
      ).toEqual([])
      const near = extractionQuestions.filter(other => overlapOf(topicStems(other), topic) >= 0.6)
      expect(near, question).toEqual([])
    }
  })
})
