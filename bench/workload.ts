/**
 * The work every contender does: answers to prompts that share nothing, all of the same length. Prompts are token ids,
 * so that nobody's tokeniser is measured.
 */
import { createRandom } from '../src/numeric/random.ts'

export interface Workload {
  /** [sequences, prompt tokens] */
  readonly prompts: readonly (readonly number[])[]
  readonly writtenTokens: number
  /** How many at a time. */
  readonly sideBySide: number
}

/** Where ids of ordinary words begin and end in the vocabulary of every model of the catalogue. */
const firstWord = 1000
const lastWord = 31_000

/** What claims of speed are about. */
export const fullWorkload = makeWorkload(32, 120, 60)

/** Shows that the bench itself works. */
export const quickWorkload = makeWorkload(8, 120, 12)

/** What claims of the server's speed are about: 16 clients, each with two requests. */
export const servingWorkload = makeWorkload(32, 120, 60, 16)

export const quickServingWorkload = makeWorkload(8, 120, 12, 4)

function makeWorkload(
  sequences: number,
  promptTokens: number,
  writtenTokens: number,
  sideBySide = sequences,
): Workload {
  const prompts = Array.from({ length: sequences }, (_, sequence) => {
    const random = createRandom(1000 + sequence)
    return Array.from({ length: promptTokens }, () => firstWord + Math.floor(random.next() * (lastWord - firstWord)))
  })
  return { prompts, writtenTokens, sideBySide }
}
