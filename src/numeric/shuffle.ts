import type { Random } from './random.ts'

/**
 * The values in a random order, all orders equally likely (Fisher and Yates, in Durstenfeld's form of 1964); a copy.
 */
export function shuffle<Value>(values: ArrayLike<Value>, random: Random): Value[] {
  const result = Array.from(values)
  for (let left = result.length; left > 1; left--) {
    const drawn = Math.floor(random.next() * left)
    const value = result[drawn]!
    result[drawn] = result[left - 1]!
    result[left - 1] = value
  }
  return result
}
