import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Layer } from '../engine/contract/layer.ts'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import type { Judge } from '../judge/judge.ts'
import {
  candidateLayers,
  evaluateSweep,
  planSweep,
  type SweepPlan,
  type SweptAnswer,
  sweepSteering,
} from './steering-sweep.ts'

const plan: SweepPlan = {
  layers: [2, 3] as Layer[],
  doses: [0.1, 0.2],
  questions: ['How?', 'Why?', 'When?'],
  samples: 2,
  settings: { maxTokens: 8, temperature: 0.7, seed: 5 },
}

/** Answers of the plan: `score` and `surprise` as told. */
function answers(
  score: (answer: { layer: number; dose: number; question: number; sample: number }) => number | undefined,
  surprise: (answer: { layer: number; dose: number }) => number = () => 1,
  coherence?: (answer: { layer: number; dose: number }) => number,
): SweptAnswer[] {
  return planSweep(plan).map(rollout => {
    const { dose, question, sample } = rollout
    const place = { layer: rollout.layer ?? 0, dose, question, sample }
    return { ...rollout, score: score(place), surprise: surprise(place), coherence: coherence?.(place) }
  })
}

describe('the plan', () => {
  test('asks every question unsteered and at every layer with both signs of every dose', () => {
    const rollouts = planSweep(plan)
    expect(rollouts).toHaveLength(3 * 2 * (1 + 2 * 2 * 2))
    expect(rollouts.filter(({ layer }) => layer === undefined)).toHaveLength(6)
    expect(rollouts.filter(({ layer, dose }) => layer === 3 && dose === -0.2)).toHaveLength(6)
  })

  test('draws alike at every layer and dose, and differently for every question and sample', () => {
    const seeds = new Map<string, Set<number>>()
    for (const { question, sample, seed } of planSweep(plan)) {
      const key = `${question}/${sample}`
      seeds.set(key, (seeds.get(key) ?? new Set()).add(seed))
    }
    expect([...seeds.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1, 1, 1])
    expect(new Set([...seeds.values()].map(own => [...own][0])).size).toBe(6)
  })

  test('tries layers from a quarter to nine tenths of the depth, never more than asked for', () => {
    expect(candidateLayers(30, 8)).toEqual([8, 11, 13, 16, 19, 22, 24, 27])
    expect(candidateLayers(4, 8)).toEqual([1, 2, 3, 4])
    expect(candidateLayers(1, 8)).toEqual([1])
    for (const blocks of [1, 2, 3, 7, 30, 80])
      for (const count of [1, 2, 3, 5, 100]) {
        const layers = candidateLayers(blocks, count)
        expect(layers.length).toBeLessThanOrEqual(count)
        expect(layers.every(layer => layer >= 1 && layer <= blocks)).toBe(true)
      }
  })
})

describe('the evaluation', () => {
  test('takes the score at +dose minus that at -dose', () => {
    const { layers, unsteered, questions, samples } = evaluateSweep(
      answers(({ layer, dose, question }) => 50 + 100 * dose * layer + question),
      plan,
    )
    expect(unsteered).toEqual({ score: 51, perplexity: Math.E })
    expect([questions, samples]).toEqual([3, 2])
    expect(layers.map(({ atDose }) => atDose.map(({ effect }) => effect))).toEqual([
      [expect.closeTo(40, 10), expect.closeTo(80, 10)],
      [expect.closeTo(60, 10), expect.closeTo(120, 10)],
    ])
    expect(layers[1]!.best).toMatchObject({ dose: 0.2, effect: expect.closeTo(120, 10) })
    // The same effect at every question leaves nothing to doubt.
    expect(layers[1]!.best!.low).toBeCloseTo(120, 10)
  })

  test('calls best only what is within the bound of perplexity, for both signs', () => {
    const found = evaluateSweep(
      answers(
        ({ layer, dose }) => 50 + 100 * dose * layer,
        // Twice as perplexing is allowed; a little more is not.
        ({ layer, dose }) =>
          1 +
          (layer === 2 && Math.abs(dose) === 0.2 ? Math.log(1.99) : layer === 3 && dose === -0.2 ? Math.log(2.01) : 0),
      ),
      plan,
    )
    const [second, third] = found.layers
    expect(second!.best).toMatchObject({ dose: 0.2 })
    expect(third!.best).toMatchObject({ dose: 0.1 })
    expect(third!.atDose[1]!.perplexityRatio).toBeCloseTo(2.01, 10)
  })

  test('has no best where every dose is out of bounds, by perplexity or by coherence', () => {
    const score = ({ dose }: { dose: number }) => 50 + 100 * dose
    const babble = evaluateSweep(
      answers(score, ({ layer }) => (layer > 0 ? 3 : 1)),
      plan,
    )
    expect(babble.layers.map(({ best }) => best)).toEqual([undefined, undefined])
    const incoherent = evaluateSweep(
      answers(
        score,
        () => 1,
        ({ layer, dose }) => (layer === 3 && dose < 0 ? 49 : 80),
      ),
      plan,
    )
    expect(incoherent.layers[0]!.best).toBeDefined()
    expect(incoherent.layers[1]!.best).toBeUndefined()
    expect(incoherent.layers[1]!.atDose[0]!.coherence).toBe(49)
  })

  test('leaves out answers without a score, and doses without any', () => {
    const found = evaluateSweep(
      answers(({ layer, dose, sample }) =>
        sample === 1 || (layer === 2 && dose === 0.2) ? undefined : 50 + 100 * dose,
      ),
      plan,
    )
    expect(found.layers[0]!.atDose.map(({ dose }) => dose)).toEqual([0.1])
    expect(found.layers[1]!.atDose.map(({ effect }) => effect)).toEqual([
      expect.closeTo(20, 10),
      expect.closeTo(40, 10),
    ])
  })

  test('of one question claims no certainty', () => {
    const single = { ...plan, questions: ['How?'] }
    const swept = planSweep(single).map(rollout => ({ ...rollout, score: 50 + 100 * rollout.dose, surprise: 1 }))
    expect(evaluateSweep(swept, single).layers[0]!.best).toMatchObject({ low: -100, high: 100 })
  })
})

describe('a sweep', () => {
  const judge = (score: number | undefined): Judge => ({
    id: 'test',
    description: 'for tests',
    score: async items =>
      items.map(() => ({
        expression:
          score === undefined
            ? { status: 'unscored', reason: 'no' }
            : { status: 'scored', value: score, method: 'lexicon' },
      })),
    estimate: () => ({ calls: 0 }),
  })
  const optionsIn = async (name: string) => {
    const folder = await mkdtemp(join(tmpdir(), `personascope-${name}-`))
    onTestFinished(() => rm(folder, { recursive: true }))
    const { model } = new FakeEngine()
    return {
      folder,
      direction: Float32Array.from({ length: (model.blockCount + 1) * model.hiddenSize }, (_, i) => Math.sin(i)),
      medianResponseNorms: new Float32Array(model.blockCount + 1).fill(2),
      plan: { ...plan, questions: ['How?'], samples: 1, doses: [0.1] },
    }
  }

  test('keeps its answers apart from those of another plan or direction', async () => {
    await using engine = new FakeEngine()
    const options = await optionsIn('sweep')
    const first = await sweepSteering({ engine, judge: judge(40), ...options })
    expect(first.unsteered.score).toBe(40)
    expect(first.layers).toHaveLength(2)
    await sweepSteering({ engine, judge: judge(40), ...options })
    const files = async () => (await readdir(options.folder)).filter(file => file.endsWith('0000.jsonl'))
    expect(await files()).toHaveLength(1)
    await sweepSteering({ engine, judge: judge(40), ...options, direction: options.direction.map(value => -value) })
    await sweepSteering({ engine, judge: judge(40), ...options, plan: { ...options.plan, doses: [0.2] } })
    expect(await files()).toHaveLength(3)
  })

  test('by a judge that scores nothing says so', async () => {
    await using engine = new FakeEngine()
    await expect(
      sweepSteering({ engine, judge: judge(undefined), ...(await optionsIn('none')) }),
    ).rejects.toMatchObject({
      code: 'JUDGE_FAILED',
      facts: { judge: 'test', detail: expect.stringContaining('without steering') },
    })
  })
})
