import { describe, expect, test } from 'vitest'
import { areaUnderCurve } from '../numeric/area-under-curve.ts'
import { createRandom } from '../numeric/random.ts'
import { dot } from '../numeric/vector-math.ts'
import type { Side } from '../rollout/plan-rollouts.ts'
import type { FinishedRollout } from '../rollout/rollout-store.ts'
import { extractDirections, type QuestionSums } from './extract-vector.ts'
import { foldOf, profileFolds, profileLayers } from './layer-profile.ts'

const [blockCount, hiddenSize, pairs, questions] = [2, 32, 2, 12]

interface Made {
  readonly rollouts: readonly FinishedRollout[]
  readonly scores: readonly number[]
}

/** Rollouts whose activations are noise, and what `signal` adds to one number of layer 2. */
function make(
  signal: (side: Side, score: number) => { readonly response: number; readonly promptLast: number },
  common = 0,
): Made {
  const random = createRandom(11)
  const draw = () => random.next() * 2 - 1
  const scores: number[] = []
  const rollouts: FinishedRollout[] = []
  const matrix = (added: number) => {
    const values = Float32Array.from({ length: (blockCount + 1) * hiddenSize }, () => draw() + common)
    values[2 * hiddenSize]! += added
    return values
  }
  for (let pair = 0; pair < pairs; pair++)
    for (const side of ['positive', 'negative'] as const)
      for (let question = 0; question < questions; question++) {
        const score = 50 + 30 * draw()
        const { response, promptLast } = signal(side, score)
        scores.push(score)
        rollouts.push({
          rollout: {
            pair,
            side,
            question,
            sample: 0,
            seed: 0,
            systemPrompt: `${pair} ${side}`,
            questionText: `${question}`,
            answer: 'x',
            finishReason: 'end',
            promptTokens: 3,
            responseTokens: 1,
          },
          activations: {
            responseMean: matrix(response),
            promptMean: matrix(0),
            promptMeanWithoutFirst: matrix(0),
            promptLast: matrix(promptLast),
            responseNorms: Float32Array.of(1, 1, 1),
          },
        })
      }
  return { rollouts, scores }
}

async function* partsOf(rollouts: readonly FinishedRollout[], size = 7): AsyncGenerator<readonly FinishedRollout[]> {
  for (let from = 0; from < rollouts.length; from += size) yield rollouts.slice(from, from + size)
}

async function profile({ rollouts, scores }: Made, known: readonly (number | undefined)[] | undefined = scores) {
  const shape = { blockCount, hiddenSize, questions }
  const extracted = await extractDirections(partsOf(rollouts), shape, new Array<boolean>(rollouts.length).fill(true))
  const { folds, layers } = await profileLayers(partsOf(rollouts), extracted.questions, [0, 0.1, 0.2], known)
  return { extracted, folds, layers }
}

const noise = () => ({ response: 0, promptLast: 0 })
const traitAtLayer2 = (side: Side, score: number) => ({
  response: side === 'positive' ? 4 : -4,
  promptLast: (score - 50) / 10,
})

/** How well the direction of all questions separates the very answers it was made from. */
function separationInSample({ rollouts }: Made, direction: Float32Array, layer: number): number {
  const at = (matrix: Float32Array) => matrix.subarray(layer * hiddenSize, (layer + 1) * hiddenSize)
  const of = (side: Side) =>
    rollouts
      .filter(({ rollout }) => rollout.side === side)
      .map(({ activations }) => dot(at(activations!.responseMean), at(direction)))
  return areaUnderCurve(of('positive'), of('negative'))!
}

describe('the profile of layers', () => {
  test('judges no answer by a vector made from its own question: noise separates nothing', async () => {
    const made = make(noise)
    const { extracted, layers } = await profile(made)
    for (const { layer, separation, reading } of layers) {
      // The same noise, judged by the vector that was made from it, looks like a finding.
      expect(separationInSample(made, extracted.directions.response_avg, layer)).toBeGreaterThan(0.85)
      expect(Math.abs(separation! - 0.5)).toBeLessThan(0.2)
      expect(Math.abs(reading!.overall)).toBeLessThan(0.35)
    }
  })

  test('does not depend on what the fold of a question holds', async () => {
    const made = make(traitAtLayer2)
    const shape = { blockCount, hiddenSize, questions }
    const all = new Array<boolean>(made.rollouts.length).fill(true)
    const { questions: sums } = await extractDirections(partsOf(made.rollouts), shape, all)
    // Whatever fold 1 says of the trait, its own answers are judged by the others: only theirs may change.
    const spoilt: QuestionSums = {
      pairs: sums.pairs,
      sums: sums.sums.map((sum, question) => (foldOf(question) === 1 ? sum.map(value => -100 * value) : sum)),
    }
    const onlyFold1 = made.rollouts.filter(({ rollout }) => foldOf(rollout.question) === 1)
    const of = (questionSums: QuestionSums) => profileLayers(partsOf(onlyFold1), questionSums, [0, 1, 1], undefined)
    expect(await of(spoilt)).toEqual(await of(sums))
    const others = made.rollouts.filter(({ rollout }) => foldOf(rollout.question) !== 1)
    const ofOthers = (questionSums: QuestionSums) => profileLayers(partsOf(others), questionSums, [0, 1, 1], undefined)
    expect(await ofOthers(spoilt)).not.toEqual(await ofOthers(sums))
  })

  test('finds the layer at which the trait is, for answers and for prompts', async () => {
    const { folds, layers } = await profile(make(traitAtLayer2))
    expect(folds).toBe(profileFolds)
    expect(layers.map(({ layer }) => layer)).toEqual([1, 2])
    expect(layers.map(({ relativeNorm }) => relativeNorm)).toEqual([0.1, 0.2])
    expect(layers[1]!.separation).toBeGreaterThan(0.99)
    expect(layers[1]!.reading!.overall).toBeGreaterThan(0.6)
    expect(layers[1]!.reading!.withinPrompt).toBeGreaterThan(0.6)
    expect(layers[0]!.separation).toBeLessThan(0.75)
  })

  test('does not mind what all activations have in common, though every fold has a direction of its own', async () => {
    const [plain, shifted] = [await profile(make(traitAtLayer2)), await profile(make(traitAtLayer2, 100))]
    shifted.layers.forEach(({ separation, reading }, index) => {
      expect(separation).toBeCloseTo(plain.layers[index]!.separation!, 2)
      expect(reading!.overall).toBeCloseTo(plain.layers[index]!.reading!.overall, 2)
    })
  })

  test('goes without readings where nothing was scored, and leaves out answers that have no score or no tokens', async () => {
    const made = make(traitAtLayer2)
    const without = await profileWithout(made, undefined)
    expect(without.every(({ reading, separation }) => reading === undefined && separation !== undefined)).toBe(true)
    // An empty answer has no activations; its place among the scores is kept.
    const gaps: Made = {
      rollouts: made.rollouts.map((finished, index) =>
        index % 9 === 4 ? { ...finished, activations: undefined } : finished,
      ),
      scores: made.scores,
    }
    const scores = made.scores.map((score, index) => (index % 7 === 3 ? undefined : score))
    const [, second] = (await profile(gaps, scores)).layers
    expect(second!.reading!.overall).toBeGreaterThan(0.6)
  })
})

async function profileWithout(made: Made, scores: undefined) {
  const shape = { blockCount, hiddenSize, questions }
  const all = new Array<boolean>(made.rollouts.length).fill(true)
  const { questions: sums } = await extractDirections(partsOf(made.rollouts), shape, all)
  return (await profileLayers(partsOf(made.rollouts), sums, [0, 1, 1], scores)).layers
}
