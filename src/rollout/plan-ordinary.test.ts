import { expect, test } from 'vitest'
import { exampleTrait } from '../trait/example-trait.case.ts'
import { planOrdinary } from './plan-ordinary.ts'

const trait = exampleTrait({ name: 'warm', extractionQuestions: ['Who?', 'Why?', 'When?'] })
const everyday = ['You work at a hotel.', 'You are a gardener.', 'You answer letters.']

test('ordinary answers: twice as often as under one prompt, a third without a system prompt, all with seeds of their own', () => {
  const planned = planOrdinary(trait, everyday, { samples: 3, seed: 0 })
  expect(planned).toHaveLength(3 * 6)
  const without = planned.filter(({ systemPrompt }) => systemPrompt === undefined)
  expect(without.map(({ question, sample }) => [question, sample])).toEqual(
    [0, 1, 2].flatMap(question => [0, 3].map(sample => [question, sample])),
  )
  for (const { systemPrompt } of planned) if (systemPrompt !== undefined) expect(everyday).toContain(systemPrompt)
  expect(new Set(planned.map(({ seed }) => seed)).size).toBe(18)
  expect(planOrdinary(trait, everyday, { samples: 3, seed: 0 })).toEqual(planned)
  expect(planOrdinary(trait, everyday, { samples: 3, seed: 1 })).not.toEqual(planned)
})
