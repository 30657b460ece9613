import { expect, test } from 'vitest'
import { planTraining } from './plan-training.ts'

const prompts = Array.from({ length: 6 }, (_, index) => `prompt ${index}`)
const questions = Array.from({ length: 10 }, (_, index) => `question ${index}`)
const pairOf = ({ prompt, question }: { prompt: number; question: number }) => `${prompt}/${question}`

test('every question comes equally often, under prompts that differ, and a tenth of the answers are second ones', () => {
  const planned = planTraining(prompts, questions, { answers: 50, seed: 1 })
  expect(planned).toHaveLength(50)
  const firsts = planned.filter(({ sample }) => sample === 0)
  expect(new Set(firsts.map(pairOf)).size).toBe(45)
  expect(firsts).toHaveLength(45)
  for (let question = 0; question < 10; question++) {
    const count = firsts.filter(rollout => rollout.question === question).length
    expect(count === 4 || count === 5).toBe(true)
  }
  const asked = new Set(firsts.map(pairOf))
  for (const second of planned.filter(({ sample }) => sample === 1)) expect(asked).toContain(pairOf(second))
})

test('prompts are neighbours, and every answer is drawn by itself', () => {
  const planned = planTraining(prompts, questions, { answers: 50, seed: 1 })
  const order = planned.map(({ prompt }) => prompt)
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  expect(new Set(planned.map(({ seed }) => seed)).size).toBe(50)
})

test('with more answers than pairs each pair is asked again in turn, and the same seed plans the same', () => {
  const planned = planTraining(prompts, questions, { answers: 150, seed: 1 })
  const counts = new Map<string, number>()
  for (const rollout of planned) counts.set(pairOf(rollout), (counts.get(pairOf(rollout)) ?? 0) + 1)
  expect(counts.size).toBe(60)
  expect([...counts.values()].every(count => count === 2 || count === 3)).toBe(true)
  expect(new Set(planned.map(rollout => `${pairOf(rollout)}/${rollout.sample}`)).size).toBe(150)
  expect(planTraining(prompts, questions, { answers: 150, seed: 1 })).toEqual(planned)
  expect(planTraining(prompts, questions, { answers: 150, seed: 2 })).not.toEqual(planned)
})
