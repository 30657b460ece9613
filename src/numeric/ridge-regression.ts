/** Ridge regression on rows of activations: thousands of rows, thousands of columns. */
import { CenteredDesign, type ColumnMoments, type FeatureMatrix } from './centered-design.ts'
import { meanOf } from './moments.ts'
import { type Numbers, requireSameLength } from './numbers.ts'

export type { FeatureMatrix } from './centered-design.ts'

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
  /** Of the rows it is fitted on, where they are known; else they are computed. */
  readonly moments?: ColumnMoments
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
  const { features, penalties, standardize = false, moments } = options
  const rowCount = rowsOf(features)
  for (const target of options.targets) requireSameLength(target, { length: rowCount })
  const wrong = penalties.find(penalty => !(penalty > 0 && Number.isFinite(penalty)))
  if (wrong !== undefined) throw new RangeError(`expected penalties above 0, got ${wrong}`)
  const rows = options.rows ?? Int32Array.from({ length: rowCount }, (_, row) => row)
  if (rows.length === 0) return undefined
  const targets = options.targets.map(target => Float64Array.from(rows, row => target[row]!))
  const centers = targets.map(meanOf)
  const centered = targets.map((target, index) => target.map(value => value - centers[index]!))
  const design = new CenteredDesign(features, rows, { standardize, ...(moments && { moments }) })

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
