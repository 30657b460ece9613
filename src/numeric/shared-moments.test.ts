import { describe, expect, test } from 'vitest'
import { expectClose } from '../../test/statistics/read-golden.ts'
import { heldOutPredictions } from './cross-validate-ridge.ts'
import { crossedFolds } from './grouped-folds.ts'
import { createRandom } from './random.ts'
import { fitRidge, predictRidge } from './ridge-regression.ts'
import { shareMoments } from './shared-moments.ts'

const [rowCount, columns] = [600, 8]
const random = createRandom(7)
const prompts = Array.from({ length: rowCount }, (_, row) => row % 10)
const questions = Array.from({ length: rowCount }, (_, row) => Math.floor(row / 10))
const folds = crossedFolds(prompts, questions, { folds: 3, seed: 1, everyPair: true })
const constantInFirstFold = new Set(folds[0]!.train)

/** One feature far from zero, one that does not vary, one that does not vary where the first fold is fitted. */
const features = {
  columns,
  values: Float32Array.from({ length: rowCount * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns]
    if (column === 1) return 0.3
    if (column === 2 && constantInFirstFold.has(row)) return 7.1
    return random.next() - 0.5 + (column === 0 ? 4000 : 0)
  }),
}

describe('moments that folds share', () => {
  test('are those of the rows of each fold', () => {
    const momentsOf = shareMoments(features, folds)!
    for (const [fold, { train }] of folds.entries()) {
      const { rows, means, products } = momentsOf(fold)
      expect(rows).toBe(train.length)
      const valuesOf = (column: number) => Array.from(train, row => features.values[row * columns + column]!)
      const expectedMeans = Array.from({ length: columns }, (_, column) => meanOf(valuesOf(column)))
      expectClose(means, expectedMeans)
      const expected: number[] = []
      for (let a = 0; a < columns; a++)
        for (let b = a; b < columns; b++) {
          const other = valuesOf(b).map(value => value - expectedMeans[b]!)
          expected.push(valuesOf(a).reduce((sum, value, i) => sum + (value - expectedMeans[a]!) * other[i]!, 0))
        }
      for (const [i, value] of expected.entries()) expect(products[i]).toBeCloseTo(value, 7)
    }
  })

  test('give the predictions of fits that share nothing', () => {
    const target = Float64Array.from({ length: rowCount }, (_, row) => 50 + 10 * features.values[row * columns + 3]!)
    const penalties = [0.1, 100]
    const held = heldOutPredictions({ features, targets: [target], penalties, folds, standardize: true })!
    let from = 0
    for (const { train, test: tested } of folds) {
      const models = fitRidge({ features, target, penalties, rows: train, standardize: true })!
      for (const [i, model] of models.entries())
        expectClose(
          held.predictions[0]![i]!.subarray(from, from + tested.length),
          predictRidge(model, features, tested),
        )
      from += tested.length
    }
  })

  test('are not made where folds have no rows in common', () => {
    const half = Int32Array.from({ length: 300 }, (_, row) => row)
    const rest = half.map(row => row + 300)
    const apart = [
      { train: half, test: rest },
      { train: rest, test: half },
    ]
    expect(shareMoments(features, apart)).toBeUndefined()
  })
})

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
