/** A straight line through points, and what it predicts with which certainty. */
import { studentTwoSided } from './distribution-quantiles.ts'
import { meanOf } from './moments.ts'
import { type Numbers, requireSameLength } from './numbers.ts'

/** A fitted line y = intercept + slope * x, with what intervals need. Plain numbers: it can be stored as JSON. */
export interface LinearModel {
  readonly slope: number
  readonly intercept: number
  /** Standard deviation of the residuals, divided by n - 2. */
  readonly residualDeviation: number
  readonly n: number
  readonly meanX: number
  /** Sum of squared deviations of x from its mean. */
  readonly sumOfSquaresX: number
}

export interface Interval {
  readonly low: number
  readonly high: number
}

export interface LinearPrediction {
  readonly mean: number
  /** Where the mean of y at this x is. */
  readonly meanInterval: Interval
  /** Where one new observation of y at this x will be. */
  readonly observationInterval: Interval
}

/**
 * The line of least squares of y on x (Draper and Smith 1998, "Applied Regression Analysis", chapter 1).
 * @returns undefined with fewer than three rows, where x is constant, or where a value is not finite
 */
export function fitLine(x: Numbers, y: Numbers): LinearModel | undefined {
  requireSameLength(x, y)
  const n = x.length
  if (n < 3) return undefined
  const [meanX, meanY] = [meanOf(x), meanOf(y)]
  let squares = 0
  let products = 0
  let size = 0
  for (let i = 0; i < n; i++) {
    squares += (x[i]! - meanX) ** 2
    products += (x[i]! - meanX) * (y[i]! - meanY)
    size += x[i]! ** 2
  }
  // Against the size of x: a spread of rounding alone is no spread.
  if (!(squares > 1e-26 * size)) return undefined
  const slope = products / squares
  let residuals = 0
  for (let i = 0; i < n; i++) residuals += (y[i]! - meanY - slope * (x[i]! - meanX)) ** 2
  const model = {
    slope,
    intercept: meanY - slope * meanX,
    residualDeviation: Math.sqrt(residuals / (n - 2)),
    n,
    meanX,
    sumOfSquaresX: squares,
  }
  return Object.values(model).every(Number.isFinite) ? model : undefined
}

/**
 * What the line says at x, with intervals from Student's t with n - 2 degrees of freedom (Draper and Smith 1998,
 * chapter 3). They hold for independent rows with normal errors of equal spread.
 * @param confidence in 0..1, default 0.95
 */
export function predict(model: LinearModel, x: number, confidence = 0.95): LinearPrediction {
  const { slope, intercept, residualDeviation, n, meanX, sumOfSquaresX } = model
  const t = studentTwoSided(confidence, n - 2)
  const mean = intercept + slope * x
  const leverage = 1 / n + (x - meanX) ** 2 / sumOfSquaresX
  const around = (halfWidth: number): Interval => ({ low: mean - halfWidth, high: mean + halfWidth })
  return {
    mean,
    meanInterval: around(t * residualDeviation * Math.sqrt(leverage)),
    observationInterval: around(t * residualDeviation * Math.sqrt(1 + leverage)),
  }
}
