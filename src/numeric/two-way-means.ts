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
  const effects = columnEffects(centered, rows, columns)
  const rowMeans = meansByRow(effects, rows, columns)
  return centered.map((value, i) => value - (effects[columns.of[i]!]! - rowMeans[rows.of[i]!]!))
}

function columnEffects(centered: Float64Array, rows: Grouping<unknown>, columns: Grouping<unknown>): Float64Array {
  const count = columns.sizes.length
  const effects = new Float64Array(count)
  const residual = new Float64Array(count)
  const sizes = new Float64Array(count)
  for (let i = 0; i < centered.length; i++) {
    residual[columns.of[i]!]! += centered[i]!
    sizes[columns.of[i]!]! += Math.abs(centered[i]!)
  }
  // Below this, sums are rounding: the system is solved as far as it has a solution.
  const enough = 1e-30 * innerProduct(sizes, sizes)
  const direction = residual.slice()
  let squares = innerProduct(residual, residual)
  for (let step = 0; step < 4 * count && squares > enough; step++) {
    const image = eliminated(direction, rows, columns)
    const curvature = innerProduct(direction, image)
    if (!(curvature > 0)) break
    const length = squares / curvature
    for (let j = 0; j < count; j++) {
      effects[j]! += length * direction[j]!
      residual[j]! -= length * image[j]!
    }
    const previous = squares
    squares = innerProduct(residual, residual)
    for (let j = 0; j < count; j++) direction[j] = residual[j]! + (squares / previous) * direction[j]!
  }
  return effects
}

/** (D - N'R^-1 N) times column effects: their sums over columns after each row's mean is taken away. */
function eliminated(effects: Float64Array, rows: Grouping<unknown>, columns: Grouping<unknown>): Float64Array {
  const rowMeans = meansByRow(effects, rows, columns)
  const image = new Float64Array(effects.length)
  for (let i = 0; i < rows.of.length; i++) {
    const column = columns.of[i]!
    image[column]! += effects[column]! - rowMeans[rows.of[i]!]!
  }
  return image
}

function meansByRow(effects: Float64Array, rows: Grouping<unknown>, columns: Grouping<unknown>): Float64Array {
  const means = new Float64Array(rows.sizes.length)
  for (let i = 0; i < rows.of.length; i++) means[rows.of[i]!]! += effects[columns.of[i]!]!
  for (let row = 0; row < means.length; row++) means[row]! /= rows.sizes[row]!
  return means
}

function innerProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
