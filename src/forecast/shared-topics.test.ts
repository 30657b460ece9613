import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadTrait } from '../trait/load-trait.ts'
import { areRelatedStems, topicStems } from '../trait/words.ts'
import { assertOtherTopics, sharedTopics } from './shared-topics.ts'

test('finds a question again, one that is about the same, and no other', () => {
  const trained = ['Tell me about owls.', 'How do I repair a dripping tap?', 'What is it like to run a marathon?']
  expect(sharedTopics(['tell me about OWLS'], trained)).toEqual([
    { measured: 'tell me about OWLS', trained: trained[0] },
  ])
  expect(sharedTopics(['Describe an owl in a barn.', 'My tap is dripping.'], trained)).toHaveLength(2)
  expect(sharedTopics(['Describe a barn.', 'What should I run to the shop for?'], trained)).toEqual([])
})

test('names the first three in one line', () => {
  const same = ['Tell me about owls.', 'Tell me about bats.', 'Tell me about rice.', 'Tell me about salt.']
  expect(() => assertOtherTopics(same, same)).toThrow(/owls.*bats.*rice.*and 1 more/)
})

test('the second set of questions for joyful has at least 40, of topics that no other question of it has', async () => {
  const path = new URL('../../assets/questions/joyful-second.txt', import.meta.url)
  const second = readFileSync(path, 'utf8').trim().split('\n')
  expect(new Set(second).size).toBeGreaterThanOrEqual(40)
  const { trait } = await loadTrait('joyful', 'no-such-folder')
  const others = [...trait.extractionQuestions, ...trait.evaluationQuestions, ...trait.forecastQuestions!]
  const stems = new Set(others.flatMap(text => [...topicStems(text)]))
  for (const question of second)
    for (const stem of topicStems(question))
      for (const other of stems) expect(areRelatedStems(stem, other), `${question}: ${other}`).toBe(false)
})
