/** Measures how far an engine's activations are from the golden ones. All errors are relative. */

import type { ObservedText } from './observe-texts.ts'
import type { GoldenText } from './read-golden.ts'

/** The worst error of each kind, by layer: [B+1] each. */
export interface TextErrors {
  /** Over all tokens, estimated from the projections on the fixed directions. */
  readonly tokens: Float64Array
  /** Over the response tokens: the Euclidean length. */
  readonly norms: Float64Array
  /** Over the tokens whose whole activations are kept. */
  readonly vectors: Float64Array
  readonly promptLast: Float64Array
  readonly responseMean: Float64Array
  readonly promptMean: Float64Array
  readonly promptMeanWithoutFirst: Float64Array
}

/**
 * A mistake made on purpose: the engine's value at a position or layer is compared with the golden one this much
 * further on. Where there is none, nothing is compared.
 */
export interface Shift {
  readonly positions?: 0 | 1
  readonly layers?: 0 | 1
}

export function compareText(golden: GoldenText, observed: ObservedText, shift: Shift = {}): TextErrors {
  const { positions = 0, layers = 0 } = shift
  const count = golden.promptTokens.length + golden.responseTokens.length
  const layerCount = golden.norms(0).length
  const worst = (pairs: Iterable<Pair>) => worstByLayer(pairs, layerCount, layers)
  const all = Array.from({ length: count - positions }, (_, position) => position)
  const promptLast = golden.promptTokens.length - 1
  const means = positions === 0 ? golden : meansOnePositionOn(golden)
  return {
    tokens: estimateByLayer(golden, observed, all, { positions, layers }),
    norms: worst(
      all
        .filter(position => position > promptLast)
        .map(position => [observed.norms(position), golden.norms(position + positions)]),
    ),
    vectors: worst(vectorPairs(golden, observed, positions)),
    promptLast: worst([[observed.promptLast, golden.vector(promptLast + positions)]]),
    responseMean: worst([[observed.responseMean, means.responseMean]]),
    promptMean: worst([[observed.promptMean, means.promptMean]]),
    promptMeanWithoutFirst: worst(
      observed.promptMeanWithoutFirst && means.promptMeanWithoutFirst
        ? [[observed.promptMeanWithoutFirst, means.promptMeanWithoutFirst]]
        : [],
    ),
  }
}

/** An engine's values and the golden ones, both with the layer as the first dimension. */
type Pair = readonly [observed: Float32Array, golden: Float32Array]

function vectorPairs({ vectorPositions, vector }: GoldenText, { vectors }: ObservedText, shift: number): Pair[] {
  if (!vectors) return []
  const compared = vectorPositions.filter(position => vectorPositions.includes(position + shift))
  return compared.map(position => [vectors.get(position)!, vector(position + shift)])
}

/** |observed - golden| / |golden| of each layer, the worst of all pairs. */
function worstByLayer(pairs: Iterable<Pair>, layerCount: number, shift: number): Float64Array {
  const worst = new Float64Array(layerCount)
  for (const [observed, golden] of pairs) {
    const width = golden.length / layerCount
    for (let layer = 0; layer + shift < layerCount; layer++) {
      const error = relativeError(observed, layer * width, golden, (layer + shift) * width, width)
      worst[layer] = Math.max(worst[layer]!, error)
    }
  }
  return worst
}

function relativeError(a: Float32Array, aStart: number, b: Float32Array, bStart: number, width: number): number {
  let difference = 0
  let length = 0
  for (let i = 0; i < width; i++) {
    difference += (a[aStart + i]! - b[bStart + i]!) ** 2
    length += b[bStart + i]! ** 2
  }
  return Math.sqrt(difference / length)
}

/**
 * The same, from projections on n random sign directions only: |difference|^2 is about d/n times the sum of the squared
 * differences of the projections. With n = 8 the estimate is mostly within a quarter of the truth.
 */
function estimateByLayer(
  golden: GoldenText,
  observed: ObservedText,
  positions: readonly number[],
  shift: Required<Shift>,
): Float64Array {
  const layerCount = golden.norms(0).length
  const width = golden.responseMean.length / layerCount
  const worst = new Float64Array(layerCount)
  for (const position of positions) {
    const [ours, theirs] = [observed.projections(position), golden.projections(position + shift.positions)]
    const norms = golden.norms(position + shift.positions)
    const directions = theirs.length / layerCount
    for (let layer = 0; layer + shift.layers < layerCount; layer++) {
      let sum = 0
      for (let i = 0; i < directions; i++) {
        sum += (ours[layer * directions + i]! - theirs[(layer + shift.layers) * directions + i]!) ** 2
      }
      const error = Math.sqrt((sum * width) / directions) / norms[layer + shift.layers]!
      worst[layer] = Math.max(worst[layer]!, error)
    }
  }
  return worst
}

type Means = Pick<GoldenText, 'responseMean' | 'promptMean' | 'promptMeanWithoutFirst'>

/**
 * What the means would be if every token's activation were taken one position too far back: the response from the last
 * prompt token on, the prompt up to the first response token. One activation leaves each sum, one joins it.
 */
function meansOnePositionOn(golden: GoldenText): Means {
  const promptCount = golden.promptTokens.length
  const responseCount = golden.responseTokens.length
  const at = (position: number) => golden.vector(position)
  const moved = (mean: Float32Array, count: number, leaves: Float32Array, joins: Float32Array) =>
    mean.map((value, index) => value + (joins[index]! - leaves[index]!) / count)
  const withoutFirst = golden.promptMeanWithoutFirst
  return {
    responseMean: moved(golden.responseMean, responseCount, at(promptCount + responseCount - 1), at(promptCount - 1)),
    promptMean: moved(golden.promptMean, promptCount, at(0), at(promptCount)),
    promptMeanWithoutFirst: withoutFirst && moved(withoutFirst, promptCount - 1, at(1), at(promptCount)),
  }
}
