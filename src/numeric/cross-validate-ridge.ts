import type { Fold } from './grouped-folds.ts'
import { fitRidge, predictRidge, type RidgeOptions } from './ridge-regression.ts'

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
export function crossValidateRidge(
  options: Omit<RidgeOptions, 'rows'> & { readonly folds: readonly Fold[] },
): RidgeCrossValidation | undefined {
  const { folds, features, target, penalties } = options
  if (penalties.length === 0) throw new RangeError('expected at least one penalty')
  const used = folds.filter(fold => fold.train.length > 0 && fold.test.length > 0)
  const rows = Int32Array.from(used.flatMap(fold => [...fold.test]))
  if (rows.length === 0) return undefined
  const predictions = penalties.map(() => new Float64Array(rows.length))
  let from = 0
  for (const { train, test } of used) {
    const models = fitRidge({ ...options, rows: train })
    if (!models) return undefined
    for (let i = 0; i < models.length; i++) predictions[i]!.set(predictRidge(models[i]!, features, test), from)
    from += test.length
  }
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
