import { describe, expect, test } from 'vitest'
import { pearson } from '../numeric/correlation.ts'
import { withinGroupCorrelation } from '../numeric/grouped-correlation.ts'
import { createRandom } from '../numeric/random.ts'
import type { ConditionRow } from './experiment-rows.ts'
import { type Correlation, type ResampledOptions, resampledCorrelation } from './resampled-correlation.ts'
import { normalDraws } from './synthetic-rows.case.ts'

const overall: Correlation = ({ predicted, values }) => pearson(predicted, values)

/** An experiment of 4 levels x 10 questions with a vector made of noise alone, from 20 extraction questions. */
function nullVector(seed: number): ResampledOptions {
  const [levels, questions, size, extractionQuestions] = [4, 10, 6, 20]
  const draw = normalDraws(seed)
  const point = (scale: number) => Array.from({ length: size }, () => scale * draw())
  const conditions = Array.from({ length: levels * questions }, (_, index): ConditionRow => {
    const step = Math.floor(index / questions)
    return { step, level: step, question: index % questions }
  })
  const levelPoints = Array.from({ length: levels }, () => point(2))
  const questionPoints = Array.from({ length: questions }, () => point(1))
  const states = conditions.map(({ step, question }) => {
    const own = point(1)
    return own.map((value, i) => value + levelPoints[step]![i]! + questionPoints[question]![i]!)
  })
  const parts = Array.from({ length: extractionQuestions }, () => {
    const noise = point(1)
    return states.map(state => state.reduce((sum, value, i) => sum + value * noise[i]!, 0))
  })
  const sumOf = (chosen: readonly (readonly number[])[]) =>
    Float64Array.from(states, (_, condition) => chosen.reduce((sum, part) => sum + part[condition]!, 0))
  const random = createRandom(seed + 1)
  return {
    conditions,
    values: conditions.map(({ step }, condition) => ({ condition, value: 50 + 8 * step + 5 * draw() })),
    predictor: {
      values: sumOf(parts),
      redraw: () => sumOf(parts.map(() => parts[Math.floor(random.next() * extractionQuestions)]!)),
    },
    seed,
  }
}

describe('an interval', () => {
  test('of a vector that is nothing but chance covers 0 in about 95 of 100, and not where the vector is taken as given', () => {
    let covered = 0
    let coveredAsGiven = 0
    for (let simulation = 0; simulation < 100; simulation++) {
      const options = nullVector(7919 * simulation + 1)
      const { values } = options.predictor
      const redrawn = resampledCorrelation(options, overall)!
      if (redrawn.low <= 0 && redrawn.high >= 0) covered++
      if (simulation >= 40) continue
      const asGiven = resampledCorrelation({ ...options, predictor: { values } }, overall)!
      if (asGiven.low <= 0 && asGiven.high >= 0) coveredAsGiven++
    }
    // Four standard errors of a share of 0.95 in 100.
    expect(covered).toBeGreaterThanOrEqual(86)
    expect(coveredAsGiven).toBeLessThan(24)
  }, 60_000)

  test('is the same for the same seed, whatever else was drawn before', () => {
    const options = () => nullVector(3)
    expect(resampledCorrelation(options(), overall)).toEqual(resampledCorrelation(options(), overall))
    const other = resampledCorrelation({ ...options(), seed: 4 }, overall)!
    expect(other.r).toBe(resampledCorrelation(options(), overall)!.r)
    expect(other.low).not.toBe(resampledCorrelation(options(), overall)!.low)
  })

  test('resamples whole questions: rows that repeat each other do not make it narrower', () => {
    const { conditions, values, predictor, seed } = nullVector(5)
    const once = resampledCorrelation({ conditions, values, predictor: { values: predictor.values }, seed }, overall)!
    const tenfold = Array.from({ length: 10 }, () => values).flat()
    const repeated = resampledCorrelation(
      { conditions, values: tenfold, predictor: { values: predictor.values }, seed },
      overall,
    )!
    expect(repeated.n).toBe(10 * once.n)
    expect(repeated.low).toBeCloseTo(once.low, 10)
    expect(repeated.high).toBeCloseTo(once.high, 10)
  })

  test('counts a question that was drawn twice as two questions', () => {
    const seen: (readonly number[])[] = []
    const { conditions, values, predictor, seed } = nullVector(6)
    resampledCorrelation({ conditions, values, predictor: { values: predictor.values }, seed }, columns => {
      if (seen.length < 20) seen.push([new Set(columns.questions).size, columns.questions.length])
      return withinGroupCorrelation(columns.predicted, columns.values, columns.questions)
    })
    for (const [questions, rows] of seen) expect([questions, rows]).toEqual([10, 40])
  })

  test('that no resample defines is as wide as can be', () => {
    const { conditions, values, predictor, seed } = nullVector(7)
    let calls = 0
    const onlyOnce: Correlation = () => (calls++ === 0 ? 0.4 : undefined)
    const estimate = resampledCorrelation({ conditions, values, predictor, seed }, onlyOnce)
    expect(estimate).toEqual({ n: 40, r: 0.4, low: -1, high: 1 })
  })
})

test('there is no estimate where the correlation is not defined', () => {
  const { conditions, values, seed } = nullVector(8)
  const constant = { values: new Float64Array(conditions.length).fill(2) }
  expect(resampledCorrelation({ conditions, values, predictor: constant, seed }, overall)).toBeUndefined()
})
