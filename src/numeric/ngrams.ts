/** Texts as sparse vectors of their character n-grams. */
import type { SparseMatrix } from './sparse-matrix.ts'

/** How texts become vectors, fitted on training texts. */
export interface NgramModel {
  /** The n of the shortest and of the longest n-grams, in characters. */
  readonly shortest: number
  readonly longest: number
  /** The rarer an n-gram was in the training texts, the more it weighs: one weight for each bucket. */
  readonly inverseFrequencies: Float64Array
}

export interface NgramOptions {
  /** Default 2. */
  readonly shortest?: number
  /** Default 5. */
  readonly longest?: number
  /** Buckets that n-grams are hashed into: a power of two, at most 2^18, which is the default. */
  readonly buckets?: number
}

const mostBuckets = 2 ** 18

/**
 * Learns from training texts how much each n-gram weighs: log((1 + texts) / (1 + texts with it)) + 1 (Spärck Jones
 * 1972, smoothed as in scikit-learn's TfidfTransformer).
 */
export function fitNgrams(texts: readonly string[], options: NgramOptions = {}): NgramModel {
  const { shortest = 2, longest = 5, buckets = mostBuckets } = options
  if (!(shortest >= 1 && longest >= shortest))
    throw new RangeError(`expected lengths that rise from 1, got ${shortest} to ${longest}`)
  if (!(buckets >= 1 && buckets <= mostBuckets && Number.isInteger(Math.log2(buckets))))
    throw new RangeError(`expected a power of two up to ${mostBuckets} as buckets, got ${buckets}`)
  const counter = new BucketCounter(shortest, longest, buckets)
  const textsWith = new Float64Array(buckets)
  for (const text of texts) for (const [bucket] of counter.count(text)) textsWith[bucket]!++
  const inverseFrequencies = textsWith.map(count => Math.log((1 + texts.length) / (1 + count)) + 1)
  return { shortest, longest, inverseFrequencies }
}

/**
 * One row per text: (1 + log count) times the weight of each n-gram's bucket, scaled to length 1 (Salton and Buckley
 * 1988). Letters are compared in lower case and runs of white space as one space. A text shorter than the shortest
 * n-gram is a row of zeros.
 */
export function ngramVectors(model: NgramModel, texts: readonly string[]): SparseMatrix {
  const { shortest, longest, inverseFrequencies } = model
  const columns = inverseFrequencies.length
  const counter = new BucketCounter(shortest, longest, columns)
  const rows = texts.map(text => unitRow(counter.count(text), inverseFrequencies))
  const starts = new Int32Array(texts.length + 1)
  for (let i = 0; i < rows.length; i++) starts[i + 1] = starts[i]! + rows[i]!.columns.length
  const entryColumns = new Int32Array(starts[texts.length]!)
  const entryValues = new Float64Array(starts[texts.length]!)
  for (let i = 0; i < rows.length; i++) {
    entryColumns.set(rows[i]!.columns, starts[i]!)
    entryValues.set(rows[i]!.values, starts[i]!)
  }
  return { rows: texts.length, columns, starts, entryColumns, entryValues }
}

type BucketCount = readonly [bucket: number, count: number]

function unitRow(counts: readonly BucketCount[], inverseFrequencies: Float64Array) {
  const columns = Int32Array.from(counts, ([bucket]) => bucket)
  const values = Float64Array.from(counts, ([bucket, count]) => (1 + Math.log(count)) * inverseFrequencies[bucket]!)
  let squares = 0
  for (const value of values) squares += value * value
  const length = Math.sqrt(squares)
  return { columns, values: values.map(value => value / length) }
}

/** Counts the n-grams of one text after another, by bucket. */
class BucketCounter {
  readonly #shortest: number
  readonly #longest: number
  readonly #counts: Uint32Array

  constructor(shortest: number, longest: number, buckets: number) {
    this.#shortest = shortest
    this.#longest = longest
    this.#counts = new Uint32Array(buckets)
  }

  /** The buckets that are not empty, rising. */
  count(text: string): readonly BucketCount[] {
    const characters = Array.from(text.toLowerCase().replace(/\s\s+/gu, ' '), character => character.codePointAt(0)!)
    const touched: number[] = []
    for (let from = 0; from < characters.length; from++) {
      let hash = 0x811c9dc5
      for (let n = 1; n <= this.#longest && from + n <= characters.length; n++) {
        hash = Math.imul(hash ^ characters[from + n - 1]!, 0x01000193)
        if (n < this.#shortest) continue
        const bucket = scatter(hash) & (this.#counts.length - 1)
        if (this.#counts[bucket]!++ === 0) touched.push(bucket)
      }
    }
    touched.sort((a, b) => a - b)
    return touched.map(bucket => {
      const count = this.#counts[bucket]!
      this.#counts[bucket] = 0
      return [bucket, count]
    })
  }
}

/** Spreads FNV-1a over all its bits (the final mix of MurmurHash3). */
function scatter(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
