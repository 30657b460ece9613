/** Correlation of two columns once what their groups explain is taken away. */
import { cosineOfResiduals } from './correlation.ts'
import { type Groups, groupMeans, numberGroups, withoutGroupMeans } from './group-means.ts'
import { type Numbers, requireSameLength } from './numbers.ts'
import { withoutTwoWayMeans } from './two-way-means.ts'

/**
 * The pooled correlation within groups: Pearson after each group's own mean is taken from both columns. Says whether x
 * tells rows of one group apart, whatever the groups' means do (Snijders and Bosker 2012, "Multilevel Analysis", 3.6).
 * @returns -1..1; undefined where a column does not vary within any group
 */
export function withinGroupCorrelation(x: Numbers, y: Numbers, groups: Groups): number | undefined {
  requireSameLength(x, y, groups)
  const grouping = numberGroups(groups)
  return cosineOfResiduals(withoutGroupMeans(x, grouping), withoutGroupMeans(y, grouping), x, y)
}

/**
 * The correlation of what neither the row group nor the column group explains: Pearson between the residuals of the two
 * columns after an additive two-way model of both groupings (least squares, exact for unbalanced data too).
 * @returns -1..1; undefined where the additive model explains a column entirely
 */
export function interactionCorrelation(
  x: Numbers,
  y: Numbers,
  rowGroups: Groups,
  columnGroups: Groups,
): number | undefined {
  requireSameLength(x, y, rowGroups, columnGroups)
  const [rows, columns] = [numberGroups(rowGroups), numberGroups(columnGroups)]
  return cosineOfResiduals(withoutTwoWayMeans(x, rows, columns), withoutTwoWayMeans(y, rows, columns), x, y)
}

/**
 * The partial correlation of x and y given `control`, within groups: all three columns without their group means, then
 * the correlation of the residuals of x and of y on the control (Frisch and Waugh 1933; Lovell 1963).
 * A control that does not vary within groups takes nothing away.
 * @returns -1..1; undefined where nothing of a column is left
 */
export function partialWithinGroupCorrelation(
  x: Numbers,
  y: Numbers,
  control: Numbers,
  groups: Groups,
): number | undefined {
  requireSameLength(x, y, control, groups)
  const grouping = numberGroups(groups)
  const controlled = withoutGroupMeans(control, grouping)
  const constant = cosineOfResiduals(controlled, controlled, control, control) === undefined
  const residual = (values: Numbers) => {
    const centered = withoutGroupMeans(values, grouping)
    return constant ? centered : withoutSlope(centered, controlled)
  }
  return cosineOfResiduals(residual(x), residual(y), x, y)
}

/** The mean of each group's values, groups in the order in which they first appear. */
export function meanPerGroup<Group extends string | number>(
  values: Numbers,
  groups: ArrayLike<Group>,
): ReadonlyMap<Group, number> {
  requireSameLength(values, groups)
  const grouping = numberGroups(groups)
  const means = groupMeans(values, grouping)
  return new Map(grouping.names.map((name, group) => [name, means[group]!]))
}

function withoutSlope(values: Float64Array, control: Float64Array): Float64Array {
  let products = 0
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    products += values[i]! * control[i]!
    squares += control[i]! * control[i]!
  }
  const slope = products / squares
  return values.map((value, i) => value - slope * control[i]!)
}
