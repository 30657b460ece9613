import { describe, expect, test } from 'vitest'
import { pearson } from '../numeric/correlation.ts'
import { analyseExperiment } from './analyse-experiment.ts'
import type { DoseRow, ExperimentRows } from './experiment-rows.ts'
import type { Estimate } from './resampled-correlation.ts'
import { normalDraws, syntheticRows } from './synthetic-rows.case.ts'

const coversZero = (estimate: Estimate | undefined) => estimate!.low <= 0 && estimate!.high >= 0
/** One value for each question, the same in every condition. */
const questionEffects = Array.from({ length: 50 }, normalDraws(99))

describe('where the correlation comes from', () => {
  test('a relation between levels only shows over all prompts and within a question, and not within a level', () => {
    const rows = syntheticRows({
      project: ({ step }, draw) => 3 * step + draw(),
      score: ({ step }, _, draw) => 50 + 10 * step + 4 * draw(),
    })
    const { correlation, verdict, levels } = analyseExperiment(rows, 0)
    expect(correlation.perCondition!.r).toBeGreaterThan(0.9)
    expect(correlation.perCondition!.low).toBeGreaterThan(0.8)
    expect(correlation.withinQuestion!.low).toBeGreaterThan(0.8)
    expect(coversZero(correlation.withinLevel)).toBe(true)
    expect(coversZero(correlation.interaction)).toBe(true)
    expect(verdict).toEqual({ kind: 'evidence', because: [] })
    expect(levels.map(({ level }) => level)).toEqual([-2, -1, 0, 1, 2])
  })

  test('a relation of single prompts shows within a level, within a question and in the interaction', () => {
    const rows = syntheticRows({
      project: (_, draw) => 5 * draw(),
      score: (_, projection, draw) => 50 + 2 * projection + 4 * draw(),
    })
    const { correlation } = analyseExperiment(rows, 0)
    for (const name of ['perCondition', 'withinLevel', 'withinQuestion', 'interaction'] as const)
      expect(correlation[name]!.low, name).toBeGreaterThan(0.5)
  })

  test('a relation between questions only shows within a level, and not within a question', () => {
    const rows = syntheticRows({
      questions: 16,
      project: ({ question }, draw) => 4 * questionEffects[question]! + draw(),
      score: ({ question }, _, draw) => 50 + 10 * questionEffects[question]! + 4 * draw(),
    })
    const { correlation } = analyseExperiment(rows, 0)
    expect(correlation.withinLevel!.low).toBeGreaterThan(0.5)
    expect(coversZero(correlation.withinQuestion)).toBe(true)
  })

  test('means of answers correlate more than single answers, and correcting for their noise finds what was planted', () => {
    const truth: number[] = []
    const rows = syntheticRows({
      levels: 8,
      questions: 25,
      samples: 6,
      project: (_, draw) => draw(),
      score: (_, projection, draw, sample) => {
        if (sample === 0) truth.push(50 + 4 * projection + 3 * draw())
        return truth.at(-1)! + 12 * draw()
      },
    })
    const { perAnswer, perCondition, correctedR, reliability } = analyseExperiment(rows, 0).correlation
    expect(perAnswer!.r).toBeLessThan(perCondition!.r)
    expect(perCondition!.r).toBeLessThan(correctedR!)
    expect(correctedR).toBeCloseTo(pearson(rows.projections[1]!, truth)!, 1)
    // True scores vary with 5, answers around them with 12.
    expect(reliability.single).toBeCloseTo(25 / (25 + 144), 1)
    expect(reliability.mean).toBeCloseTo(25 / (25 + 144 / 6), 1)
  })
})

describe('the verdict', () => {
  test('of a projection that never varies is no evidence, and nothing about it is made up', () => {
    const rows = syntheticRows({ project: () => 7, score: ({ step }, _, draw) => 50 + 10 * step + draw() })
    const { correlation, verdict, line, answerLine, levels } = analyseExperiment(rows, 0)
    expect(verdict).toEqual({ kind: 'no evidence', because: ['projection or score does not vary'] })
    expect(correlation.perCondition).toBeUndefined()
    expect(correlation.permutationP).toBeUndefined()
    expect(correlation.correctedR).toBeUndefined()
    expect([line, answerLine]).toEqual([undefined, undefined])
    expect(levels[0]!.meanScore).toBeGreaterThan(40)
  })

  test('of a vector that is zero at the layer is no evidence', () => {
    const rows = syntheticRows({ project: () => 0, score: ({ step }) => 10 * step })
    const { verdict, correlation } = analyseExperiment({ ...rows, projections: [undefined, undefined] }, 0)
    expect(verdict.kind).toBe('no evidence')
    expect(correlation.byLayer).toEqual([])
  })

  test('of scores that have nothing to do with the projection names all that speaks against it', () => {
    const rows = syntheticRows({ seed: 4, project: (_, draw) => draw(), score: (_, __, draw) => 50 + 10 * draw() })
    const { verdict, correlation } = analyseExperiment(rows, 0)
    expect(verdict.because).toEqual([
      'the interval of r covers 0',
      'random directions correlate as strongly',
      'shuffled scores correlate as strongly',
    ])
    expect(correlation.permutationP).toBeGreaterThan(0.05)
  })

  test('of a vector that points away from the trait is no evidence, however strong', () => {
    const rows = syntheticRows({
      project: ({ step }, draw) => -3 * step + draw(),
      score: ({ step }, _, draw) => 50 + 10 * step + draw(),
    })
    const { verdict, correlation } = analyseExperiment(rows, 0)
    expect(correlation.perCondition!.high).toBeLessThan(-0.8)
    expect(verdict).toEqual({
      kind: 'no evidence',
      because: ['r is negative, the vector points away from the trait'],
    })
  })

  test('of a vector no better than random directions is no evidence', () => {
    const rows = syntheticRows({
      project: ({ step }, draw) => 3 * step + draw(),
      score: ({ step }, _, draw) => 50 + 10 * step + draw(),
    })
    const asGood = rows.conditions.map(({ step }) => step)
    const { verdict } = analyseExperiment(
      { ...rows, randomProjections: [[], Array.from({ length: 40 }, () => Float64Array.from(asGood))] },
      0,
    )
    expect(verdict).toEqual({ kind: 'no evidence', because: ['random directions correlate as strongly'] })
  })

  test('of one question is no evidence: with nothing to resample the interval is as wide as can be', () => {
    const rows = syntheticRows({
      levels: 12,
      questions: 1,
      project: ({ step }, draw) => 3 * step + draw(),
      score: ({ step }, _, draw) => 10 * step + draw(),
    })
    const { verdict, correlation } = analyseExperiment(rows, 0)
    expect(correlation.perCondition).toMatchObject({ n: 12, low: -1, high: 1 })
    expect(verdict.because).toEqual(['the interval of r covers 0'])
  })
})

describe('random directions', () => {
  test('of pure chance stay below 2 / sqrt(n) in 95 %', () => {
    const rows = syntheticRows({
      questions: 20,
      randomDirections: 400,
      project: ({ step }, draw) => step + draw(),
      score: ({ step }, _, draw) => 10 * step + draw(),
    })
    const { randomDirectionAbsR95, byLayer } = analyseExperiment(rows, 0).correlation
    expect(randomDirectionAbsR95).toBeCloseTo(1.96 / Math.sqrt(100), 1)
    expect(byLayer).toHaveLength(1)
    expect(byLayer[0]!.randomLow).toBeLessThan(-0.1)
    expect(byLayer[0]!.randomHigh).toBeGreaterThan(0.1)
  })
})

describe('answers without a score', () => {
  const rows = syntheticRows({
    project: ({ step }, draw) => 3 * step + draw(),
    score: ({ step, question }, _, draw, sample) => {
      const value = 50 + 10 * step + 4 * draw()
      // All of one condition, and some of others.
      return (step === 0 && question === 0) || (sample === 0 && question === 3) ? undefined : value
    },
  })

  test('are counted and have no part in any figure', () => {
    const found = analyseExperiment(rows, 0)
    const without = analyseExperiment(
      { ...rows, answers: rows.answers.filter(answer => answer.score !== undefined) },
      0,
    )
    expect(found.unscoredAnswers).toBe(3 + 5)
    expect(without.unscoredAnswers).toBe(0)
    expect({ ...found, unscoredAnswers: 0 }).toEqual(without)
    expect(found.correlation.perCondition!.n).toBe(39)
    expect(found.correlation.perAnswer!.n).toBe(120 - 8)
  })

  test('that are all there is leave nothing to say', () => {
    const none = { ...rows, answers: rows.answers.map(answer => ({ ...answer, score: undefined })) }
    const { verdict, unscoredAnswers, levels } = analyseExperiment(none, 0)
    expect(verdict.kind).toBe('no evidence')
    expect(unscoredAnswers).toBe(120)
    expect(levels.every(({ meanScore, low }) => meanScore === undefined && low === undefined)).toBe(true)
  })
})

describe('what the text alone tells', () => {
  /** A projection that is the text and noise, and scores that follow what is told. */
  const rowsWith = (told: 'text' | 'projection') => {
    const texts: number[] = []
    const rows = syntheticRows({
      questions: 16,
      project: (_, draw) => {
        texts.push(5 * draw())
        return texts.at(-1)! + 5 * draw()
      },
      score: ({ step, question }, projection, draw) =>
        50 + 2 * (told === 'text' ? texts[step * 16 + question]! : projection) + 4 * draw(),
    })
    return { ...rows, baselines: [{ name: 'the text', values: Float64Array.from(texts) }] } satisfies ExperimentRows
  }

  test('leaves nothing to a projection that only repeats it', () => {
    const { correlation, baselines } = analyseExperiment(rowsWith('text'), 0)
    expect(correlation.perCondition!.low).toBeGreaterThan(0.3)
    expect(coversZero(correlation.partialWithinLevel)).toBe(true)
    expect(baselines).toMatchObject([{ name: 'the text' }])
    expect(baselines[0]!.perCondition!.r).toBeGreaterThan(correlation.perCondition!.r)
  })

  test('leaves its own part to a projection that knows more', () => {
    const { correlation } = analyseExperiment(rowsWith('projection'), 0)
    expect(correlation.partialWithinLevel!.low).toBeGreaterThan(0.5)
  })

  test('is nothing to be partial to where no baseline could be computed', () => {
    const rows = syntheticRows({ project: (_, draw) => draw(), score: (_, projection) => projection })
    const { correlation, baselines } = analyseExperiment(rows, 0)
    expect(correlation.partialWithinLevel).toBeUndefined()
    expect(baselines).toEqual([])
  })
})

describe('worked by hand', () => {
  test('three conditions of two answers each', () => {
    const scores = [0, 2, 10, 12, 20, 28]
    const rows: ExperimentRows = {
      conditions: [0, 1, 2].map(step => ({ step, level: step - 1, question: 0 })),
      answers: scores.map((score, index) => ({ condition: Math.floor(index / 2), sample: index % 2, score })),
      doses: [],
      layer: 1,
      projections: [undefined, Float64Array.of(1, 2, 4)],
      randomProjections: [[], []],
      baselines: [],
    }
    const { correlation, line, answerLine, projectionRange, levels } = analyseExperiment(rows, 0)
    // Means 1, 11, 24 at 1, 2, 4: products -4/3 * -11 - 1/3 * -1 + 5/3 * 12, squares 14/3 and 266.
    expect(correlation.perCondition!.r).toBeCloseTo(35 / Math.sqrt((14 / 3) * 266), 12)
    expect(correlation.spearman.perCondition!.r).toBeCloseTo(1, 12)
    expect(line).toMatchObject({ slope: expect.closeTo(7.5, 12), intercept: expect.closeTo(-5.5, 12), n: 3 })
    expect(answerLine).toMatchObject({ slope: expect.closeTo(7.5, 12), n: 6 })
    // Between conditions 532 / 2, within them 36 / 3.
    expect(correlation.reliability.single).toBeCloseTo((266 - 12) / (266 + 12), 12)
    expect(correlation.reliability.mean).toBeCloseTo(1 - 12 / 266, 12)
    expect(correlation.correctedR).toBeCloseTo(correlation.perCondition!.r / Math.sqrt(1 - 12 / 266), 12)
    expect(projectionRange).toEqual({ low: 1, high: 4 })
    expect(levels.map(({ meanScore, meanProjection }) => [meanScore, meanProjection])).toEqual([
      [1, 1],
      [11, 2],
      [24, 4],
    ])
  })

  test('the steering curve weighs questions alike, and takes perplexity over all answers', () => {
    const doses: DoseRow[] = [
      { dose: -0.1, question: 0, score: 10, surprise: 1 },
      { dose: -0.1, question: 0, score: 20, surprise: 2 },
      { dose: -0.1, question: 1, score: 45, surprise: 3 },
      { dose: -0.1, question: 1, score: undefined, surprise: undefined },
      { dose: 0, question: 0, score: undefined, surprise: undefined },
      { dose: 0, question: 1, score: undefined, surprise: undefined },
    ]
    const rows = { ...syntheticRows({ project: (_, draw) => draw(), score: () => 1 }), doses }
    const [steered, plain] = analyseExperiment(rows, 0).steering
    expect(steered).toMatchObject({ dose: -0.1, meanScore: 30, low: 15, high: 45 })
    expect(steered!.perplexity).toBeCloseTo(Math.exp(2), 12)
    expect(plain).toEqual({ dose: 0, meanScore: undefined, low: undefined, high: undefined, perplexity: undefined })
  })
})

test('the same rows and seed give the same analysis; another seed gives other intervals around the same values', () => {
  const rows = syntheticRows({
    project: ({ step }, draw) => step + 2 * draw(),
    score: (_, projection, draw) => 50 + 3 * projection + 10 * draw(),
  })
  const [once, again, other] = [analyseExperiment(rows, 5), analyseExperiment(rows, 5), analyseExperiment(rows, 6)]
  expect(again).toEqual(once)
  expect(other.correlation.perCondition!.r).toBe(once.correlation.perCondition!.r)
  expect(other.correlation.perCondition!.low).not.toBe(once.correlation.perCondition!.low)
})
