/** Correlation of two columns, by value and by rank. */
import { meanOf } from './moments.ts'
import { finite, type Numbers, requireSameLength } from './numbers.ts'

/** A column whose spread is below this part of its length counts as constant: what is left is rounding. */
const roundingShare = 1e-13

/**
 * The product-moment correlation of two columns of equal length (Pearson 1895), from deviations (two passes).
 * @returns -1..1; undefined with fewer than two rows, where a column is constant, or where a value is not finite
 */
export function pearson(x: Numbers, y: Numbers): number | undefined {
  requireSameLength(x, y)
  return cosineOfResiduals(deviations(x), deviations(y), x, y)
}

/**
 * The rank correlation of two columns of equal length: Pearson on average ranks (Spearman 1904).
 * @returns -1..1; undefined where `pearson` is
 */
export function spearman(x: Numbers, y: Numbers): number | undefined {
  requireSameLength(x, y)
  if (hasNaN(x) || hasNaN(y)) return undefined
  return pearson(ranks(x), ranks(y))
}

/** The rank of each value, 1 for the smallest; equal values share the mean of their ranks. Expects no NaN. */
export function ranks(values: Numbers): Float64Array {
  const sorted = Float64Array.from(values).sort()
  // The mean rank of the run of equal values that begins at each place of the sorted values.
  const runRank = new Float64Array(sorted.length)
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1
    while (to < sorted.length && sorted[to] === sorted[from]) to++
    runRank[from] = (from + 1 + to) / 2
    from = to
  }
  return Float64Array.from(values, value => runRank[firstNotBelow(sorted, value)]!)
}

/**
 * The correlation of two columns from which means (or more) were already taken away. `x` and `y` are the columns
 * before that: a residual that is nothing but rounding beside them counts as constant.
 * @returns undefined where a residual is constant
 */
export function cosineOfResiduals(
  residualX: Float64Array,
  residualY: Float64Array,
  x: Numbers,
  y: Numbers,
): number | undefined {
  const lengthX = Math.sqrt(sumOfProducts(residualX, residualX))
  const lengthY = Math.sqrt(sumOfProducts(residualY, residualY))
  if (!(lengthX > roundingShare * Math.sqrt(sumOfProducts(x, x)))) return undefined
  if (!(lengthY > roundingShare * Math.sqrt(sumOfProducts(y, y)))) return undefined
  const cosine = finite(sumOfProducts(residualX, residualY) / lengthX / lengthY)
  return cosine === undefined ? undefined : Math.max(-1, Math.min(1, cosine))
}

function firstNotBelow(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

function deviations(values: Numbers): Float64Array {
  const center = meanOf(values)
  const result = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) result[i] = values[i]! - center
  return result
}

function sumOfProducts(a: Numbers, b: Numbers): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function hasNaN(values: Numbers): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) return true
  return false
}
