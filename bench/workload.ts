/** The work every contender does: 32 sequences, prompts of 120 tokens, 60 new tokens each, no prompt shared. */
import { createRandom } from '../src/numeric/random.ts'

export const sequences = 32
export const promptTokens = 120
export const writtenTokens = 60

/** The prompt of one sequence: token ids that name ordinary words, the same for every contender. */
export function benchmarkPrompt(sequence: number, vocabularySize: number): number[] {
  const random = createRandom(1000 + sequence)
  return Array.from({ length: promptTokens }, () => 1000 + Math.floor(random.next() * Math.min(30_000, vocabularySize - 1000)))
}
