import { createRandom, deriveSeed } from '../numeric/random.ts'
import { shuffle } from '../numeric/shuffle.ts'
import type { KeptPairs } from './kept-pairs.ts'
import type { FinishedRollout } from './rollout-store.ts'

/**
 * The same rollouts with the sides of half of the kept pairs swapped at random: a control. What p+ and p- have to do with
 * the answers is gone, and everything else stays.
 */
export async function* swapHalf(
  parts: AsyncIterable<readonly FinishedRollout[]>,
  { pairsKept, kept }: KeptPairs,
  seed: number,
): AsyncGenerator<FinishedRollout[]> {
  const half = Array.from({ length: pairsKept }, (_, index) => index < pairsKept / 2)
  const coins = shuffle(half, createRandom(deriveSeed(seed, 'swapped pairs')))
  const swapped = new Map<string, boolean>()
  let index = 0
  for await (const part of parts) {
    yield part.map(finished => {
      const { rollout } = finished
      if (!kept[index++]) return finished
      const key = `${rollout.pair}/${rollout.question}/${rollout.sample}`
      const swap = swapped.get(key) ?? coins[swapped.size]!
      swapped.set(key, swap)
      if (!swap) return finished
      return { ...finished, rollout: { ...rollout, side: rollout.side === 'positive' ? 'negative' : 'positive' } }
    })
  }
}
