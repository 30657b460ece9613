/** Linear systems with a symmetric matrix and several penalties, in the memory of one matrix. */
import { dotTile, tileColumns, tileRows } from './dot-tile.ts'

/** Rows that one block of the factorisation spans. */
const blockSize = 64

/**
 * A symmetric positive semidefinite matrix A of m rows that can be solved for A + penalty I, again and again, in the
 * memory of one m x m matrix: A in the upper triangle with the diagonal, the Cholesky factor of the last penalty in the
 * lower.
 */
export class SymmetricSystem {
  readonly #size: number
  readonly #matrix: Float64Array
  readonly #factorDiagonal: Float64Array
  readonly #tile = new Float64Array(tileRows * tileColumns)

  constructor(size: number) {
    this.#size = size
    this.#matrix = new Float64Array(size * size)
    this.#factorDiagonal = new Float64Array(size)
  }

  /**
   * A matrix by its upper triangle, row after row, with every row and column multiplied by a number of its own.
   * @param triangle m (m + 1) / 2 numbers
   */
  static ofUpperTriangle(triangle: Float64Array, scales: Float64Array): SymmetricSystem {
    const size = scales.length
    const system = new SymmetricSystem(size)
    let from = 0
    for (let row = 0; row < size; row++)
      for (let column = row; column < size; column++)
        system.#matrix[row * size + column] = triangle[from++]! * scales[row]! * scales[column]!
    return system
  }

  /** The matrix as `ofUpperTriangle` takes it. */
  upperTriangle(): Float64Array {
    const size = this.#size
    const triangle = new Float64Array((size * (size + 1)) / 2)
    let to = 0
    for (let row = 0; row < size; row++) {
      triangle.set(this.#matrix.subarray(row * size + row, (row + 1) * size), to)
      to += size - row
    }
    return triangle
  }

  /** Adds B B' for a block B of m rows, row-major. */
  addProducts(block: Float64Array, width: number): void {
    const size = this.#size
    const last = size - 1
    for (let i = 0; i < size; i += tileRows) {
      const [a0, a1] = [i * width, Math.min(i + 1, last) * width]
      const [a2, a3] = [Math.min(i + 2, last) * width, Math.min(i + 3, last) * width]
      for (let j = i; j < size; j += tileColumns) {
        dotTile(block, a0, a1, a2, a3, block, j * width, Math.min(j + 1, last) * width, width, this.#tile)
        for (let row = i; row < Math.min(i + tileRows, size); row++)
          for (let column = Math.max(j, row); column < Math.min(j + tileColumns, size); column++)
            this.#matrix[row * size + column]! += this.#tile[(row - i) * tileColumns + column - j]!
      }
    }
  }

  /**
   * Solves (A + penalty I) x = right. Expects a penalty above 0; one below the rounding of A counts as that rounding,
   * so that A may be singular.
   */
  solve(penalty: number, right: Float64Array): Float64Array {
    return this.solveEach(penalty, [right])[0]!
  }

  /** The same for several right sides, with one factorisation. */
  solveEach(penalty: number, rights: readonly Float64Array[]): Float64Array[] {
    this.#factor(Math.max(penalty, this.#rounding()))
    return rights.map(right => this.#substitute(right))
  }

  #rounding(): number {
    let largest = 0
    for (let i = 0; i < this.#size; i++) largest = Math.max(largest, this.#matrix[i * this.#size + i]!)
    return 8 * this.#size * Number.EPSILON * largest
  }

  /** Cholesky by blocks of rows (Golub and Van Loan 2013, "Matrix Computations", 4.2). */
  #factor(penalty: number): void {
    for (let row = 0; row < this.#size; row += blockSize)
      for (let column = 0; column <= row; column += blockSize) {
        this.#updateBlock(row, column)
        this.#finishBlock(row, column, penalty)
      }
  }

  /** Rest of A after what the factor's columns left of this block explain, into the lower triangle. */
  #updateBlock(fromRow: number, fromColumn: number): void {
    const size = this.#size
    const matrix = this.#matrix
    const [toRow, toColumn] = [Math.min(fromRow + blockSize, size), Math.min(fromColumn + blockSize, size)]
    const at = (row: number) => Math.min(row, toRow - 1) * size
    for (let i = fromRow; i < toRow; i += tileRows)
      for (let j = fromColumn; j < toColumn; j += tileColumns) {
        const next = Math.min(j + 1, toColumn - 1)
        dotTile(matrix, at(i), at(i + 1), at(i + 2), at(i + 3), matrix, j * size, next * size, fromColumn, this.#tile)
        for (let row = i; row < Math.min(i + tileRows, toRow); row++)
          for (let column = j; column < Math.min(j + tileColumns, toColumn); column++) {
            const explained = this.#tile[(row - i) * tileColumns + column - j]!
            if (column < row) matrix[row * size + column] = matrix[column * size + row]! - explained
            else if (column === row) this.#factorDiagonal[row] = matrix[row * size + row]! - explained
          }
      }
  }

  #finishBlock(fromRow: number, fromColumn: number, penalty: number): void {
    const size = this.#size
    const matrix = this.#matrix
    const diagonal = this.#factorDiagonal
    const [toRow, toColumn] = [Math.min(fromRow + blockSize, size), Math.min(fromColumn + blockSize, size)]
    for (let row = fromRow; row < toRow; row++)
      for (let column = fromColumn; column < Math.min(toColumn, row + 1); column++) {
        let rest = column < row ? matrix[row * size + column]! : diagonal[row]!
        for (let k = fromColumn; k < column; k++) rest -= matrix[row * size + k]! * matrix[column * size + k]!
        if (column < row) matrix[row * size + column] = rest / diagonal[column]!
        else diagonal[row] = Math.sqrt(rest + penalty)
      }
  }

  #substitute(right: Float64Array): Float64Array {
    const size = this.#size
    const matrix = this.#matrix
    const diagonal = this.#factorDiagonal
    const solution = right.slice()
    for (let row = 0; row < size; row++) {
      let rest = solution[row]!
      for (let column = 0; column < row; column++) rest -= matrix[row * size + column]! * solution[column]!
      solution[row] = rest / diagonal[row]!
    }
    for (let row = size - 1; row >= 0; row--) {
      const value = solution[row]! / diagonal[row]!
      solution[row] = value
      for (let column = 0; column < row; column++) solution[column]! -= value * matrix[row * size + column]!
    }
    return solution
  }
}
