import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { combineRows, type SparseMatrix, selectRows, timesVector } from './sparse-matrix.ts'
import { fitSparseClassifier, fitSparseRidge, predictSparseRidge } from './sparse-ridge.ts'

const golden = readGolden<{
  readonly rows: number
  readonly columns: number
  readonly starts: readonly number[]
  readonly entryColumns: readonly number[]
  readonly entryValues: readonly number[]
  readonly target: readonly number[]
  readonly labels: readonly boolean[]
  readonly fits: readonly {
    readonly penalty: number
    readonly weights: readonly number[]
    readonly intercept: number
    readonly decisions: readonly number[]
  }[]
}>('sparse-ridge')

const matrix: SparseMatrix = {
  rows: golden.rows,
  columns: golden.columns,
  starts: Int32Array.from(golden.starts),
  entryColumns: Int32Array.from(golden.entryColumns),
  entryValues: Float64Array.from(golden.entryValues),
}

describe('sparse ridge regression', () => {
  test('is that of scikit-learn on the full matrix', () => {
    for (const { penalty, weights, intercept } of golden.fits) {
      const model = fitSparseRidge(matrix, golden.target, penalty)!
      expectClose(model.weights, weights)
      expectClose(model.intercept, intercept)
    }
  })

  test('classifies as the RidgeClassifier of scikit-learn', () => {
    for (const { penalty, decisions } of golden.fits) {
      const model = fitSparseClassifier(matrix, golden.labels, penalty)!
      expectClose(predictSparseRidge(model, matrix), decisions)
    }
  })

  test('of a constant target is the constant', () => {
    const model = fitSparseRidge(matrix, new Array<number>(matrix.rows).fill(0.1), 1)!
    expect(model.weights.every(weight => weight === 0)).toBe(true)
    expect(model.intercept).toBe(0.1)
  })

  test('is undefined without rows or with a value that is no number, and refuses a penalty of zero', () => {
    expect(fitSparseRidge(selectRows(matrix, []), [], 1)).toBeUndefined()
    const broken = golden.target.map((value, i) => (i === 2 ? Number.NaN : value))
    expect(fitSparseRidge(matrix, broken, 1)).toBeUndefined()
    expect(() => fitSparseRidge(matrix, golden.target, 0)).toThrow('expected a penalty above 0, got 0')
  })
})

describe('a sparse matrix', () => {
  // 1 0 2
  // 0 0 0
  // 0 3 0
  const small: SparseMatrix = {
    rows: 3,
    columns: 3,
    starts: Int32Array.of(0, 2, 2, 3),
    entryColumns: Int32Array.of(0, 2, 1),
    entryValues: Float64Array.of(1, 2, 3),
  }

  test('is multiplied from both sides', () => {
    expect([...timesVector(small, [1, 10, 100])]).toEqual([201, 0, 30])
    expect([...combineRows(small, [1, 10, 100])]).toEqual([1, 300, 2])
    expect(() => timesVector(small, [1, 2])).toThrow('expected columns of one length')
  })

  test('gives its rows in any order', () => {
    const chosen = selectRows(small, [2, 1, 0, 2])
    expect([...timesVector(chosen, [1, 10, 100])]).toEqual([30, 0, 201, 30])
  })
})
