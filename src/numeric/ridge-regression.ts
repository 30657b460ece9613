/** Ridge regression on rows of activations: thousands of rows, thousands of columns. */
import { meanOf } from './moments.ts'
import { type Numbers, requireSameLength } from './numbers.ts'
import { SymmetricSystem } from './symmetric-system.ts'

/** Rows of numbers in one array. */
export interface FeatureMatrix {
  /** [rows, columns], row-major. */
  readonly values: Float32Array
  readonly columns: number
}

export interface RidgeOptions {
  readonly features: FeatureMatrix
  /** One per row of `features`. */
  readonly target: Numbers
  /** Each above 0; one model comes back for each. */
  readonly penalties: readonly number[]
  /** Fit on these rows only; default all. */
  readonly rows?: Int32Array
  /** Penalise the weights of features divided by their standard deviations (n); default false. */
  readonly standardize?: boolean
}

/** y = intercept + weights . features, in the features as they are. */
export interface RidgeModel {
  readonly penalty: number
  readonly weights: Float64Array
  readonly intercept: number
}

/**
 * Ridge regression with an intercept that is not penalised: the least of |y - b - Xw|^2 + penalty |w|^2 (Hoerl and
 * Kennard 1970), by Cholesky on X'X or, with fewer rows than columns, on XX' (the dual form, Saunders, Gammerman and
 * Vovk 1998). The products are made once for all penalties, from centered features. Beside the features it takes the
 * smaller of the two product matrices and 128 numbers for each of its rows, in double precision. A feature that does
 * not vary gets the weight 0; a penalty below the rounding of the products counts as that rounding.
 * @returns models in the order of the penalties; undefined without rows, or where a value is not finite
 */
export function fitRidge({ target, ...options }: RidgeOptions): readonly RidgeModel[] | undefined {
  return fitRidges({ ...options, targets: [target] })?.[0]
}

/**
 * The same for several targets of the same rows: products and factors are made once for all of them.
 * @returns for each target, models in the order of the penalties
 */
export function fitRidges(
  options: Omit<RidgeOptions, 'target'> & { readonly targets: readonly Numbers[] },
): readonly (readonly RidgeModel[])[] | undefined {
  const { features, penalties, standardize = false } = options
  const rowCount = rowsOf(features)
  for (const target of options.targets) requireSameLength(target, { length: rowCount })
  const wrong = penalties.find(penalty => !(penalty > 0 && Number.isFinite(penalty)))
  if (wrong !== undefined) throw new RangeError(`expected penalties above 0, got ${wrong}`)
  const rows = options.rows ?? Int32Array.from({ length: rowCount }, (_, row) => row)
  if (rows.length === 0) return undefined
  const targets = options.targets.map(target => Float64Array.from(rows, row => target[row]!))
  const centers = targets.map(meanOf)
  const centered = targets.map((target, index) => target.map(value => value - centers[index]!))
  const design = new CenteredDesign(features, rows, standardize)

  const dual = rows.length < features.columns
  const system = dual ? design.productsOfRows() : design.productsOfColumns()
  const rights = dual ? centered : centered.map(target => design.combineRows(target))
  const byPenalty = penalties.map(penalty =>
    system.solveEach(penalty, rights).map((solution, index): RidgeModel => {
      const { weights, offset } = design.inRawUnits(dual ? design.combineRows(solution) : solution)
      return { penalty, weights, intercept: centers[index]! - offset }
    }),
  )
  const models = targets.map((_, index) => byPenalty.map(ofPenalty => ofPenalty[index]!))
  return models.flat().every(model => Number.isFinite(model.intercept)) ? models : undefined
}

/** What the model says of each row, or of the given rows in their order. */
export function predictRidge(model: RidgeModel, features: FeatureMatrix, rows?: Int32Array): Float64Array {
  const { values, columns } = features
  const predicted = new Float64Array(rows?.length ?? rowsOf(features))
  for (let i = 0; i < predicted.length; i++) {
    const from = (rows ? rows[i]! : i) * columns
    let sum = model.intercept
    for (let column = 0; column < columns; column++) sum += model.weights[column]! * values[from + column]!
    predicted[i] = sum
  }
  return predicted
}

function rowsOf({ values, columns }: FeatureMatrix): number {
  if (values.length % columns !== 0) throw new RangeError(`expected rows of ${columns}, got ${values.length} values`)
  return values.length / columns
}

/** How many numbers of a long side are held in double precision at once. */
const blockWidth = 128

/** The chosen rows of the features, centered and scaled as they are read, so that no second matrix is kept. */
class CenteredDesign {
  readonly #values: Float32Array
  readonly #columns: number
  readonly #rows: Int32Array
  readonly #means: Float64Array
  /** What centered values are multiplied by; 0 for a feature that does not vary. */
  readonly #scales: Float64Array

  constructor({ values, columns }: FeatureMatrix, rows: Int32Array, standardize: boolean) {
    this.#values = values
    this.#columns = columns
    this.#rows = rows
    this.#means = new Float64Array(columns)
    this.#scales = new Float64Array(columns).fill(1)
    this.#means = this.#columnMeans(value => value)
    const means = this.#means
    this.#means = this.#columnMeans((value, column) => value - means[column]!).map((rest, i) => rest + means[i]!)
    const center = this.#means
    const variances = this.#columnMeans((value, column) => (value - center[column]!) ** 2)
    this.#scales = variances.map((variance, i) => {
      if (!(variance > 1e-26 * center[i]! ** 2)) return Number.isNaN(variance) ? variance : 0
      return standardize ? 1 / Math.sqrt(variance) : 1
    })
  }

  /** X'X. */
  productsOfColumns(): SymmetricSystem {
    const columns = this.#columns
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
