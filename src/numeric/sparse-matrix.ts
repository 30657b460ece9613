/** Matrices that are mostly zeros. */
import { type Numbers, requireSameLength } from './numbers.ts'

/** A matrix that is mostly zeros, in compressed rows: row i has the entries starts[i] up to starts[i + 1]. */
export interface SparseMatrix {
  readonly rows: number
  readonly columns: number
  /** [rows + 1] */
  readonly starts: Int32Array
  /** The column of each entry, rising within a row. */
  readonly entryColumns: Int32Array
  readonly entryValues: Float64Array
}

/** The matrix times a vector: one number per row. */
export function timesVector(matrix: SparseMatrix, vector: Numbers): Float64Array {
  requireSameLength(vector, { length: matrix.columns })
  const { starts, entryColumns, entryValues } = matrix
  const product = new Float64Array(matrix.rows)
  for (let row = 0; row < product.length; row++) {
    let sum = 0
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry++)
      sum += entryValues[entry]! * vector[entryColumns[entry]!]!
    product[row] = sum
  }
  return product
}

/** The rows added up, each times its factor: one number per column. */
export function combineRows(matrix: SparseMatrix, factors: Numbers): Float64Array {
  requireSameLength(factors, { length: matrix.rows })
  const { starts, entryColumns, entryValues } = matrix
  const sums = new Float64Array(matrix.columns)
  for (let row = 0; row < matrix.rows; row++) {
    const factor = factors[row]!
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry++)
      sums[entryColumns[entry]!]! += factor * entryValues[entry]!
  }
  return sums
}

/** A matrix of these rows, in their order. */
export function selectRows(matrix: SparseMatrix, rows: ArrayLike<number>): SparseMatrix {
  const starts = new Int32Array(rows.length + 1)
  for (let i = 0; i < rows.length; i++)
    starts[i + 1] = starts[i]! + matrix.starts[rows[i]! + 1]! - matrix.starts[rows[i]!]!
  const entryColumns = new Int32Array(starts[rows.length]!)
  const entryValues = new Float64Array(starts[rows.length]!)
  for (let i = 0; i < rows.length; i++) {
    const [from, to] = [matrix.starts[rows[i]!]!, matrix.starts[rows[i]! + 1]!]
    entryColumns.set(matrix.entryColumns.subarray(from, to), starts[i]!)
    entryValues.set(matrix.entryValues.subarray(from, to), starts[i]!)
  }
  return { rows: rows.length, columns: matrix.columns, starts, entryColumns, entryValues }
}
