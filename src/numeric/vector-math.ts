/** Plain arithmetic on vectors held in typed arrays. Sums are kept in double precision. */

type Vector = Float32Array | Float64Array

/** The inner product of two vectors of equal length. */
export function dot(a: Vector, b: Vector): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** The Euclidean length of a vector. */
export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a))
}

/** `a` scaled to length 1; a zero vector stays zero. */
export function unit(a: Vector): Float32Array {
  const length = norm(a)
  const result = new Float32Array(a.length)
  if (length > 0) for (let i = 0; i < a.length; i++) result[i] = a[i]! / length
  return result
}

/** Cosine of the angle between two vectors; 0 where one of them is zero. */
export function cosine(a: Vector, b: Vector): number {
  const lengths = norm(a) * norm(b)
  return lengths > 0 ? dot(a, b) / lengths : 0
}

/** |a - b| / |b|: how far `a` is from the reference `b`; 0 when both are zero. */
export function relativeError(a: Vector, b: Vector): number {
  let difference = 0
  for (let i = 0; i < b.length; i++) difference += (a[i]! - b[i]!) ** 2
  const length = norm(b)
  if (length === 0) return difference === 0 ? 0 : Number.POSITIVE_INFINITY
  return Math.sqrt(difference) / length
}

/** The middle value; the mean of the two middle ones for an even count. Expects at least one value. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
