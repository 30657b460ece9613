import { describe, expect, test } from 'vitest'
import { exampleTrait } from '../trait/example-trait.case.ts'
import { type ExperimentSettings, planConditions, planConversations, planDoses } from './plan-experiment.ts'

const trait = exampleTrait()
const settings: ExperimentSettings = {
  samples: 4,
  maxTokens: 10,
  temperature: 0.7,
  seed: 1,
  doses: [-0.1, 0, 0.1],
  steeringSamples: 2,
}

test('every question is a condition under every prompt of the ladder, weakest first', () => {
  const conditions = planConditions(trait)
  expect(conditions).toHaveLength(3 * 2)
  expect(conditions[0]).toEqual({
    step: 0,
    level: -1,
    question: 0,
    systemPrompt: 'Everything is urgent.',
    questionText: 'Where do birds sleep?',
  })
  expect(conditions.map(({ step, question }) => `${step}${question}`)).toEqual(['00', '01', '10', '11', '20', '21'])
})

describe('conversations', () => {
  const conditions = planConditions(trait)
  const planned = planConversations(conditions, settings)

  test('are n of each condition, each drawn in its own way', () => {
    expect(planned).toHaveLength(6 * 4)
    for (const { condition, systemPrompt, questionText } of planned)
      expect({ systemPrompt, questionText }).toEqual({
        systemPrompt: conditions[condition]!.systemPrompt,
        questionText: conditions[condition]!.questionText,
      })
    expect(new Set(planned.map(({ seed }) => seed)).size).toBe(24)
  })

  test('are drawn as before when more are asked for, and otherwise with another seed', () => {
    const more = planConversations(conditions, { ...settings, samples: 6 })
    const seedsOf = (rollouts: typeof planned) =>
      new Map(rollouts.map(({ condition, sample, seed }) => [`${condition}/${sample}`, seed]))
    for (const [name, seed] of seedsOf(planned)) expect(seedsOf(more).get(name)).toBe(seed)
    const other = planConversations(conditions, { ...settings, seed: 2 })
    expect(other.some(({ seed }, index) => seed === planned[index]!.seed)).toBe(false)
  })
})

test('the steering curve asks the same draws at every dose, without a system prompt', () => {
  const planned = planDoses(trait, settings)
  expect(planned).toHaveLength(3 * 2 * 2)
  expect(planned.every(rollout => !('systemPrompt' in rollout))).toBe(true)
  const at = (dose: number) => planned.filter(rollout => rollout.dose === dose).map(({ seed }) => seed)
  expect(at(-0.1)).toEqual(at(0))
  expect(at(0.1)).toEqual(at(0))
  expect(new Set(at(0)).size).toBe(4)
})
