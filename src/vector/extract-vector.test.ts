import { describe, expect, test } from 'vitest'
import type { Side } from '../rollout/plan-rollouts.ts'
import type { FinishedRollout } from '../rollout/rollout-store.ts'
import { directionWithout, extractDirections } from './extract-vector.ts'

/** One block, two numbers: matrices are [2, 2]. */
const shape = { blockCount: 1, hiddenSize: 2, questions: 2 }
const all = new Array<boolean>(8).fill(true)

function rollout(question: number, side: Side, value: number, tokens = 2): FinishedRollout {
  const words = { pair: 0, side, question, sample: 0, systemPrompt: '', questionText: '', seed: 0 }
  const matrix = (offset: number) => Float32Array.of(value + offset, 0, 2 * value, offset)
  return {
    rollout: { ...words, answer: 'x', finishReason: 'end', promptTokens: 3, responseTokens: tokens },
    activations:
      tokens === 0
        ? undefined
        : {
            responseMean: matrix(0),
            promptMean: matrix(1),
            promptMeanWithoutFirst: matrix(2),
            promptLast: matrix(3),
            // Layer 0 has the norms 1..tokens, layer 1 ten times that.
            responseNorms: Float32Array.from(
              { length: 2 * tokens },
              (_, i) => ((i % tokens) + 1) * (i < tokens ? 1 : 10),
            ),
          },
  }
}

async function* parts(...all: FinishedRollout[][]) {
  yield* all
}

describe('the difference of means', () => {
  test('is the mean over pairs of positive minus negative, layer by layer', async () => {
    const extracted = await extractDirections(
      parts(
        [rollout(0, 'positive', 5), rollout(0, 'negative', 1)],
        [rollout(1, 'positive', 3), rollout(1, 'negative', 2)],
      ),
      shape,
      all,
    )
    // (5-1 + 3-2)/2 = 2.5 at layer 0, twice that at layer 1; what both sides share cancels out.
    expect([...extracted.directions.response_avg]).toEqual([2.5, 0, 5, 0])
    expect([...extracted.directions.prompt_last]).toEqual([2.5, 0, 5, 0])
    expect(extracted).toMatchObject({ pairsKept: 2, responseTokens: 8 })
  })

  test('does not depend on the order of sides or parts', async () => {
    const one = [rollout(0, 'positive', 5), rollout(1, 'negative', 2)]
    const two = [rollout(1, 'positive', 3), rollout(0, 'negative', 1)]
    const forth = await extractDirections(parts(one, two), shape, all)
    const back = await extractDirections(parts(two.toReversed(), one.toReversed()), shape, all)
    expect(back.directions).toEqual(forth.directions)
  })

  test('points the other way when the sides are swapped', async () => {
    const forth = await extractDirections(parts([rollout(0, 'positive', 5), rollout(0, 'negative', 1)]), shape, all)
    const back = await extractDirections(parts([rollout(0, 'negative', 5), rollout(0, 'positive', 1)]), shape, all)
    expect([...back.directions.response_avg]).toEqual(
      [...forth.directions.response_avg].map(value => (value === 0 ? 0 : -value)),
    )
  })

  test('leaves out a pair of which one answer is empty', async () => {
    const extracted = await extractDirections(
      parts([
        rollout(0, 'positive', 5),
        rollout(0, 'negative', 1),
        rollout(1, 'positive', 90),
        rollout(1, 'negative', 0, 0),
      ]),
      shape,
      all,
    )
    expect([...extracted.directions.response_avg]).toEqual([4, 0, 8, 0])
    expect(extracted.pairsKept).toBe(1)
  })

  test('takes the median length over the tokens of both sides', async () => {
    const extracted = await extractDirections(
      parts([rollout(0, 'positive', 5, 3), rollout(0, 'negative', 1, 1)]),
      shape,
      all,
    )
    // Lengths 1, 2, 3 and 1 at layer 0.
    expect([...extracted.medianResponseNorms]).toEqual([1.5, 15])
  })

  test('of nothing is refused', async () => {
    await expect(extractDirections(parts([]), shape, all)).rejects.toMatchObject({ code: 'VECTOR_NO_PAIRS' })
    await expect(extractDirections(parts([rollout(0, 'positive', 1)]), shape, all)).rejects.toMatchObject({
      code: 'VECTOR_NO_PAIRS',
    })
  })
})

describe('pairs that are not kept', () => {
  test('have no part in the direction', async () => {
    const extracted = await extractDirections(
      parts([
        rollout(0, 'positive', 5),
        rollout(0, 'negative', 1),
        rollout(1, 'positive', 90),
        rollout(1, 'negative', 0),
      ]),
      shape,
      [true, true, false, false],
    )
    expect([...extracted.directions.response_avg]).toEqual([4, 0, 8, 0])
    expect(extracted.pairsKept).toBe(1)
  })
})

describe('the direction without some questions', () => {
  test('is the mean over the pairs of the others', async () => {
    const { questions, directions } = await extractDirections(
      parts([
        rollout(0, 'positive', 5),
        rollout(0, 'negative', 1),
        rollout(1, 'positive', 3),
        rollout(1, 'negative', 2),
      ]),
      shape,
      all,
    )
    expect([...directionWithout(questions, question => question === 0)!]).toEqual([1, 0, 2, 0])
    expect([...directionWithout(questions, question => question === 1)!]).toEqual([4, 0, 8, 0])
    expect(directionWithout(questions, () => false)).toEqual(directions.response_avg)
    expect(directionWithout(questions, () => true)).toBeUndefined()
  })
})
