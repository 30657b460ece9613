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

/** The rank of each value, 1 for the smallest; equal values share the mean of their ranks. */
export function ranks(values: Numbers): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const result = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let i = from; i < to; i++) result[order[i]!] = (from + 1 + to) / 2
    from = to
  }
  return result
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
