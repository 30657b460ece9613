/** Means of groups of rows, and what is left without them. */
import type { Numbers } from './numbers.ts'

/** The group each row belongs to, by name or number. */
export type Groups = ArrayLike<string | number>

/** Rows in numbered groups: row i is in group `of[i]`. */
export interface Grouping<Group = string | number> {
  /** The group number of each row, 0 for the group that appears first. */
  readonly of: Int32Array
  readonly names: readonly Group[]
  /** Rows in each group. */
  readonly sizes: Float64Array
}

/** Numbers the groups in the order in which they first appear. */
export function numberGroups<Group>(groups: ArrayLike<Group>): Grouping<Group> {
  const numbers = new Map<Group, number>()
  const of = new Int32Array(groups.length)
  for (let row = 0; row < groups.length; row++) {
    const group = groups[row]!
    let number = numbers.get(group)
    if (number === undefined) {
      number = numbers.size
      numbers.set(group, number)
    }
    of[row] = number
  }
  const sizes = new Float64Array(numbers.size)
  for (const group of of) sizes[group]!++
  return { of, names: [...numbers.keys()], sizes }
}

/** The mean of each group, corrected by the mean of what is left over (two passes). */
export function groupMeans(values: Numbers, { of, sizes }: Grouping<unknown>): Float64Array {
  const means = new Float64Array(sizes.length)
  for (let row = 0; row < of.length; row++) means[of[row]!]! += values[row]!
  for (let group = 0; group < means.length; group++) means[group]! /= sizes[group]!
  const rest = new Float64Array(sizes.length)
  for (let row = 0; row < of.length; row++) rest[of[row]!]! += values[row]! - means[of[row]!]!
  for (let group = 0; group < means.length; group++) means[group]! += rest[group]! / sizes[group]!
  return means
}

/** Each value minus the mean of its group. */
export function withoutGroupMeans(values: Numbers, grouping: Grouping<unknown>): Float64Array {
  const means = groupMeans(values, grouping)
  const result = new Float64Array(values.length)
  for (let row = 0; row < result.length; row++) result[row] = values[row]! - means[grouping.of[row]!]!
  return result
}
