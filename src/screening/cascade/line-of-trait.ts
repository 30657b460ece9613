/** What a first reading tells of a full one, learned from rows that were read both ways. */
import { fitLine } from '../../numeric/linear-regression.ts'

export interface LineOfTrait {
  readonly trait: string
  /** full is about intercept + slope * first */
  readonly intercept: number
  readonly slope: number
  /** The largest amount by which a full reading exceeded its estimate, and fell short of it; 0 or more. */
  readonly above: number
  readonly below: number
}

/**
 * The line of least squares and its largest residuals.
 * @param first projections of the first reading, by row
 * @param full the same rows read in full
 * @returns undefined where the first reading does not vary, or rows are too few
 */
export function fitLineOfTrait(
  trait: string,
  first: readonly number[],
  full: readonly number[],
): LineOfTrait | undefined {
  const line = fitLine(first, full)
  if (!line) return undefined
  const { intercept, slope } = line
  const residuals = first.map((value, row) => full[row]! - (intercept + slope * value))
  const above = residuals.reduce((most, value) => Math.max(most, value), 0)
  const below = residuals.reduce((most, value) => Math.max(most, -value), 0)
  return { trait, intercept, slope, above, below }
}

export function estimateOf({ intercept, slope }: LineOfTrait, first: number): number {
  return intercept + slope * first
}
