import type { ModelInfo } from '../engine/contract/engine-info.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type BinnedConformal, halfWidthAt } from '../numeric/conformal.ts'
import type { Interval } from '../numeric/linear-regression.ts'
import { dot, norm } from '../numeric/vector-math.ts'
import { onScoreScale, toScoreScale } from './score-scale.ts'

/**
 * A linear readout of the last prompt token, trained to tell the score of the answer: score = intercept + direction.h.
 * Holds for what it is conditional on.
 */
export interface Forecaster {
  /** [d], the standardisation of its training folded in. */
  readonly direction: Float32Array
  readonly intercept: number
  readonly layer: Layer
  /** 90 %, of one answer's score around what was predicted. */
  readonly answerWidths: ForecastWidths
  /**
   * 90 %, of the mean score of many answers to one prompt around what was predicted; undefined where no pair was asked
   * twice, so that the noise of one answer is not known.
   */
  readonly expectedWidths: ForecastWidths | undefined
  /** 90 %, of one answer's score around the mean of the training scores: what predicting a constant comes to. */
  readonly constantHalfWidth: number
  /** The predictions for its own training prompts, lowest and highest: outside of them it says nothing. */
  readonly range: Interval
  readonly provenance: ForecasterProvenance
}

/** Half widths of an interval: one for all, and where the data carry it by the predicted score. */
export interface ForecastWidths {
  readonly overall: number
  readonly byPrediction: BinnedConformal
}

/** What a forecaster is conditional on, and how it was made. */
export interface ForecasterProvenance {
  readonly model: {
    readonly id: string
    readonly fileHash: string
    readonly chatTemplateHash: string
    readonly blockCount: number
    readonly hiddenSize: number
  }
  /** The trait's own name, and the sha256 of its file. */
  readonly trait: { readonly name: string; readonly hash: string }
  readonly judge: string
  /** sha256 of what the judge was asked; absent where it was asked nothing. */
  readonly rubricHash?: string
  readonly sampling: { readonly temperature: number; readonly maxTokens: number }
  readonly training: TrainingFacts
  readonly evidence: ForecasterEvidence
  readonly personascopeVersion: string
  readonly createdAt: string
}

export interface TrainingFacts {
  /** The run that holds its answers, by name. */
  readonly run: string
  /** Scored answers it was fitted on. */
  readonly answers: number
  readonly unscored: number
  readonly systemPrompts: number
  /** Every question, word for word: none of them may be among those it is measured on. */
  readonly questions: readonly string[]
  /** Prompts that were asked more than once. */
  readonly askedTwice: number
  readonly meanScore: number
  readonly scoreDeviation: number
  readonly penalty: number
  readonly folds: number
  readonly seed: number
  /** A control: the scores were dealt to other answers. */
  readonly shuffled: boolean
}

/** Cross-validated, with system prompts and questions held out at once. */
export interface ForecasterEvidence {
  /** `evidence`: the interval of r within system prompts, widened for the number of layers tried, is above 0. */
  readonly verdict: 'evidence' | 'no evidence'
  /** Within system prompts, over single answers. */
  readonly withinPromptR: number
  /** Resampling questions; of the confidence in `confidence`. */
  readonly low: number
  readonly high: number
  readonly confidence: number
  /** Over all single answers. */
  readonly r: number
  readonly byLayer: readonly { readonly layer: number; readonly penalty: number; readonly withinPromptR: number }[]
  /** At the chosen layer, fitted on so many of the questions. */
  readonly learningCurve: readonly { readonly questions: number; readonly withinPromptR: number }[]
}

/** What a forecaster says of one prompt. Scores are within 0..100. */
export interface Forecast {
  readonly expectedScore: number
  /** 90 %, of where the mean score of many answers is; undefined where that is not known. */
  readonly expectedInterval: Interval | undefined
  /** 90 %, of one answer's score. */
  readonly answerInterval: Interval
  /** Whether the prediction is one of those of its training. */
  readonly inRange: boolean
}

/** The predicted score, before it is brought to 0..100. @param state [d], the last prompt token at the forecaster's layer */
export function predictScore({ direction, intercept }: Forecaster, state: Float32Array): number {
  return intercept + dot(state, direction)
}

/** The same from a projection h.v/|v| on the forecaster's direction, as a probe gives it. */
export function scoreOfProjection({ direction, intercept }: Forecaster, projection: number): number {
  return intercept + norm(direction) * projection
}

/** What to expect of an answer. @param predicted as `predictScore` gives it */
export function forecastOf(forecaster: Forecaster, predicted: number): Forecast {
  const { answerWidths, expectedWidths, range } = forecaster
  const around = (halfWidth: number) => onScoreScale({ low: predicted - halfWidth, high: predicted + halfWidth })
  return {
    expectedScore: toScoreScale(predicted),
    expectedInterval: expectedWidths && around(widthAt(expectedWidths, predicted)),
    answerInterval: around(widthAt(answerWidths, predicted)),
    inRange: predicted >= range.low && predicted <= range.high,
  }
}

function widthAt({ overall, byPrediction }: ForecastWidths, predicted: number): number {
  return halfWidthAt(byPrediction, predicted) ?? overall
}

type MadeOn = ForecasterProvenance['model']

/** What of a model a forecaster belongs to; its sizes, where they are known. */
export type ForecastModel = Pick<MadeOn, 'id' | 'fileHash' | 'chatTemplateHash'> &
  Partial<Pick<MadeOn, 'blockCount' | 'hiddenSize'>>

/** What of a loaded model a forecaster belongs to. */
export function forecastModelOf({ id, fileHash, chatTemplate, blockCount, hiddenSize }: ModelInfo): ForecastModel {
  return { id, fileHash, chatTemplateHash: chatTemplate?.hash ?? 'none', blockCount, hiddenSize }
}

/**
 * Says that a forecaster was made on this very model, with its chat template.
 * @throws FORECASTER_MISMATCH
 */
export function assertForecasts({ provenance: { model: made, trait } }: Forecaster, model: ForecastModel): void {
  const differs = (what: string, expected: string, got: string) =>
    new PersonascopeError('FORECASTER_MISMATCH', { trait: trait.name, what, expected, got })
  const { blockCount = made.blockCount, hiddenSize = made.hiddenSize } = model
  if (made.fileHash !== model.fileHash || made.blockCount !== blockCount || made.hiddenSize !== hiddenSize)
    throw differs('model', nameOf(made.id, made.fileHash), nameOf(model.id, model.fileHash))
  if (made.chatTemplateHash !== model.chatTemplateHash)
    throw differs('chat template', made.chatTemplateHash, model.chatTemplateHash)
}

/**
 * Says that a forecaster tells the scores of this judge and no other's.
 * @throws FORECASTER_MISMATCH
 */
export function assertForecastsJudge(
  { provenance }: Forecaster,
  judge: { readonly id: string; readonly rubricHash?: string },
): void {
  const { trait, judge: id, rubricHash } = provenance
  if (id === judge.id && rubricHash === judge.rubricHash) return
  const of = (name: string, hash: string | undefined) => (hash ? `${name} (rubric ${hash.slice(0, 8)})` : name)
  const [expected, got] = [of(id, rubricHash), of(judge.id, judge.rubricHash)]
  throw new PersonascopeError('FORECASTER_MISMATCH', { trait: trait.name, what: 'judge', expected, got })
}

/** What differs between how answers were drawn and how those of the training were; empty where nothing does. */
export function samplingDifferences(
  { provenance: { sampling } }: Forecaster,
  { temperature, maxTokens }: ForecasterProvenance['sampling'],
): string[] {
  return [
    ...(sampling.temperature === temperature
      ? []
      : [`temperature ${temperature}, where the forecaster learned from answers at ${sampling.temperature}`]),
    ...(sampling.maxTokens === maxTokens
      ? []
      : [`at most ${maxTokens} tokens, where the forecaster learned from answers of at most ${sampling.maxTokens}`]),
  ]
}

function nameOf(id: string, hash: string): string {
  return `${id} (sha256 ${hash.slice(0, 8)})`
}
