import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { crossValidateRidge } from './cross-validate-ridge.ts'
import { createRandom } from './random.ts'
import { type FeatureMatrix, fitRidge, predictRidge } from './ridge-regression.ts'

const golden = readGolden<{
  readonly data: readonly {
    readonly values: readonly number[]
    readonly columns: number
    readonly target: readonly number[]
    readonly penalties: readonly number[]
  }[]
  readonly cases: readonly {
    /** Index into `data`. */
    readonly features: number
    readonly standardize: boolean
    readonly rows: readonly number[] | null
    readonly models: readonly { readonly weights: readonly number[]; readonly intercept: number }[]
  }[]
  readonly crossValidation: {
    readonly folds: readonly { readonly train: readonly number[]; readonly test: readonly number[] }[]
    readonly rows: readonly number[]
    readonly predictions: readonly (readonly number[])[]
    readonly errors: readonly number[]
  }
}>('ridge-regression')

function featuresOf({ values, columns }: { readonly values: readonly number[]; readonly columns: number }) {
  return { values: Float32Array.from(values), columns }
}

/** Features that look like activations: one far from zero, one that does not vary. */
function randomFeatures(
  rows: number,
  columns: number,
): { readonly features: FeatureMatrix; readonly target: Float64Array } {
  const random = createRandom(rows * 1000 + columns)
  const values = Float32Array.from({ length: rows * columns }, (_, i) => {
    if (i % columns === 1) return 0.3
    return random.next() - 0.5 + (i % columns === 0 ? 40 : 0)
  })
  return { features: { values, columns }, target: Float64Array.from({ length: rows }, () => 100 * random.next()) }
}

describe('ridge regression', () => {
  test.each(golden.cases.map((of, i) => [i, of] as const))('is that of scikit-learn (case %i)', (_, of) => {
    const data = golden.data[of.features]!
    const rows = of.rows ? { rows: Int32Array.from(of.rows) } : {}
    const { target, penalties } = data
    const models = fitRidge({ features: featuresOf(data), target, penalties, standardize: of.standardize, ...rows })!
    expect(models.map(model => model.penalty)).toEqual(penalties)
    for (const [i, { weights, intercept }] of of.models.entries()) {
      expectClose(models[i]!.weights, weights)
      expectClose(models[i]!.intercept, intercept)
    }
  })

  test.each([
    [300, 150],
    [150, 300],
    [129, 129],
    [66, 1],
  ])('is where no step makes it better, for %i rows of %i', (rows, columns) => {
    const { features, target } = randomFeatures(rows, columns)
    for (const model of fitRidge({ features, target, penalties: [1e-3, 1, 1e4] })!) {
      const residuals = predictRidge(model, features).map((predicted, row) => target[row]! - predicted)
      expect(Math.abs(residuals.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-7)
      for (let column = 0; column < columns; column++) {
        const pull = residuals.reduce((sum, value, row) => sum + value * features.values[row * columns + column]!, 0)
        expect(Math.abs(pull - model.penalty * model.weights[column]!)).toBeLessThan(1e-6)
      }
    }
  })

  test('gives a feature that does not vary no weight, and a constant target no weights', () => {
    const { features, target } = randomFeatures(40, 5)
    for (const standardize of [false, true]) {
      const options = { features, penalties: [1e-3], standardize }
      expect(fitRidge({ ...options, target })![0]!.weights[1]).toBe(0)
      const [flat] = fitRidge({ ...options, target: target.map(() => 7) })!
      expect(flat).toEqual({ penalty: 1e-3, weights: new Float64Array(5), intercept: 7 })
    }
  })

  test('stays finite with a penalty that is lost in rounding', () => {
    for (const [rows, columns] of [
      [20, 90],
      [90, 20],
    ] as const) {
      const { features, target } = randomFeatures(rows, columns)
      const values = features.values.map((value, i) => (i % 2 === 0 ? value * 1e4 : features.values[i - 1]! * 3e4))
      const [model] = fitRidge({ features: { values, columns }, target, penalties: [1e-12] })!
      const errors = predictRidge(model!, { values, columns }).map((predicted, row) => target[row]! - predicted)
      expect(Math.max(...errors.map(Math.abs))).toBeLessThan(rows < columns ? 1e-3 : 100)
    }
  })

  test('predicts chosen rows in their order', () => {
    const { features, target } = randomFeatures(20, 4)
    const [model] = fitRidge({ features, target, penalties: [1] })!
    const all = predictRidge(model!, features)
    expect([...predictRidge(model!, features, Int32Array.of(7, 3, 3))]).toEqual([all[7], all[3], all[3]])
  })

  test('is undefined without rows or with a value that is no number', () => {
    const { features, target } = randomFeatures(20, 4)
    const options = { features, target, penalties: [1] }
    expect(fitRidge({ ...options, rows: new Int32Array(0) })).toBeUndefined()
    expect(fitRidge({ ...options, target: target.map((value, i) => (i === 3 ? Number.NaN : value)) })).toBeUndefined()
    const broken = { ...features, values: features.values.map((value, i) => (i === 9 ? Number.NaN : value)) }
    expect(fitRidge({ ...options, features: broken })).toBeUndefined()
  })

  test('refuses a penalty of zero and rows that do not fit', () => {
    const { features, target } = randomFeatures(20, 4)
    expect(() => fitRidge({ features, target, penalties: [1, 0] })).toThrow('expected penalties above 0, got 0')
    expect(() => fitRidge({ features, target: [1, 2], penalties: [1] })).toThrow('expected columns of one length')
    expect(() => fitRidge({ features: { ...features, columns: 7 }, target, penalties: [1] })).toThrow('rows of 7')
  })
})

describe('cross-validated ridge regression', () => {
  const data = golden.data[0]!
  const folds = golden.crossValidation.folds.map(({ train, test }) => ({
    train: Int32Array.from(train),
    test: Int32Array.from(test),
  }))
  const options = { features: featuresOf(data), target: data.target, penalties: data.penalties }

  test('predicts each row as scikit-learn fitted on the others does, and picks the best penalty', () => {
    const { rows, predictions, errors } = golden.crossValidation
    const found = crossValidateRidge({ ...options, folds })!
    expect([...found.rows]).toEqual(rows)
    for (const [i, predicted] of predictions.entries()) expectClose(found.predictions[i]!, predicted)
    expectClose(found.meanSquaredErrors, errors)
    expect(found.bestPenalty).toBe(data.penalties[errors.indexOf(Math.min(...errors))])
  })

  test('leaves out folds that cannot be used, and is undefined where none can', () => {
    const empty = { train: new Int32Array(0), test: Int32Array.of(1) }
    expect(crossValidateRidge({ ...options, folds: [...folds, empty] })).toEqual(
      crossValidateRidge({ ...options, folds }),
    )
    expect(crossValidateRidge({ ...options, folds: [empty] })).toBeUndefined()
  })
})
