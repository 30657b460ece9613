/** What a first reading tells of a full one, learned from rows that were read both ways. */
import { fitLine } from '../../numeric/linear-regression.ts'

export interface LineOfTrait {
  readonly trait: string
  /** full is about intercept + slope * first */
  readonly intercept: number
  readonly slope: number
  /** A row whose estimate is no more than this below a bound may be above it. */
  readonly above: number
  /** A row whose estimate is no more than this above a bound may be below it. */
  readonly below: number
}

/** A bound that rows are told apart by; `fromAbove`: rows above it are to be told too, not only those below. */
export interface DividingBound {
  readonly bound: number
  readonly fromAbove: boolean
}

/**
 * The line of least squares, with margins as narrow as may be: were every row's residual that of any other row, no more
 * than `mostErrors` of all rows would be on the other side of a bound than their estimates, beyond the margin.
 * @param first projections of the first reading, by row
 * @param full the same rows read in full
 * @returns undefined where the first reading does not vary, or rows are too few
 */
export function fitLineOfTrait(
  trait: string,
  first: readonly number[],
  full: readonly number[],
  bounds: readonly DividingBound[],
  mostErrors: number,
): LineOfTrait | undefined {
  const line = fitLine(first, full)
  if (!line) return undefined
  const { intercept, slope } = line
  const estimates = first.map(value => intercept + slope * value)
  const residuals = estimates.map((estimate, row) => full[row]! - estimate)
  const mirrored = { estimates: estimates.map(negative), residuals: residuals.map(negative) }
  const sides = bounds.reduce((count, { fromAbove }) => count + (fromAbove ? 2 : 1), 0)
  const share = mostErrors / Math.max(1, sides)
  const above = bounds.map(({ bound }) => marginBelow(bound, estimates, residuals, share))
  const below = bounds.map(({ bound, fromAbove }) =>
    fromAbove ? marginBelow(negative(bound), mirrored.estimates, mirrored.residuals, share) : 0,
  )
  return { trait, intercept, slope, above: Math.max(0, ...above), below: Math.max(0, ...below) }
}

export function estimateOf({ intercept, slope }: LineOfTrait, first: number): number {
  return intercept + slope * first
}

/**
 * The narrowest margin under a bound for which rows with lower estimates are in truth above it in `mostErrors` of all
 * pairs of an estimate and a residual at most, and for none of the rows themselves: near a bound residuals may be larger.
 */
function marginBelow(
  bound: number,
  estimates: readonly number[],
  residuals: readonly number[],
  mostErrors: number,
): number {
  const ownErrors = estimates.map((estimate, row) => (estimate + residuals[row]! >= bound ? bound - estimate : 0))
  const own = ownErrors.reduce((most, gap) => Math.max(most, gap), 0)
  const sorted = residuals.toSorted((a, b) => b - a)
  const gaps = estimates.map(estimate => bound - estimate).sort((a, b) => b - a)
  const pairs = estimates.length * residuals.length
  let errors = 0
  let larger = 0
  for (const gap of gaps) {
    if (gap <= own) break
    // Gaps fall, so ever more residuals reach over them.
    while (larger < sorted.length && sorted[larger]! >= gap) larger++
    errors += larger
    if (errors > mostErrors * pairs) return widened(gap)
  }
  return widened(own)
}

/** Rows that open alike have the same estimate: rounding must not part them. */
function widened(margin: number): number {
  return margin > 0 ? margin * (1 + 1e-6) + Number.EPSILON : 0
}

function negative(value: number): number {
  return -value
}
