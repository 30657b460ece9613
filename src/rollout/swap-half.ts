import { createRandom, deriveSeed } from '../numeric/random.ts'
import { shuffle } from '../numeric/shuffle.ts'
import type { KeptPairs } from './kept-pairs.ts'
import type { ContrastiveRollout } from './plan-rollouts.ts'
import type { FinishedRollout } from './rollout-store.ts'

export interface SwappedPairs {
  /** The kept pairs; of an odd number one less, or the last one would be left over with its sides as they were. */
  readonly pairs: KeptPairs
  /** The same rollouts with the sides of the chosen pairs swapped. */
  readonly swap: (parts: AsyncIterable<readonly FinishedRollout[]>) => AsyncGenerator<FinishedRollout[]>
}

/**
 * Swaps the sides of half of the kept pairs, chosen at random: a control. What p+ and p- have to do with the answers is
 * gone, and everything else stays.
 */
export function swapHalf(rollouts: readonly ContrastiveRollout[], pairs: KeptPairs, seed: number): SwappedPairs {
  const keys = [...new Set(rollouts.filter((_, index) => pairs.kept[index]).map(keyOf))]
  const shuffled = shuffle(keys, createRandom(deriveSeed(seed, 'swapped pairs')))
  const swapped = new Set(shuffled.slice(0, Math.floor(keys.length / 2)))
  const oddOne = keys.length % 2 === 1 ? shuffled.at(-1) : undefined
  return {
    pairs: oddOne === undefined ? pairs : withoutPair(rollouts, pairs, oddOne),
    async *swap(parts) {
      for await (const part of parts)
        yield part.map(finished => (swapped.has(keyOf(finished.rollout)) ? otherSide(finished) : finished))
    },
  }
}

function withoutPair(rollouts: readonly ContrastiveRollout[], pairs: KeptPairs, left: string): KeptPairs {
  return {
    ...pairs,
    kept: pairs.kept.map((kept, index) => kept && keyOf(rollouts[index]!) !== left),
    pairsKept: pairs.pairsKept - 1,
    dropped: { ...pairs.dropped, 'odd one': 1 },
  }
}

function otherSide(finished: FinishedRollout): FinishedRollout {
  const { rollout } = finished
  return { ...finished, rollout: { ...rollout, side: rollout.side === 'positive' ? 'negative' : 'positive' } }
}

function keyOf({ pair, question, sample }: ContrastiveRollout): string {
  return `${pair}/${question}/${sample}`
}
