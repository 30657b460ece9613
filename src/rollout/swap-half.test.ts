import { describe, expect, test } from 'vitest'
import type { KeptPairs } from './kept-pairs.ts'
import type { ContrastiveRollout } from './plan-rollouts.ts'
import type { FinishedRollout } from './rollout-store.ts'
import { swapHalf } from './swap-half.ts'

/** `pairs` pairs, p+ first and p- later, as they are planned: the sides of a pair lie far apart. */
function make(pairs: number, dropped: readonly number[] = []) {
  const of = (side: ContrastiveRollout['side'], question: number): FinishedRollout => ({
    rollout: {
      pair: 0,
      side,
      question,
      sample: 0,
      seed: question,
      systemPrompt: side,
      questionText: `${question}`,
      answer: `${side} ${question}`,
      finishReason: 'end',
      promptTokens: 1,
      responseTokens: 1,
    },
    activations: undefined,
  })
  const questions = Array.from({ length: pairs }, (_, question) => question)
  const finished = (['positive', 'negative'] as const).flatMap(side => questions.map(question => of(side, question)))
  const kept = finished.map(({ rollout }) => !dropped.includes(rollout.question))
  const keptPairs: KeptPairs = { kept, pairsPlanned: pairs, pairsKept: pairs - dropped.length, dropped: {} }
  return { finished, keptPairs }
}

async function swap(pairs: number, seed = 0, dropped: readonly number[] = []) {
  const { finished, keptPairs } = make(pairs, dropped)
  const { pairs: left, swap: swapParts } = swapHalf(
    finished.map(({ rollout }) => rollout),
    keptPairs,
    seed,
  )
  const parts = async function* () {
    for (let from = 0; from < finished.length; from += 3) yield finished.slice(from, from + 3)
  }
  const swapped: FinishedRollout[] = []
  for await (const part of swapParts(parts())) swapped.push(...part)
  const isSwapped = ({ rollout }: FinishedRollout) => rollout.side !== rollout.systemPrompt
  return { finished, left, swapped, questions: swapped.filter(isSwapped).map(({ rollout }) => rollout.question) }
}

describe('swapping half of the pairs', () => {
  test('swaps exactly half, both sides of each, and changes nothing else', async () => {
    const { finished, left, swapped, questions } = await swap(20)
    expect(questions).toHaveLength(2 * 10)
    expect(new Set(questions).size).toBe(10)
    expect(left.pairsKept).toBe(20)
    expect(left.dropped).toEqual({})
    const words = (all: readonly FinishedRollout[]) => all.map(({ rollout: { side: _, ...rest } }) => rest)
    expect(words(swapped)).toEqual(words(finished))
  })

  test('leaves one of an odd number of pairs out, never one that is swapped', async () => {
    const { left, questions, finished } = await swap(9)
    expect(left.pairsKept).toBe(8)
    expect(left.dropped).toEqual({ 'odd one': 1 })
    expect(new Set(questions).size).toBe(4)
    const out = new Set(finished.flatMap(({ rollout }, index) => (left.kept[index] ? [] : [rollout.question])))
    expect(out.size).toBe(1)
    expect(questions).not.toContain([...out][0])
  })

  test('leaves nothing of a single pair, which swapped would be the vector itself', async () => {
    expect((await swap(1)).left).toMatchObject({ pairsKept: 0, kept: [false, false] })
  })

  test('touches kept pairs only', async () => {
    const dropped = [0, 1, 2, 3, 4, 5, 6, 7]
    const { questions, left } = await swap(12, 0, dropped)
    expect(new Set(questions).size).toBe(2)
    expect(questions.some(question => dropped.includes(question))).toBe(false)
    expect(left.pairsKept).toBe(4)
  })

  test('chooses alike for the same seed, and otherwise for another', async () => {
    expect((await swap(20, 1)).questions).toEqual((await swap(20, 1)).questions)
    expect((await swap(20, 2)).questions).not.toEqual((await swap(20, 1)).questions)
  })
})
