/**
 * The regularised incomplete beta function I_x(a, b): the beta distribution's P(X <= x). Lentz's method on the
 * continued fraction of DLMF 8.17.22, times a prefactor in Loader's saddle-point form (Loader 2000, "Fast and accurate
 * computation of binomial probabilities"), which keeps full precision for large a and b.
 * @param a above 0
 * @param b above 0
 * @param x in 0..1
 * @param rest 1 - x, to be given where it is known more precisely than x
 */
export function incompleteBeta(a: number, b: number, x: number, rest = 1 - x): number {
  if (x <= 0) return 0
  if (rest <= 0) return 1
  // The fraction converges fast below the mean; above it, the other tail is below its own.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaTail(b, a, rest, x)
  return betaTail(a, b, x, rest)
}

/** x times the density of the beta distribution at x: x^a (1-x)^(b-1) / B(a, b), for a, b > 0 and 0 < x < 1. */
export function betaSlope(a: number, b: number, x: number, rest = 1 - x): number {
  const n = a + b
  const exponent = stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * rest)
  return (Math.sqrt(a / (2 * Math.PI * n)) * Math.sqrt(b) * Math.exp(exponent)) / rest
}

function betaTail(a: number, b: number, x: number, rest: number): number {
  const tiny = 1e-300
  const nonZero = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let numerator = 1
  let denominator = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let fraction = denominator
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    denominator = 1 / nonZero(1 + even * denominator)
    numerator = nonZero(1 + even / numerator)
    fraction *= denominator * numerator
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    denominator = 1 / nonZero(1 + odd * denominator)
    numerator = nonZero(1 + odd / numerator)
    const factor = denominator * numerator
    fraction *= factor
    if (Math.abs(factor - 1) < 1e-16) break
  }
  return (betaSlope(a, b, x, rest) * rest * fraction) / a
}

/** log Gamma(n + 1) minus Stirling's formula for it. */
function stirlingError(n: number): number {
  // Below 16 by the recurrence error(n) = error(n + 1) + (n + 1/2) log(1 + 1/n) - 1.
  let shifted = 0
  let at = n
  for (; at < 16; at++) shifted += (at + 0.5) * Math.log1p(1 / at) - 1
  const square = at * at
  const series =
    1 / 12 -
    (1 / 360 -
      (1 / 1260 - (1 / 1680 - (1 / 1188 - (691 / 360360 - 1 / 156 / square) / square) / square) / square) / square) /
      square
  return shifted + series / at
}

/** n log(n / mean) + mean - n, without cancellation where n is close to the mean. */
function deviance(n: number, mean: number): number {
  const ratio = (n - mean) / (n + mean)
  if (!(Math.abs(ratio) < 0.1)) return n * Math.log(n / mean) + mean - n
  let sum = (n - mean) * ratio
  let term = 2 * n * ratio
  for (let j = 3; ; j += 2) {
    term *= ratio * ratio
    const next = sum + term / j
    if (next === sum) return sum
    sum = next
  }
}
