import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { bootstrapInterval } from '../numeric/bootstrap.ts'
import { conformalByBins, conformalHalfWidth } from '../numeric/conformal.ts'
import { pearson } from '../numeric/correlation.ts'
import { withinGroupCorrelation } from '../numeric/grouped-correlation.ts'
import type { Fold } from '../numeric/grouped-folds.ts'
import { mean, standardDeviation, variance } from '../numeric/moments.ts'
import { createRandom, deriveSeed } from '../numeric/random.ts'
import { clusterRows, resampleRows, takeRows } from '../numeric/resample-rows.ts'
import { type FeatureMatrix, predictRidge } from '../numeric/ridge-regression.ts'
import { shuffle } from '../numeric/shuffle.ts'
import type { Forecaster, ForecasterEvidence, ForecastWidths } from '../vector/forecaster.ts'
import {
  chooseReadout,
  type HeldOutRows,
  heldOutFolds,
  type LayerFeatures,
  type Readout,
  type ReadoutOptions,
  type ReadoutRows,
  validateLayer,
} from './choose-readout.ts'

/** What a forecaster learns from, one entry for each judged answer. */
export interface TrainingRows extends ReadoutRows {
  /** Equal for answers to one and the same prompt. */
  readonly pairs: ArrayLike<number>
}

/** Where the states are. May be read more than once. */
export type ReadLayers = (layers: readonly Layer[]) => AsyncIterable<LayerFeatures>

export interface FitOptions {
  readonly layers: readonly Layer[]
  readonly seed: number
  readonly onProgress?: (doneLayers: number) => void
}

/** A forecaster without the provenance of its answers. */
export interface FittedForecaster extends Omit<Forecaster, 'provenance'> {
  readonly penalty: number
  readonly askedTwice: number
  readonly meanScore: number
  readonly scoreDeviation: number
  readonly evidence: ForecasterEvidence
}

/** Fixed beforehand. Of features divided by their standard deviations. */
const penalties = [300, 1000, 3000, 10_000, 30_000]

/** System prompts and questions are each dealt to so many parts. */
export const folds = 4

const confidence = 0.9
const bins = 3

/** From fewer, nothing is learned that could be relied on. */
export const fewestAnswers = 100
export const fewestQuestions = 8

/** How many questions the learning curve is drawn for; the last point is all that a fold has. */
export const curveQuestions = [15, 30, 60, 120]

const bootstrapResamples = 4000

/**
 * Learns a linear readout of the last prompt token: layer and penalty by cross-validation that holds out system prompts
 * and questions at once, intervals from the held-out rows, then a fit on all.
 * @throws FORECAST_TOO_FEW, FORECAST_NOTHING_VARIES
 */
export async function fitForecaster(
  read: ReadLayers,
  rows: TrainingRows,
  { layers, seed, onProgress = () => {} }: FitOptions,
): Promise<FittedForecaster> {
  assertLearnable(rows)
  const options = readoutOptions(seed)
  const readout = await chooseReadout(counted(read(layers), onProgress), rows, options)
  if (!readout) {
    const detail = 'no layer tells them apart within a system prompt'
    throw new PersonascopeError('FORECAST_NOTHING_VARIES', { answers: rows.scores.length, detail })
  }
  const features = await featuresOf(read, readout.layer)
  const { heldOut } = readout
  const answerWidths = answerWidthsOf(readout, rows)
  const noise = noiseOf(rows)
  const predictions = predictRidge({ ...readout, weights: readout.direction }, features)
  const center = mean(rows.scores)!
  return {
    direction: Float32Array.from(readout.direction),
    intercept: readout.intercept,
    layer: readout.layer,
    answerWidths,
    expectedWidths: noise && expectedWidthsOf(heldOut, rows, noise.variance),
    constantHalfWidth: conformalHalfWidth(
      rows.scores.map(score => score - center),
      confidence,
    )!,
    range: { low: Math.min(...predictions), high: Math.max(...predictions) },
    penalty: readout.penalty,
    askedTwice: noise?.pairs ?? 0,
    meanScore: center,
    scoreDeviation: standardDeviation(rows.scores)!,
    evidence: {
      ...evidenceOf(readout, rows, seed),
      learningCurve: learningCurve(features, rows, heldOutFolds(rows, options), seed),
    },
  }
}

/** How layer and penalty are chosen, the same for every training. */
export function readoutOptions(seed: number): ReadoutOptions {
  return { penalties, folds, seed: deriveSeed(seed, 'forecast/folds'), confidence, bins }
}

/** The same rows with their scores dealt to other answers: a control, from which nothing can be learned. */
export function shuffleScores<Rows extends ReadoutRows>(rows: Rows, seed: number): Rows {
  return {
    ...rows,
    scores: Float64Array.from(shuffle(rows.scores, createRandom(deriveSeed(seed, 'forecast/shuffle')))),
  }
}

/** @throws FORECAST_TOO_FEW */
export function assertEnough({ answers, questions }: { readonly answers: number; readonly questions: number }): void {
  const tooFew = (expected: string, got: number) => new PersonascopeError('FORECAST_TOO_FEW', { expected, got })
  if (answers < fewestAnswers) throw tooFew(`${fewestAnswers} scored answers`, answers)
  if (questions < fewestQuestions) throw tooFew(`${fewestQuestions} questions`, questions)
}

function assertLearnable({ scores, systemPrompts, questions }: TrainingRows): void {
  const different = (groups: ArrayLike<string | number>) => new Set(Array.from(groups)).size
  assertEnough({ answers: scores.length, questions: different(questions) })
  if (different(systemPrompts) < folds) {
    const expected = `${folds} system prompts`
    throw new PersonascopeError('FORECAST_TOO_FEW', { expected, got: different(systemPrompts) })
  }
  if (scores.every(score => score === scores[0])) {
    const detail = `all of them are ${scores[0]}`
    throw new PersonascopeError('FORECAST_NOTHING_VARIES', { answers: scores.length, detail })
  }
}

async function* counted(layers: AsyncIterable<LayerFeatures>, onLayer: (done: number) => void) {
  let done = 0
  for await (const layer of layers) {
    yield layer
    onLayer(++done)
  }
}

async function featuresOf(read: ReadLayers, layer: Layer): Promise<FeatureMatrix> {
  for await (const { features } of read([layer])) return features
  throw new RangeError(`expected the states of layer ${layer}`)
}

function answerWidthsOf({ halfWidth, halfWidthByPrediction }: Readout, { scores }: TrainingRows): ForecastWidths {
  // `fewestAnswers` are enough for a width of all of them together.
  if (halfWidth === undefined) throw new RangeError(`expected enough answers for an interval, got ${scores.length}`)
  return { overall: halfWidth, byPrediction: halfWidthByPrediction }
}

/** How much answers to one and the same prompt vary, pooled over those asked more than once. */
function noiseOf({ scores, pairs }: TrainingRows): { readonly variance: number; readonly pairs: number } | undefined {
  const repeated = clusterRows(pairs).filter(rows => rows.length > 1)
  const freedom = repeated.reduce((sum, rows) => sum + rows.length - 1, 0)
  if (freedom < fewestRepeated) return undefined
  const squares = repeated.reduce((sum, rows) => sum + variance(takeRows(scores, rows))! * (rows.length - 1), 0)
  return { variance: squares / freedom, pairs: repeated.length }
}

const fewestRepeated = 20
/** What of a residual's variance is put down to the prediction at the least. */
const leastShare = 0.05

/**
 * Where the mean score of many answers lies around the prediction: one answer's residual is the prediction's error plus
 * the noise of one answer, and the latter is known from prompts asked twice. What is left of the variance shrinks the
 * intervals of single answers.
 */
function expectedWidthsOf({ rows, predictions }: HeldOutRows, { scores }: TrainingRows, noise: number): ForecastWidths {
  const residuals = predictions.map((prediction, index) => scores[rows[index]!]! - prediction)
  const share = Math.max(leastShare, 1 - noise / variance(residuals)!)
  const smaller = residuals.map(residual => residual * Math.sqrt(share))
  return {
    overall: conformalHalfWidth(smaller, confidence)!,
    byPrediction: conformalByBins(predictions, smaller, { bins, confidence })!,
  }
}

function evidenceOf(
  { heldOut, byLayer, withinPromptR }: Readout,
  rows: TrainingRows,
  seed: number,
): Omit<ForecasterEvidence, 'learningCurve'> {
  const observed = takeRows(rows.scores, heldOut.rows)
  const prompts = Array.from(heldOut.rows, row => rows.systemPrompts[row]!)
  const clusters = clusterRows(Array.from(heldOut.rows, row => rows.questions[row]!))
  // The best of several layers was taken, so the interval is that of all of them together (Bonferroni).
  const confidence = 1 - 0.05 / byLayer.length
  const interval = bootstrapInterval({
    clusters: clusters.length,
    resamples: bootstrapResamples,
    seed: deriveSeed(seed, 'forecast/evidence'),
    confidence,
    statistic: chosen => {
      const drawn = resampleRows(clusters, chosen)
      const promptsDrawn = Array.from(drawn, row => prompts[row]!)
      return withinGroupCorrelation(takeRows(heldOut.predictions, drawn), takeRows(observed, drawn), promptsDrawn)
    },
  })
  const { low, high } = interval ?? { low: -1, high: 1 }
  const r = pearson(heldOut.predictions, observed) ?? 0
  return { verdict: low > 0 ? 'evidence' : 'no evidence', withinPromptR, low, high, confidence, r, byLayer }
}

/** Each fold fitted on so many of its questions, all tested on the same rows. */
function learningCurve(
  features: FeatureMatrix,
  rows: TrainingRows,
  wholeFolds: readonly Fold[],
  seed: number,
): ForecasterEvidence['learningCurve'] {
  const most = Math.min(...wholeFolds.map(({ train }) => questionsOf(train, rows).length))
  const counts = [...curveQuestions.filter(count => count < most), most]
  return counts.flatMap(questions => {
    const random = createRandom(deriveSeed(seed, `forecast/curve/${questions}`))
    const thinned = wholeFolds.map(({ train, test }) => {
      const kept = new Set(shuffle(questionsOf(train, rows), random).slice(0, questions))
      return { train: train.filter(row => kept.has(rows.questions[row]!)), test }
    })
    const [validated] = validateLayer(features, rows, [rows.scores], thinned, penalties)
    return validated ? [{ questions, withinPromptR: validated.withinPromptR }] : []
  })
}

function questionsOf(train: Int32Array, { questions }: TrainingRows): (string | number)[] {
  return [...new Set(Array.from(train, row => questions[row]!))]
}
