/** Ridge regression and classification on sparse features, such as n-grams. */
import { meanOf } from './moments.ts'
import { type Numbers, requireSameLength } from './numbers.ts'
import { combineRows, type SparseMatrix, timesVector } from './sparse-matrix.ts'

/** y = intercept + weights . features. */
export interface SparseRidgeModel {
  readonly penalty: number
  /** [columns] */
  readonly weights: Float64Array
  readonly intercept: number
}

/**
 * Ridge regression with an intercept on sparse features: the least of |y - b - Xw|^2 + penalty |w|^2. Conjugate
 * gradients (Hestenes and Stiefel 1952) on the dual form (CXX'C + penalty I) a = Cy, where C takes the mean away, so
 * that the matrix stays sparse; w = X'a. Deterministic, to a relative residual of 1e-13.
 * @param penalty above 0; very small ones take many steps
 * @returns undefined without rows, or where a value is not finite
 */
export function fitSparseRidge(matrix: SparseMatrix, target: Numbers, penalty: number): SparseRidgeModel | undefined {
  requireSameLength(target, { length: matrix.rows })
  if (!(penalty > 0 && Number.isFinite(penalty))) throw new RangeError(`expected a penalty above 0, got ${penalty}`)
  if (matrix.rows === 0) return undefined
  const weights = combineRows(matrix, solveDual(matrix, withoutMean(Float64Array.from(target)), penalty))
  const intercept = meanOf(target) - meanOf(timesVector(matrix, weights))
  return Number.isFinite(intercept) ? { penalty, weights, intercept } : undefined
}

/**
 * A classifier of two classes: ridge regression on 1 for a positive and -1 for a negative, so that its predictions are
 * above 0 where it says positive (as scikit-learn's RidgeClassifier does).
 * @returns undefined where `fitSparseRidge` is
 */
export function fitSparseClassifier(
  matrix: SparseMatrix,
  positive: readonly boolean[],
  penalty: number,
): SparseRidgeModel | undefined {
  const target = Float64Array.from(positive, value => (value ? 1 : -1))
  return fitSparseRidge(matrix, target, penalty)
}

/** What the model says of each row. */
export function predictSparseRidge(model: SparseRidgeModel, matrix: SparseMatrix): Float64Array {
  return timesVector(matrix, model.weights).map(value => value + model.intercept)
}

/** Everything here stays free of a mean: the right side is, and the matrix keeps it so. */
function solveDual(matrix: SparseMatrix, right: Float64Array, penalty: number): Float64Array {
  const count = matrix.rows
  const solution = new Float64Array(count)
  const residual = right.slice()
  const direction = right.slice()
  let squares = sumOfProducts(residual, residual)
  const enough = squares * 1e-26
  for (let step = 0; step < 10 * count + 100 && squares > enough; step++) {
    const image = withoutMean(timesVector(matrix, combineRows(matrix, direction)))
    for (let i = 0; i < count; i++) image[i]! += penalty * direction[i]!
    const length = squares / sumOfProducts(direction, image)
    for (let i = 0; i < count; i++) {
      solution[i]! += length * direction[i]!
      residual[i]! -= length * image[i]!
    }
    const previous = squares
    squares = sumOfProducts(residual, residual)
    for (let i = 0; i < count; i++) direction[i] = residual[i]! + (squares / previous) * direction[i]!
  }
  return solution
}

function withoutMean(values: Float64Array): Float64Array {
  const center = meanOf(values)
  return values.map(value => value - center)
}

function sumOfProducts(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
