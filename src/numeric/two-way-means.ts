import { type Grouping, withoutGroupMeans } from './group-means.ts'
import type { Numbers } from './numbers.ts'

/**
 * The residuals of the additive model: value = row effect + column effect + rest, by least squares. With the row
 * effects eliminated the column effects solve (D - N'R^-1 N) b = column sums of the row-centered values (Yates 1934,
 * method of fitting constants), here by conjugate gradients, which stay right when some cells are empty and the
 * groupings fall into unconnected parts.
 */
export function withoutTwoWayMeans(values: Numbers, rows: Grouping<unknown>, columns: Grouping<unknown>): Float64Array {
  const centered = withoutGroupMeans(values, rows)
  // A second solution, for what rounding left of the first, brings full precision.
  const once = withoutColumnEffects(centered, rows, columns)
  return withoutColumnEffects(withoutGroupMeans(once, rows), rows, columns)
}

function withoutColumnEffects(
  centered: Float64Array,
  rows: Grouping<unknown>,
  columns: Grouping<unknown>,
): Float64Array {
  const count = columns.names.length
  const sumsByColumn = (values: Float64Array) => {
    const sums = new Float64Array(count)
    for (let row = 0; row < values.length; row++) sums[columns.of[row]!]! += values[row]!
    return sums
  }
  const spread = (effects: Float64Array) =>
    withoutGroupMeans(
      Float64Array.from(columns.of, column => effects[column]!),
      rows,
    )

  const effects = new Float64Array(count)
  const residual = sumsByColumn(centered)
  let direction = residual.slice()
  let squares = sumOfSquares(residual)
  // Below this, sums are rounding: the rest of the system is solved, or has no solution that would matter.
  const enough = sumOfSquares(sumsByColumn(centered.map(Math.abs))) * 1e-30
  for (let step = 0; step < 4 * count && squares > enough; step++) {
    const image = sumsByColumn(spread(direction))
    let curvature = 0
    let largest = 0
    for (let i = 0; i < count; i++) {
      curvature += direction[i]! * image[i]!
      largest += direction[i]! * direction[i]! * columns.sizes[i]!
    }
    if (!(curvature > 1e-13 * largest)) break
    const size = squares / curvature
    for (let i = 0; i < count; i++) {
      effects[i]! += size * direction[i]!
      residual[i]! -= size * image[i]!
    }
    const previous = squares
    squares = sumOfSquares(residual)
    direction = direction.map((value, i) => residual[i]! + (squares / previous) * value)
  }
  const explained = spread(effects)
  return centered.map((value, row) => value - explained[row]!)
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value * value
  return sum
}
