import type { Random } from '../../numeric/random.ts'
import { shuffle } from '../../numeric/shuffle.ts'

/**
 * Strata of equal size by rank: the lowest tenth, the next tenth and so on.
 * @returns item numbers; fewer strata where there are fewer items
 */
export function rankStrata(values: readonly number[], strata = 10): number[][] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]! || a - b)
  const groups = Array.from({ length: Math.min(strata, order.length) }, (): number[] => [])
  for (const [rank, item] of order.entries()) groups[Math.floor((rank * groups.length) / order.length)]!.push(item)
  return groups
}

/** Strata by label, in the order in which labels first come. */
export function labelStrata(labels: readonly string[]): number[][] {
  return [...Map.groupBy(labels.keys(), item => labels[item]!).values()]
}

/**
 * Draws from strata in turn, one item at a time, so that all give equally many as far as they can.
 * @param take says of an item whether it can be had; what cannot is passed over
 * @returns at most `count` item numbers
 */
export function drawFromStrata(
  strata: readonly (readonly number[])[],
  count: number,
  random: Random,
  take: (item: number) => boolean = () => true,
): number[] {
  // Which strata give one more, where the count does not divide, is left to chance.
  const waiting = shuffle(strata, random).map(items => shuffle(items, random))
  const drawn: number[] = []
  while (drawn.length < count && waiting.some(items => items.length > 0)) {
    for (const items of waiting) {
      if (drawn.length >= count) break
      while (items.length > 0) {
        const item = items.pop()!
        if (!take(item)) continue
        drawn.push(item)
        break
      }
    }
  }
  return drawn
}
