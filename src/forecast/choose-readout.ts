import type { Layer } from '../engine/contract/layer.ts'
import { type BinnedConformal, conformalByBins, conformalHalfWidth } from '../numeric/conformal.ts'
import { crossValidateRidge } from '../numeric/cross-validate-ridge.ts'
import type { Groups } from '../numeric/group-means.ts'
import { withinGroupCorrelation } from '../numeric/grouped-correlation.ts'
import { crossedFolds } from '../numeric/grouped-folds.ts'
import { type FeatureMatrix, fitRidge } from '../numeric/ridge-regression.ts'

/** Last prompt tokens at one layer, one row for each judged answer. */
export interface LayerFeatures {
  readonly layer: Layer
  readonly features: FeatureMatrix
}

/** What the rows of every layer belong to, one entry for each row. */
export interface ReadoutRows {
  /** Scores, 0..100. */
  readonly scores: Float64Array
  readonly systemPrompts: Groups
  readonly questions: Groups
}

export interface ReadoutOptions {
  /** Of features divided by their standard deviations. */
  readonly penalties: readonly number[]
  /** System prompts and questions are dealt to so many parts each; every pair of parts is held out once. */
  readonly folds: number
  readonly seed: number
  /** Of the interval for one answer, in 0..1. */
  readonly confidence: number
  /** Into how many bins of the predicted score the half widths are split. */
  readonly bins: number
}

/** How well one layer reads at its best penalty, on rows whose system prompt and question the fits did not see. */
export interface LayerReading {
  readonly layer: Layer
  readonly penalty: number
  /** Pooled correlation of prediction and score within system prompts. */
  readonly withinPromptR: number
}

/** A linear readout of the last prompt token: score = intercept + direction . h. */
export interface Readout extends LayerReading {
  /** [d], the standardisation folded in. */
  readonly direction: Float64Array
  readonly intercept: number
  /** Of one answer's score around the prediction, from the held-out rows; undefined with too few of them. */
  readonly halfWidth: number | undefined
  readonly halfWidthByPrediction: BinnedConformal
  /** Every layer tried. */
  readonly byLayer: readonly LayerReading[]
}

/**
 * Chooses layer and penalty of a linear readout by cross-validation that holds out system prompts and questions at
 * once, scored by the correlation within system prompts, and fits the chosen one on all rows. The figures of the chosen
 * layer are a little too good, as it was chosen by them. Layers come one after the other, so that one is in memory at a
 * time; of equals the earlier layer and the larger penalty are taken.
 * @returns undefined where no layer tells anything apart within a system prompt, as with scores that are all equal
 * @throws RangeError where there are fewer system prompts or questions than folds
 */
export async function chooseReadout(
  layers: AsyncIterable<LayerFeatures> | Iterable<LayerFeatures>,
  rows: ReadoutRows,
  options: ReadoutOptions,
): Promise<Readout | undefined> {
  const { folds, seed } = options
  const heldOut = crossedFolds(rows.systemPrompts, rows.questions, { folds, seed, everyPair: true })
  const byLayer: LayerReading[] = []
  let best: Omit<Readout, 'byLayer'> | undefined
  for await (const { layer, features } of layers) {
    const validation = crossValidateRidge({
      features,
      target: rows.scores,
      penalties: options.penalties,
      folds: heldOut,
      standardize: true,
    })
    const chosen = validation && choosePenalty(validation, rows, options.penalties)
    if (!validation || !chosen) continue
    const reading = { layer, penalty: chosen.penalty, withinPromptR: chosen.withinPromptR }
    byLayer.push(reading)
    if (best && reading.withinPromptR <= best.withinPromptR) continue
    const [model] = fitRidge({ features, target: rows.scores, penalties: [chosen.penalty], standardize: true }) ?? []
    if (!model) continue
    const { weights: direction, intercept } = model
    best = { ...reading, direction, intercept, ...widthsOf(chosen.predictions, validation.rows, rows, options) }
  }
  return best && { ...best, byLayer }
}

interface HeldOutPredictions {
  /** The tested rows. */
  readonly rows: Int32Array
  /** For each penalty, one for each of `rows`. */
  readonly predictions: readonly Float64Array[]
}

function choosePenalty(
  { rows: tested, predictions }: HeldOutPredictions,
  { scores, systemPrompts }: ReadoutRows,
  penalties: readonly number[],
) {
  const observed = Float64Array.from(tested, row => scores[row]!)
  const prompts = Array.from(tested, row => systemPrompts[row]!)
  const candidates = penalties.flatMap((penalty, index) => {
    const withinPromptR = withinGroupCorrelation(predictions[index]!, observed, prompts)
    return withinPromptR === undefined ? [] : [{ penalty, withinPromptR, predictions: predictions[index]! }]
  })
  return candidates.sort((a, b) => b.withinPromptR - a.withinPromptR || b.penalty - a.penalty)[0]
}

function widthsOf(
  predicted: Float64Array,
  tested: Int32Array,
  { scores }: ReadoutRows,
  { confidence, bins }: ReadoutOptions,
) {
  const residuals = predicted.map((prediction, index) => scores[tested[index]!]! - prediction)
  return {
    halfWidth: conformalHalfWidth(residuals, confidence),
    halfWidthByPrediction: conformalByBins(predicted, residuals, { bins, confidence })!,
  }
}
