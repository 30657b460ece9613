import type { Layer } from '../engine/contract/layer.ts'
import { type BinnedConformal, conformalByBins, conformalHalfWidth } from '../numeric/conformal.ts'
import { heldOutPredictions } from '../numeric/cross-validate-ridge.ts'
import type { Groups } from '../numeric/group-means.ts'
import { withinGroupCorrelation } from '../numeric/grouped-correlation.ts'
import { crossedFolds, type Fold } from '../numeric/grouped-folds.ts'
import { takeRows } from '../numeric/resample-rows.ts'
import { type FeatureMatrix, fitRidges } from '../numeric/ridge-regression.ts'

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

/** Rows and what was predicted for each of them. */
export interface HeldOutRows {
  readonly rows: Int32Array
  readonly predictions: Float64Array
}

/** How well one layer reads, with the predictions that say so. */
export interface ValidatedLayer extends Omit<LayerReading, 'layer'> {
  readonly heldOut: HeldOutRows
}

/** A linear readout of the last prompt token: score = intercept + direction . h. */
export interface Readout extends LayerReading {
  /** [d], the standardisation folded in. */
  readonly direction: Float64Array
  readonly intercept: number
  /** Of one answer's score around the prediction, from the held-out rows; undefined with too few of them. */
  readonly halfWidth: number | undefined
  readonly halfWidthByPrediction: BinnedConformal
  /** Predictions of rows by fits that knew neither their system prompt nor their question. */
  readonly heldOut: HeldOutRows
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
  return (await chooseReadouts(layers, rows, [rows.scores], options))[0]
}

/**
 * The same for several scores of the same rows, such as shuffled ones: each has its own layer and penalty, while the
 * work on the activations is done once.
 */
export async function chooseReadouts(
  layers: AsyncIterable<LayerFeatures> | Iterable<LayerFeatures>,
  rows: Omit<ReadoutRows, 'scores'>,
  scores: readonly Float64Array[],
  options: ReadoutOptions,
): Promise<(Readout | undefined)[]> {
  const folds = heldOutFolds(rows, options)
  const byLayer = scores.map((): LayerReading[] => [])
  const best: (Omit<Readout, 'byLayer'> | undefined)[] = scores.map(() => undefined)
  for await (const { layer, features } of layers) {
    const validated = validateLayer(features, rows, scores, folds, options.penalties)
    const better = scores.map((_, index) => {
      const found = validated[index]
      if (!found) return undefined
      byLayer[index]!.push({ layer, penalty: found.penalty, withinPromptR: found.withinPromptR })
      return found.withinPromptR > (best[index]?.withinPromptR ?? Number.NEGATIVE_INFINITY) ? found : undefined
    })
    if (better.every(found => found === undefined)) continue
    const models = fitRidges({ features, targets: scores, penalties: options.penalties, standardize: true })
    for (const [index, found] of better.entries()) {
      const model = models?.[index]?.find(({ penalty }) => penalty === found?.penalty)
      if (!found || !model) continue
      const { weights: direction, intercept } = model
      best[index] = { ...found, layer, direction, intercept, ...widthsOf(found.heldOut, scores[index]!, options) }
    }
  }
  return best.map((readout, index) => readout && { ...readout, byLayer: byLayer[index]! })
}

/** Folds that hold out system prompts and questions at once; every row is tested once. Throws as `chooseReadout`. */
export function heldOutFolds(
  { systemPrompts, questions }: Pick<ReadoutRows, 'systemPrompts' | 'questions'>,
  { folds, seed }: Pick<ReadoutOptions, 'folds' | 'seed'>,
): readonly Fold[] {
  return crossedFolds(systemPrompts, questions, { folds, seed, everyPair: true })
}

/**
 * How well one layer reads held-out rows at its best penalty, for each of several scores of the same rows; undefined
 * where it tells nothing apart within a system prompt.
 */
export function validateLayer(
  features: FeatureMatrix,
  { systemPrompts }: Pick<ReadoutRows, 'systemPrompts'>,
  scores: readonly Float64Array[],
  folds: readonly Fold[],
  penalties: readonly number[],
): (ValidatedLayer | undefined)[] {
  const held = heldOutPredictions({ features, targets: scores, penalties, folds, standardize: true })
  if (!held) return scores.map(() => undefined)
  const { rows } = held
  const prompts = Array.from(rows, row => systemPrompts[row]!)
  return scores.map((own, index) => {
    const observed = takeRows(own, rows)
    const candidates = penalties.flatMap((penalty, at) => {
      const predictions = held.predictions[index]![at]!
      const withinPromptR = withinGroupCorrelation(predictions, observed, prompts)
      return withinPromptR === undefined ? [] : [{ penalty, withinPromptR, heldOut: { rows, predictions } }]
    })
    return candidates.sort((a, b) => b.withinPromptR - a.withinPromptR || b.penalty - a.penalty)[0]
  })
}

function widthsOf(
  { rows: tested, predictions: predicted }: HeldOutRows,
  scores: Float64Array,
  { confidence, bins }: ReadoutOptions,
) {
  const residuals = predicted.map((prediction, index) => scores[tested[index]!]! - prediction)
  return {
    halfWidth: conformalHalfWidth(residuals, confidence),
    halfWidthByPrediction: conformalByBins(predicted, residuals, { bins, confidence })!,
  }
}
