import type { Fold } from './grouped-folds.ts'
import type { Numbers } from './numbers.ts'
import { fitRidges, predictRidge, type RidgeOptions } from './ridge-regression.ts'
import { shareMoments } from './shared-moments.ts'

export interface RidgeCrossValidation {
  /** The tested rows, fold after fold. */
  readonly rows: Int32Array
  /** For each penalty, the prediction for each of `rows` by the fit that did not see it. */
  readonly predictions: readonly Float64Array[]
  /** For each penalty, the mean squared error over `rows`. */
  readonly meanSquaredErrors: readonly number[]
  /** The penalty with the smallest error; the larger one of equals. */
  readonly bestPenalty: number
}

/**
 * Out-of-fold predictions of ridge regression, for each penalty. The error at the best penalty is a little too good, as
 * it was chosen by it: report on rows that no fold saw.
 * @returns undefined where no fold has both rows to fit on and rows to test, or where a value is not finite
 */
export function crossValidateRidge({
  target,
  ...options
}: Omit<RidgeOptions, 'rows'> & { readonly folds: readonly Fold[] }): RidgeCrossValidation | undefined {
  const { penalties } = options
  const held = heldOutPredictions({ ...options, targets: [target] })
  if (!held) return undefined
  const { rows } = held
  const predictions = held.predictions[0]!
  const meanSquaredErrors = predictions.map(predicted => {
    let squares = 0
    for (let i = 0; i < rows.length; i++) squares += (predicted[i]! - target[rows[i]!]!) ** 2
    return squares / rows.length
  })
  const smallest = Math.min(...meanSquaredErrors)
  if (!Number.isFinite(smallest)) return undefined
  const bestPenalty = Math.max(...penalties.filter((_, i) => meanSquaredErrors[i] === smallest))
  return { rows, predictions, meanSquaredErrors, bestPenalty }
}

/**
 * Out-of-fold predictions of ridge regression for several targets of the same rows.
 * @returns the tested rows, fold after fold, and for each target and penalty the predictions for them; undefined where
 * no fold has both rows to fit on and rows to test, or where a value is not finite
 */
export function heldOutPredictions(
  options: Omit<RidgeOptions, 'rows' | 'target'> & {
    readonly targets: readonly Numbers[]
    readonly folds: readonly Fold[]
  },
): { readonly rows: Int32Array; readonly predictions: readonly (readonly Float64Array[])[] } | undefined {
  const { folds, features, targets, penalties } = options
  if (penalties.length === 0) throw new RangeError('expected at least one penalty')
  const used = folds.filter(fold => fold.train.length > 0 && fold.test.length > 0)
  const rows = Int32Array.from(used.flatMap(fold => [...fold.test]))
  if (rows.length === 0) return undefined
  const predictions = targets.map(() => penalties.map(() => new Float64Array(rows.length)))
  const momentsOf = shareMoments(features, used)
  let from = 0
  for (const [fold, { train, test }] of used.entries()) {
    const isWide = train.length < features.columns
    const fitted = fitRidges({ ...options, rows: train, ...(momentsOf && !isWide && { moments: momentsOf(fold) }) })
    if (!fitted) return undefined
    for (const [target, models] of fitted.entries())
      for (const [i, model] of models.entries()) predictions[target]![i]!.set(predictRidge(model, features, test), from)
    from += test.length
  }
  return { rows, predictions }
}
