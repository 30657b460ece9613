import type { Judgement } from '../judge/judge.ts'
import type { ContrastiveRollout } from './plan-rollouts.ts'

/** At least this much of the trait, and of coherence, on a 0..100 scale. */
const threshold = 50

/** Why a pair of answers was left out; `odd one` where only an even number can be used (see `swapHalf`). */
export type DropReason = 'empty' | 'unscored' | 'not evoked' | 'not suppressed' | 'incoherent' | 'odd one'

/** Which pairs of answers a vector is made of. */
export interface KeptPairs {
  /** One entry for each rollout: whether its pair is kept. */
  readonly kept: readonly boolean[]
  readonly pairsPlanned: number
  readonly pairsKept: number
  /** How many pairs were left out for which reason, the first that applies. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
}

/**
 * Keeps a pair (same prompt pair, question and sample) where the answer under p+ scores 50 or more, the one under p-
 * less than 50, and both are coherent at 50 or more, as far as the judge looks at coherence (paper, section 2.2).
 * Without judgements every pair of two answers is kept.
 * @param judgements in the order of the rollouts
 */
export function keepPairs(
  rollouts: readonly (ContrastiveRollout & { readonly responseTokens: number })[],
  judgements: readonly Judgement[] | undefined,
): KeptPairs {
  const pairs = new Map<string, { positive?: number; negative?: number }>()
  rollouts.forEach(({ pair, question, sample, side }, index) => {
    const key = `${pair}/${question}/${sample}`
    pairs.set(key, { ...pairs.get(key), [side]: index })
  })
  const kept = new Array<boolean>(rollouts.length).fill(false)
  const dropped: Partial<Record<DropReason, number>> = {}
  let pairsKept = 0
  for (const { positive, negative } of pairs.values()) {
    const both = [positive!, negative!] as const
    const isEmpty = both.some(index => rollouts[index]!.responseTokens === 0)
    const reason = isEmpty ? 'empty' : judgements && reasonToDrop(judgements[positive!]!, judgements[negative!]!)
    if (reason) {
      dropped[reason] = (dropped[reason] ?? 0) + 1
      continue
    }
    for (const index of both) kept[index] = true
    pairsKept++
  }
  return { kept, pairsPlanned: pairs.size, pairsKept, dropped }
}

function reasonToDrop(positive: Judgement, negative: Judgement): DropReason | undefined {
  const [high, low] = [positive.expression, negative.expression]
  if (high.status === 'unscored' || low.status === 'unscored') return 'unscored'
  if (high.value < threshold) return 'not evoked'
  if (low.value >= threshold) return 'not suppressed'
  for (const { coherence } of [positive, negative]) {
    if (coherence?.status === 'unscored') return 'unscored'
    if (coherence && coherence.value < threshold) return 'incoherent'
  }
  return undefined
}
