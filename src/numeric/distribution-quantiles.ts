/**
 * Quantiles of the distributions that intervals need, each checked against scipy to a relative 1e-11 up to 1e5 degrees
 * of freedom.
 */
import { betaSlope, incompleteBeta } from './incomplete-beta.ts'

/**
 * The t such that a Student variable is within -t..t with this probability.
 * @param confidence in 0..1
 * @param freedom degrees of freedom, above 0
 */
export function studentTwoSided(confidence: number, freedom: number): number {
  const { x, rest } = betaQuantile(confidence, 0.5, freedom / 2)
  return Math.sqrt((freedom * x) / rest)
}

/**
 * The p-quantile of Fisher's F.
 * @param freedomAbove degrees of freedom of the numerator, any number above 0; likewise below
 */
export function fQuantile(p: number, freedomAbove: number, freedomBelow: number): number {
  const { x, rest } = betaQuantile(p, freedomAbove / 2, freedomBelow / 2)
  return ((freedomBelow / freedomAbove) * x) / rest
}

/**
 * The p-quantile of the standard normal distribution (Wichura 1988, algorithm AS 241, PPND16: relative error 1e-16).
 */
export function normalQuantile(p: number): number {
  requireProbability(p)
  if (p === 0 || p === 1) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const fromMiddle = p - 0.5
  if (Math.abs(fromMiddle) <= 0.425) {
    const r = 0.180625 - fromMiddle * fromMiddle
    return fromMiddle * rational(r, middle)
  }
  const r = Math.sqrt(-Math.log(fromMiddle < 0 ? p : 1 - p))
  return Math.sign(fromMiddle) * (r <= 5 ? rational(r - 1.6, tails) : rational(r - 5, farTails))
}

/**
 * The p-quantile x of the beta distribution, and 1 - x, each to full relative precision: Newton steps on log x (or on
 * log(1 - x) above the middle), kept inside a bracket that bisection narrows.
 */
function betaQuantile(p: number, a: number, b: number): { readonly x: number; readonly rest: number } {
  requireProbability(p)
  if (!(a > 0 && b > 0 && a + b < Number.POSITIVE_INFINITY))
    throw new RangeError(`expected degrees of freedom above 0, got ${2 * a} and ${2 * b}`)
  if (p === 0) return { x: 0, rest: 1 }
  if (p === 1) return { x: 1, rest: 0 }
  // Work on whichever of x and 1 - x is the smaller one.
  if (incompleteBeta(a, b, 0.5) < p) {
    const rest = smallQuantile(1 - p, b, a)
    return { x: 1 - rest, rest }
  }
  const x = smallQuantile(p, a, b)
  return { x, rest: 1 - x }
}

function smallQuantile(p: number, a: number, b: number): number {
  let low = Math.log(Number.MIN_VALUE)
  let high = Math.log(0.5)
  let at = Math.max(low, Math.min(high, Math.log(a / (a + b))))
  for (let step = 0; step < 200; step++) {
    const x = Math.exp(at)
    const excess = incompleteBeta(a, b, x) - p
    if (excess < 0) low = at
    else high = at
    const newton = at - excess / betaSlope(a, b, x)
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - at) <= 1e-16 * Math.abs(at) || next === at) return Math.exp(next)
    if (high - low < 1e-16) return x
    at = next
  }
  return Math.exp(at)
}

function requireProbability(p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`expected a probability in 0..1, got ${p}`)
}

type Coefficients = readonly [readonly number[], readonly number[]]

function rational(r: number, [above, below]: Coefficients): number {
  const polynomial = (coefficients: readonly number[]) => coefficients.reduceRight((sum, value) => sum * r + value, 0)
  return polynomial(above) / polynomial(below)
}

const middle: Coefficients = [
  [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
]

const tails: Coefficients = [
  [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
]

const farTails: Coefficients = [
  [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
]
