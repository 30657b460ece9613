/** What all statistics take and give: columns of numbers, and results that are finite or undefined. */

/** Numbers in a row: a plain array or a typed one. */
export type Numbers = ArrayLike<number>

/** Throws RangeError unless all the columns have the same length. */
export function requireSameLength(...columns: readonly ArrayLike<unknown>[]): void {
  const lengths = columns.map(column => column.length)
  if (new Set(lengths).size > 1) throw new RangeError(`expected columns of one length, got ${lengths.join(' and ')}`)
}

/** The value where it is finite, else undefined: results are numbers or undefined, never NaN. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
