/**
 * Draws the next token from logits. Knows numbers only: no model, no text.
 *
 * Sampling is first-order in speed (a step of 16 rows over 49,152 tokens takes tens of milliseconds in all), so one
 * pass finds the maximum, one gathers what can matter with its weight, and nothing is ever sorted in full.
 */
import { createRandom, type Random } from '../../numeric/random.ts'
import type { TokenId } from '../contract/prompt.ts'
import type { Sampling } from '../contract/sampling.ts'

/** Restricts which tokens may follow, and follows what was chosen. A grammar is one. */
export interface TokenConstraint {
  allows(token: TokenId): boolean
  /**
   * Sets the logits of forbidden tokens to -Infinity, in place.
   * @returns how many tokens remain
   */
  mask(logits: Float32Array): number
}

/** What every sampler of a thread works in; holds no state between calls. */
export class SamplerScratch {
  readonly candidates: Int32Array
  readonly weights: Float64Array
  readonly masked: Float32Array

  constructor(vocabularySize: number) {
    this.candidates = new Int32Array(vocabularySize)
    this.weights = new Float64Array(vocabularySize)
    this.masked = new Float32Array(vocabularySize)
  }
}

/** A weight under e^-27 of the largest adds less than 1e-7 of the mass for any vocabulary under 50,000 tokens. */
const negligibleNats = 27

export class Sampler {
  readonly #temperature: number
  readonly #topK: number
  readonly #topP: number
  readonly #minP: number
  readonly #random: Random
  readonly #scratch: SamplerScratch

  constructor(sampling: Sampling, scratch: SamplerScratch) {
    this.#temperature = sampling.temperature ?? 1
    this.#topK = sampling.topK ?? 0
    this.#topP = sampling.topP ?? 1
    this.#minP = sampling.minP ?? 0
    this.#random = createRandom(sampling.seed ?? 0)
    this.#scratch = scratch
  }

  /**
   * @param logits [vocabulary]
   * @returns the chosen token, or undefined where the constraint leaves none
   */
  sample(logits: Float32Array, constraint?: TokenConstraint): TokenId | undefined {
    const token = this.#draw(logits)
    if (!constraint || constraint.allows(token)) return token
    // Drawing first and masking only on refusal leaves the probability of every allowed token as if masked first.
    const { masked } = this.#scratch
    masked.set(logits)
    return constraint.mask(masked) > 0 ? this.#draw(masked) : undefined
  }

  #draw(logits: Float32Array): TokenId {
    const highest = maximum(logits)
    if (this.#temperature === 0) return logits.indexOf(highest)
    let count = this.#gather(logits, highest)
    if (this.#topK > 0 && this.#topK < count) count = this.#keepTopK(count, this.#topK)
    if (this.#topP < 1) count = this.#keepTopP(count)
    return this.#pick(count)
  }

  /** Fills the scratch with the tokens whose weight matters; the largest weight is 1. */
  #gather(logits: Float32Array, highest: number): number {
    const { candidates, weights } = this.#scratch
    const inverse = 1 / this.#temperature
    const reach = this.#minP > 0 ? Math.min(negligibleNats, -Math.log(this.#minP)) : negligibleNats
    // The comparison is inclusive so that min-p = 1 keeps the best token.
    const lowest = highest - reach * this.#temperature
    let count = 0
    for (let token = 0; token < logits.length; token++) {
      const logit = logits[token]!
      if (logit >= lowest) {
        candidates[count] = token
        weights[count++] = expOfNegative((logit - highest) * inverse)
      }
    }
    return count
  }

  /** Moves the k heaviest candidates to the front. */
  #keepTopK(count: number, k: number): number {
    return this.#keepHeavier(count, kthLargest(this.#scratch.weights, count, k), k)
  }

  /** Moves the heaviest candidates that together reach top-p of the mass to the front. */
  #keepTopP(count: number): number {
    const { weights } = this.#scratch
    let mass = 0
    for (let i = 0; i < count; i++) mass += weights[i]!
    const wanted = this.#topP * mass
    const sorted = heaviestReaching(weights, count, wanted)
    let sum = 0
    let kept = 0
    while (kept < sorted.length && sum < wanted) sum += sorted[kept++]!
    return this.#keepHeavier(count, sorted[Math.max(0, kept - 1)]!, Math.max(1, kept))
  }

  #keepHeavier(count: number, threshold: number, atMost: number): number {
    const { candidates, weights } = this.#scratch
    let ties = atMost
    for (let i = 0; i < count; i++) if (weights[i]! > threshold) ties--
    let kept = 0
    for (let i = 0; i < count; i++) {
      const weight = weights[i]!
      if (weight > threshold || (weight === threshold && ties-- > 0)) {
        candidates[kept] = candidates[i]!
        weights[kept++] = weight
      }
    }
    return kept
  }

  #pick(count: number): TokenId {
    const { candidates, weights } = this.#scratch
    let mass = 0
    for (let i = 0; i < count; i++) mass += weights[i]!
    let rest = this.#random.next() * mass
    for (let i = 0; i < count; i++) {
      rest -= weights[i]!
      if (rest < 0) return candidates[i]!
    }
    return candidates[count - 1]!
  }
}

/** The largest logit. Four running maxima keep the processor's pipeline full. */
export function maximum(values: Float32Array): number {
  let a = Number.NEGATIVE_INFINITY
  let b = a
  let c = a
  let d = a
  const whole = values.length & ~3
  for (let i = 0; i < whole; i += 4) {
    if (values[i]! > a) a = values[i]!
    if (values[i + 1]! > b) b = values[i + 1]!
    if (values[i + 2]! > c) c = values[i + 2]!
    if (values[i + 3]! > d) d = values[i + 3]!
  }
  for (let i = whole; i < values.length; i++) if (values[i]! > a) a = values[i]!
  return Math.max(a, b, c, d)
}

/** log of the sum of exp over all logits: what turns a logit into a log-probability. */
export function logSumExp(logits: Float32Array): number {
  const highest = maximum(logits)
  let sum = 0
  for (let i = 0; i < logits.length; i++) sum += expOfNegative(logits[i]! - highest)
  return highest + Math.log(sum)
}

/** The tokens with the k largest logits, largest first; equal logits in order of their number. */
export function topTokens(logits: Float32Array, k: number): TokenId[] {
  if (k > mostInserted) return sortedTokens(logits).slice(0, k)
  const best: TokenId[] = []
  let lowest = Number.NEGATIVE_INFINITY
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token]!
    if (best.length === k && !(logit > lowest)) continue
    let place = best.length
    while (place > 0 && logits[best[place - 1]!]! < logit) place--
    best.splice(place, 0, token)
    if (best.length > k) best.pop()
    lowest = logits[best.at(-1)!]!
  }
  return best
}

/** With more tokens wanted than this, inserting each at its place would cost more than sorting all. */
const mostInserted = 256

function sortedTokens(logits: Float32Array): TokenId[] {
  return Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b)
}

const log2e = Math.LOG2E
const powersOfTwo = Float64Array.from({ length: 1100 }, (_, exponent) => 2 ** -exponent)

/**
 * exp(x) for x <= 0, within 1e-9 relative: about four times as fast as Math.exp, which matters at 800,000 calls a
 * step. 2^f for f in [0, 1) by its Taylor series around the middle.
 */
export function expOfNegative(x: number): number {
  const scaled = x * log2e
  if (scaled < -1074) return 0
  const whole = Math.floor(scaled)
  const r = (scaled - whole - 0.5) * Math.LN2
  const high = 1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r / 40_320)))
  const series = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * high)))
  return series * Math.SQRT2 * powersOfTwo[-whole]!
}

/** The k-th largest of the first `count` weights, by a heap of the k largest seen so far. */
function kthLargest(weights: Float64Array, count: number, k: number): number {
  const heap = weights.slice(0, k).sort()
  for (let i = k; i < count; i++) {
    const weight = weights[i]!
    if (weight <= heap[0]!) continue
    heap[0] = weight
    siftDown(heap)
  }
  return heap[0]!
}

/** Restores a heap whose root may be too large: every parent is at most its children. */
function siftDown(heap: Float64Array): void {
  let parent = 0
  for (;;) {
    const left = 2 * parent + 1
    const right = left + 1
    let least = parent
    if (left < heap.length && heap[left]! < heap[least]!) least = left
    if (right < heap.length && heap[right]! < heap[least]!) least = right
    if (least === parent) return
    const moved = heap[parent]!
    heap[parent] = heap[least]!
    heap[least] = moved
    parent = least
  }
}

/** The heaviest weights, largest first, at least as many as reach the wanted mass. */
function heaviestReaching(weights: Float64Array, count: number, wanted: number): Float64Array {
  for (let threshold = 1e-2; ; threshold *= 1e-2) {
    const everything = threshold < 1e-12
    const chosen: number[] = []
    let mass = 0
    for (let i = 0; i < count; i++) {
      if (everything || weights[i]! >= threshold) {
        chosen.push(weights[i]!)
        mass += weights[i]!
      }
    }
    if (mass >= wanted || everything) return Float64Array.from(chosen).sort().reverse()
  }
}
