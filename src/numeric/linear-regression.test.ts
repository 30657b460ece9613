import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { fitLine, predict } from './linear-regression.ts'

const golden = readGolden<{
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly slope: number
  readonly intercept: number
  readonly residualDeviation: number
  readonly meanX: number
  readonly sumOfSquaresX: number
  readonly predictions: readonly {
    readonly x: number
    readonly confidence: number
    readonly mean: number
    readonly meanInterval: readonly [number, number]
    readonly observationInterval: readonly [number, number]
  }[]
}>('linear-regression')

describe('a line', () => {
  test('is fitted as statsmodels does', () => {
    const model = fitLine(golden.x, golden.y)!
    for (const name of ['slope', 'intercept', 'residualDeviation', 'meanX', 'sumOfSquaresX'] as const)
      expectClose(model[name], golden[name])
    expect(model.n).toBe(golden.x.length)
  })

  test('predicts as statsmodels does, with both intervals', () => {
    const model = fitLine(golden.x, golden.y)!
    for (const { x, confidence, mean, meanInterval, observationInterval } of golden.predictions) {
      const found = predict(model, x, confidence)
      expectClose(found.mean, mean)
      expectClose([found.meanInterval.low, found.meanInterval.high], meanInterval)
      expectClose([found.observationInterval.low, found.observationInterval.high], observationInterval)
    }
  })

  test('survives being stored as JSON', () => {
    const model = fitLine(golden.x, golden.y)!
    expect(predict(JSON.parse(JSON.stringify(model)), 3)).toEqual(predict(model, 3))
  })

  test('that fits exactly has no width', () => {
    const model = fitLine([1, 2, 3], [10, 20, 30])!
    expect(predict(model, 4).observationInterval).toEqual({ low: 40, high: 40 })
  })

  test('is undefined with fewer than three points, a constant x or a value that is no number', () => {
    expect(fitLine([1, 2], [1, 2])).toBeUndefined()
    expect(fitLine([0.1, 0.1, 0.1, 0.1], [1, 2, 3, 4])).toBeUndefined()
    // What looks constant and differs in the last bit only.
    expect(fitLine([0.3, 0.1 + 0.2, 0.3, 0.3], [1, 2, 3, 4])).toBeUndefined()
    expect(fitLine([1, 2, Number.NaN], [1, 2, 3])).toBeUndefined()
    expect(fitLine([1, 2, 3], [1, Number.NaN, 3])).toBeUndefined()
  })
})
