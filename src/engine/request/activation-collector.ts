/**
 * Gathers what one request captures, row by row as the model runs. Knows positions and layers; knows nothing of
 * batches or of where the rows come from. Sums are kept in double precision.
 */
import { dot, norm, unit } from '../../numeric/vector-math.ts'
import type { Activations, Capture, Reading } from '../contract/capture.ts'
import { allLayers, type Layer } from '../contract/layer.ts'

/** What was gathered over a prefix of the prompt; goes along with the cached prefix. */
export interface PromptProgress {
  readonly sums: Float64Array | undefined
  readonly first: Float32Array | undefined
  readonly last: Float32Array | undefined
  readonly readings: readonly (readonly number[])[]
}

interface WatchedProbe {
  readonly name: string
  readonly layer: Layer
  readonly unitDirection: Float32Array
  readonly lastOnly: boolean
  prompt: number[]
  response: number[]
}

export interface CollectorOptions {
  readonly blockCount: number
  readonly hiddenSize: number
  readonly promptLength: number
  /** False where response tokens may be taken back later (stop texts): their rows wait until `settle`. */
  readonly responseIsCertain: boolean
}

export class ActivationCollector {
  readonly layers: readonly Layer[]
  /** The deepest layer anything is read from. */
  readonly deepest: Layer
  readonly #capture: Capture
  readonly #hiddenSize: number
  readonly #promptLength: number
  /** Row of a layer in the matrices, by layer; absent where it is not captured. */
  readonly #rowOf: ReadonlyMap<number, number>
  readonly #probesOf: ReadonlyMap<number, readonly WatchedProbe[]>
  readonly #probes: readonly WatchedProbe[]
  /** [layers, d] each */
  #promptSums: Float64Array | undefined
  #promptFirst: Float32Array | undefined
  #promptLast: Float32Array | undefined
  #responseSums: Float64Array | undefined
  /** For each captured layer the norm at every response token. */
  readonly #responseNorms: number[][]
  #responseStart = 0
  #settled: number
  /** Rows of response tokens that may still be taken back: token index -> [layers, d]. */
  readonly #waiting = new Map<number, Float32Array>()

  constructor(capture: Capture, options: CollectorOptions) {
    this.#capture = capture
    this.#hiddenSize = options.hiddenSize
    this.#promptLength = options.promptLength
    this.#settled = options.responseIsCertain ? Number.POSITIVE_INFINITY : 0
    this.layers = capture.layers === 'all' ? allLayers(options.blockCount) : capture.layers
    this.#rowOf = new Map(this.layers.map((layer, row) => [layer, row]))
    this.#probes = (capture.probes ?? []).map(probe => ({
      name: probe.name,
      layer: probe.layer,
      unitDirection: unit(probe.direction),
      lastOnly: probe.positions === 'prompt_last',
      prompt: [],
      response: [],
    }))
    this.#probesOf = Map.groupBy(this.#probes, probe => probe.layer)
    this.#responseNorms = this.layers.map(() => [])
    const size = this.layers.length * this.#hiddenSize
    if (capture.promptMean) {
      this.#promptSums = new Float64Array(size)
      this.#promptFirst = new Float32Array(size)
    }
    if (capture.promptLast) this.#promptLast = new Float32Array(size)
    if (capture.responseMean) this.#responseSums = new Float64Array(size)
    const matrices = capture.promptMean || capture.promptLast || capture.responseMean || capture.responseNorms
    this.deepest = Math.max(0, ...(matrices ? this.layers : []), ...this.#probes.map(probe => probe.layer)) as Layer
  }

  /** Whether response tokens must be fed through the model to be captured. */
  get readsResponse(): boolean {
    const { responseMean, responseNorms } = this.#capture
    return Boolean(responseMean || responseNorms) || this.#probes.some(({ lastOnly }) => !lastOnly)
  }

  /** Whether the row of this layer and position is wanted. */
  needs(layer: Layer, position: number): boolean {
    const isLast = position === this.#promptLength - 1
    if (this.#probesOf.get(layer)?.some(({ lastOnly }) => isLast || !lastOnly)) return true
    if (!this.#rowOf.has(layer)) return false
    if (position >= this.#promptLength) return Boolean(this.#capture.responseMean || this.#capture.responseNorms)
    return Boolean(this.#capture.promptMean) || (Boolean(this.#capture.promptLast) && isLast)
  }

  /** Takes a row [d] of a layer at a position of the sequence. The row is copied where it is kept. */
  take(layer: Layer, position: number, row: Float32Array): void {
    const inPrompt = position < this.#promptLength
    const token = position - this.#promptLength - this.#responseStart
    if (!inPrompt && token < 0) return
    for (const probe of this.#probesOf.get(layer) ?? []) {
      if (probe.lastOnly) {
        if (position === this.#promptLength - 1) probe.prompt = [dot(row, probe.unitDirection)]
        continue
      }
      const values = inPrompt ? probe.prompt : probe.response
      values[inPrompt ? position : token] = dot(row, probe.unitDirection)
    }
    const matrixRow = this.#rowOf.get(layer)
    if (matrixRow === undefined) return
    if (inPrompt) this.#takePrompt(matrixRow, position, row)
    else this.#takeResponse(matrixRow, token, row)
  }

  /** Forgets the response so far: the next token, number `token` of those written, is the response's first. */
  startResponseAt(token: number): void {
    this.#responseStart = token
    this.#responseSums?.fill(0)
    this.#waiting.clear()
    for (const norms of this.#responseNorms) norms.length = 0
    for (const probe of this.#probes) probe.response = []
  }

  /** Says that the first `count` response tokens will stay. */
  settle(count: number): void {
    this.#settled = Math.max(this.#settled, count)
    for (const [token, rows] of this.#waiting) {
      if (token >= count) continue
      addTo(this.#responseSums!, 0, rows)
      this.#waiting.delete(token)
    }
  }

  /** The projections on the probes at the last prompt token. */
  promptLastReadings(): Record<string, number> {
    const placeOf = ({ lastOnly }: WatchedProbe) => (lastOnly ? 0 : this.#promptLength - 1)
    return Object.fromEntries(this.#probes.map(probe => [probe.name, probe.prompt[placeOf(probe)] ?? Number.NaN]))
  }

  /** What was captured, the response being its first `responseTokens` tokens. */
  finish(responseTokens: number): Activations {
    this.settle(responseTokens)
    const { responseMean, responseNorms } = this.#capture
    return {
      layers: this.layers,
      hiddenSize: this.#hiddenSize,
      ...(responseMean && responseTokens > 0 && { responseMean: divide(this.#responseSums!, responseTokens) }),
      ...(responseNorms && { responseNorms: this.#normMatrix(responseTokens) }),
      ...this.#promptMeans(),
      ...(this.#promptLast && { promptLast: this.#promptLast }),
      readings: this.#probes.map(probe => toReading(probe, responseTokens)),
    }
  }

  /** @param whole whether the prefix is the whole prompt: a shorter one has not seen its last token */
  promptProgress(whole: boolean): PromptProgress {
    return {
      sums: this.#promptSums?.slice(),
      first: this.#promptFirst?.slice(),
      last: whole ? this.#promptLast?.slice() : undefined,
      readings: this.#probes.map(probe => probe.prompt.slice()),
    }
  }

  resumePrompt(progress: PromptProgress): void {
    if (progress.sums) this.#promptSums?.set(progress.sums)
    if (progress.first) this.#promptFirst?.set(progress.first)
    if (progress.last) this.#promptLast?.set(progress.last)
    this.#probes.forEach((probe, index) => {
      probe.prompt = [...progress.readings[index]!]
    })
  }

  #takePrompt(matrixRow: number, position: number, row: Float32Array): void {
    const offset = matrixRow * this.#hiddenSize
    if (this.#promptSums) {
      addTo(this.#promptSums, offset, row)
      if (position === 0) this.#promptFirst!.set(row, offset)
    }
    if (position === this.#promptLength - 1) this.#promptLast?.set(row, offset)
  }

  #takeResponse(matrixRow: number, token: number, row: Float32Array): void {
    if (this.#capture.responseNorms) this.#responseNorms[matrixRow]![token] = norm(row)
    if (!this.#responseSums) return
    const offset = matrixRow * this.#hiddenSize
    if (token < this.#settled) {
      addTo(this.#responseSums, offset, row)
      return
    }
    const rows = this.#waiting.get(token) ?? new Float32Array(this.#responseSums.length)
    rows.set(row, offset)
    this.#waiting.set(token, rows)
  }

  #promptMeans(): Pick<Activations, 'promptMean' | 'promptMeanWithoutFirst'> {
    if (!this.#promptSums) return {}
    const promptMean = divide(this.#promptSums, this.#promptLength)
    if (this.#promptLength < 2) return { promptMean }
    const rest = this.#promptSums.map((sum, i) => sum - this.#promptFirst![i]!)
    return { promptMean, promptMeanWithoutFirst: divide(rest, this.#promptLength - 1) }
  }

  /** [layers, response tokens] */
  #normMatrix(responseTokens: number): Float32Array {
    const matrix = new Float32Array(this.layers.length * responseTokens)
    this.#responseNorms.forEach((norms, row) => {
      matrix.set(norms.slice(0, responseTokens), row * responseTokens)
    })
    return matrix
  }
}

function toReading(probe: WatchedProbe, responseTokens: number): Reading {
  return {
    name: probe.name,
    layer: probe.layer,
    prompt: Float32Array.from(probe.prompt),
    response: Float32Array.from(probe.response.slice(0, responseTokens)),
  }
}

function addTo(sums: Float64Array, offset: number, row: Float32Array): void {
  for (let i = 0; i < row.length; i++) sums[offset + i] = sums[offset + i]! + row[i]!
}

function divide(sums: Float64Array, count: number): Float32Array {
  return Float32Array.from(sums, sum => sum / count)
}
