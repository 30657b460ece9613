/** Rows of features as a regression sees them: around their means, each divided by its standard deviation. */
import { SymmetricSystem } from './symmetric-system.ts'

/** Rows of numbers in one array. */
export interface FeatureMatrix {
  /** [rows, columns], row-major. */
  readonly values: Float32Array
  readonly columns: number
}

/** Of some rows of features. */
export interface ColumnMoments {
  readonly rows: number
  readonly means: Float64Array
  /** X'X around these means, the upper triangle row after row: d (d + 1) / 2 numbers. */
  readonly products: Float64Array
}

/** How many numbers of a long side are held in double precision at once. */
const blockWidth = 128

/** The chosen rows of the features, centered and scaled as they are read, so that no second matrix is kept. */
export class CenteredDesign {
  readonly #values: Float32Array
  readonly #columns: number
  readonly #rows: Int32Array
  readonly #means: Float64Array
  /** What centered values are multiplied by; 0 for a feature that does not vary. */
  readonly #scales: Float64Array
  readonly #moments: ColumnMoments | undefined

  /** @param moments of these very rows, where they are known */
  constructor(
    { values, columns }: FeatureMatrix,
    rows: Int32Array,
    { standardize, moments }: { readonly standardize: boolean; readonly moments?: ColumnMoments },
  ) {
    this.#values = values
    this.#columns = columns
    this.#rows = rows
    this.#moments = moments
    this.#means = moments?.means ?? this.#twiceCenteredMeans()
    const center = this.#means
    const variances = moments
      ? diagonalOf(moments).map(squares => squares / rows.length)
      : this.#columnMeans((value, column) => (value - center[column]!) ** 2)
    this.#scales = variances.map((variance, i) => {
      if (!(variance > 1e-26 * center[i]! ** 2)) return Number.isNaN(variance) ? variance : 0
      return standardize ? 1 / Math.sqrt(variance) : 1
    })
  }

  /** X'X. */
  productsOfColumns(): SymmetricSystem {
    const columns = this.#columns
    if (this.#moments) return SymmetricSystem.ofUpperTriangle(this.#moments.products, this.#scales)
    const system = new SymmetricSystem(columns)
    for (let from = 0; from < this.#rows.length; from += blockWidth) {
      const width = Math.min(blockWidth, this.#rows.length - from)
      const block = new Float64Array(columns * width)
      for (let k = 0; k < width; k++)
        for (let column = 0; column < columns; column++) block[column * width + k] = this.#at(from + k, column)
      system.addProducts(block, width)
    }
    return system
  }

  /** XX'. */
  productsOfRows(): SymmetricSystem {
    const count = this.#rows.length
    const system = new SymmetricSystem(count)
    for (let from = 0; from < this.#columns; from += blockWidth) {
      const width = Math.min(blockWidth, this.#columns - from)
      const block = new Float64Array(count * width)
      for (let i = 0; i < count; i++) for (let k = 0; k < width; k++) block[i * width + k] = this.#at(i, from + k)
      system.addProducts(block, width)
    }
    return system
  }

  /** X' times one number for each row. */
  combineRows(factors: Float64Array): Float64Array {
    const sums = new Float64Array(this.#columns)
    for (let i = 0; i < this.#rows.length; i++)
      for (let column = 0; column < this.#columns; column++) sums[column]! += factors[i]! * this.#at(i, column)
    return sums
  }

  /** Weights of the features as they are, and what they make of the features' means. */
  inRawUnits(scaled: Float64Array): { readonly weights: Float64Array; readonly offset: number } {
    const weights = scaled.map((weight, column) => weight * this.#scales[column]!)
    let offset = 0
    for (let column = 0; column < weights.length; column++) offset += weights[column]! * this.#means[column]!
    return { weights, offset }
  }

  moments(): ColumnMoments {
    return { rows: this.#rows.length, means: this.#means, products: this.productsOfColumns().upperTriangle() }
  }

  #twiceCenteredMeans(): Float64Array {
    const means = this.#columnMeans(value => value)
    return this.#columnMeans((value, column) => value - means[column]!).map((rest, i) => rest + means[i]!)
  }

  #at(row: number, column: number): number {
    const value = this.#values[this.#rows[row]! * this.#columns + column]!
    return (value - this.#means[column]!) * this.#scales[column]!
  }

  #columnMeans(of: (value: number, column: number) => number): Float64Array {
    const sums = new Float64Array(this.#columns)
    for (const row of this.#rows) {
      const from = row * this.#columns
      for (let column = 0; column < sums.length; column++) sums[column]! += of(this.#values[from + column]!, column)
    }
    return sums.map(sum => sum / this.#rows.length)
  }
}

function diagonalOf({ means, products }: ColumnMoments): Float64Array {
  let at = 0
  return means.map((_, column) => {
    const value = products[at]!
    at += means.length - column
    return value
  })
}
