/** Prediction intervals that hold for new observations without a model of the errors. */
import { quantile } from './moments.ts'
import { type Numbers, requireSameLength } from './numbers.ts'

/**
 * Half the width of an interval around a prediction that holds with at least this probability, for a new observation
 * exchangeable with these: the ceil((n + 1) * confidence)-th smallest absolute residual (split conformal prediction;
 * Lei, G'Sell, Rinaldo, Tibshirani and Wasserman 2018, algorithm 2).
 * @param residuals observed minus predicted, on rows the fit did not see
 * @param confidence in 0..1
 * @returns undefined where there are too few residuals for this confidence, or one is not a number
 */
export function conformalHalfWidth(residuals: Numbers, confidence: number): number | undefined {
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`expected a confidence in 0..1, got ${confidence}`)
  const sizes = Float64Array.from(residuals, Math.abs).sort()
  if (Number.isNaN(sizes.at(-1))) return undefined
  // A little less, so that 20 * 0.95 is 19 whatever the rounding.
  const rank = Math.ceil((sizes.length + 1) * confidence - 1e-9)
  return sizes[rank - 1]
}

/** Half widths that depend on the predicted value. Plain numbers: it can be stored as JSON. */
export interface BinnedConformal {
  /** Where one bin ends and the next begins, rising; a value on an edge is in the bin above. One fewer than bins. */
  readonly edges: readonly number[]
  /** Of each bin; null where it has too few residuals for the confidence. */
  readonly halfWidths: readonly (number | null)[]
}

/**
 * Conformal half widths by bins of the predicted value, each with (about) equally many rows: intervals that hold within
 * every bin (Mondrian conformal prediction; Vovk, Gammerman and Shafer 2005, 4.5).
 * @param predicted one per row
 * @param residuals observed minus predicted, on rows the fit did not see
 * @returns undefined without rows
 */
export function conformalByBins(
  predicted: Numbers,
  residuals: Numbers,
  { bins, confidence }: { readonly bins: number; readonly confidence: number },
): BinnedConformal | undefined {
  requireSameLength(predicted, residuals)
  if (predicted.length === 0) return undefined
  const edges = Array.from({ length: bins - 1 }, (_, i) => quantile(predicted, (i + 1) / bins)!)
  const ofBin = Array.from({ length: bins }, (): number[] => [])
  for (let i = 0; i < predicted.length; i++) ofBin[binOf(edges, predicted[i]!)]!.push(residuals[i]!)
  return { edges, halfWidths: ofBin.map(values => conformalHalfWidth(values, confidence) ?? null) }
}

/** The half width for a predicted value; undefined in a bin that has none. */
export function halfWidthAt({ edges, halfWidths }: BinnedConformal, predicted: number): number | undefined {
  return halfWidths[binOf(edges, predicted)] ?? undefined
}

function binOf(edges: readonly number[], value: number): number {
  const bin = edges.findIndex(edge => value < edge)
  return bin < 0 ? edges.length : bin
}
