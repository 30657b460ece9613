/**
 * A transformer of a few hundred numbers, in plain TypeScript: the same shape of computation as a real one (a residual
 * stream that blocks add to, each looking back at earlier tokens), small enough for thousands of passes a second.
 * Every number is derived from a seed. Vocabulary: the 256 bytes, then one token that ends a turn and one that begins
 * a text.
 */
import { createRandom } from '../../numeric/random.ts'
import { dot } from '../../numeric/vector-math.ts'
import type { Layer } from '../contract/layer.ts'

export const endToken = 256
export const beginToken = 257

export const fakeShape = { blockCount: 4, hiddenSize: 16, vocabularySize: 258, contextTokens: 2048 } as const

interface Block {
  /** [d, d] each, row-major */
  readonly look: Float32Array
  readonly write: Float32Array
}

/** What the model remembers of a sequence: for each block, a fading mean of what it read. */
export interface FakeMemory {
  readonly means: Float32Array[]
  position: number
}

/** Called with every layer of a token; may change the row [d] in place. */
export type RowVisitor = (layer: Layer, row: Float32Array) => void

/** Close to 1, so that a system prompt still tells in the answer. */
const fading = 0.985

export class FakeModel {
  /** [vocabulary, d] */
  readonly #embedding: Float32Array
  readonly #blocks: readonly Block[]

  constructor(seed = 7) {
    const random = createRandom(seed)
    const draw = (length: number, scale: number) => Float32Array.from({ length }, () => (random.next() * 2 - 1) * scale)
    const { hiddenSize: d, vocabularySize, blockCount } = fakeShape
    this.#embedding = draw(vocabularySize * d, 1)
    this.#blocks = Array.from({ length: blockCount }, () => ({ look: draw(d * d, 0.7), write: draw(d * d, 0.7) }))
  }

  remember(): FakeMemory {
    return { means: this.#blocks.map(() => new Float32Array(fakeShape.hiddenSize)), position: 0 }
  }

  /**
   * Feeds one token.
   * @param deepest blocks after this layer are not computed
   * @returns the last row computed, [d]
   */
  feed(memory: FakeMemory, token: number, deepest: Layer, visit: RowVisitor): Float32Array {
    const row = this.#embeddingOf(token)
    visit(0 as Layer, row)
    for (let block = 0; block < deepest; block++) {
      this.#runBlock(this.#blocks[block]!, memory.means[block]!, row)
      visit((block + 1) as Layer, row)
    }
    memory.position++
    return row
  }

  /** [vocabulary]; the longer a sequence, the likelier the end of the turn. */
  logits(row: Float32Array, position: number): Float32Array {
    const { hiddenSize: d, vocabularySize } = fakeShape
    const logits = new Float32Array(vocabularySize)
    for (let token = 0; token < vocabularySize; token++) {
      logits[token] = 1.5 * dot(this.#embedding.subarray(token * d, (token + 1) * d), row)
    }
    logits[endToken] = logits[endToken]! + position / 40 - 3
    logits[beginToken] = -100
    return logits
  }

  #embeddingOf(token: number): Float32Array {
    const { hiddenSize: d } = fakeShape
    return this.#embedding.slice(token * d, (token + 1) * d)
  }

  #runBlock({ look, write }: Block, mean: Float32Array, row: Float32Array): void {
    const d = row.length
    for (let i = 0; i < d; i++) mean[i] = fading * mean[i]! + (1 - fading) * row[i]!
    const inner = new Float32Array(d)
    for (let i = 0; i < d; i++) {
      const weights = look.subarray(i * d, (i + 1) * d)
      inner[i] = Math.tanh(dot(weights, row) * 0.5 + 4 * dot(weights, mean))
    }
    for (let i = 0; i < d; i++) row[i] = row[i]! + 0.5 * dot(write.subarray(i * d, (i + 1) * d), inner)
  }
}
