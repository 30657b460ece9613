import type { LinearModel } from '../numeric/linear-regression.ts'
import { type PersonaVector, readingLayerOf } from '../vector/persona-vector.ts'
import type { CorrelationAnalysis, ExperimentAnalysis, PredictorCorrelations } from './analyse-experiment.ts'
import type { ExperimentSettings } from './plan-experiment.ts'
import type { Estimate } from './resampled-correlation.ts'

/** What `summary.json` holds. The same run gives the same bytes, apart from `seconds`. */
export interface ExperimentSummary {
  readonly model: string
  /** The trait that was scored. */
  readonly trait: string
  /** The vector that was projected on: the trait's own, or a control. */
  readonly vector: string
  /** Where the last prompt token was read. */
  readonly layer: number
  readonly layerReason: string
  readonly steeringLayer: number
  readonly judge: string
  readonly unfiltered: boolean
  readonly pairsKept: number
  readonly pairsPlanned: number
  /** Held-out AUC of extraction answers at the layer. */
  readonly separationAuc: number | null
  readonly samplesPerCondition: number
  readonly conditions: number
  readonly answers: number
  readonly unscoredAnswers: number
  /** Whether the intervals of the vector resample extraction questions besides evaluation questions. */
  readonly resamplesExtraction: boolean
  readonly settings: ExperimentSettings
  readonly steering: readonly SteeringSummary[]
  readonly correlation: CorrelationSummary
  readonly baselines: readonly (PredictorSummary & { readonly name: string })[]
  /** A forecaster trained on other prompts, where there is one. */
  readonly forecaster: (PredictorSummary & { readonly layer: number }) | null
  readonly levels: readonly {
    readonly level: number
    readonly meanScore: number | null
    readonly low: number | null
    readonly high: number | null
    readonly meanProjection: number | null
  }[]
  readonly calibration: { readonly line: LinearModel | null; readonly answerLine: LinearModel | null }
  readonly verdict: ExperimentAnalysis['verdict']
  /** Of the last call: what earlier ones had kept took none. */
  readonly seconds: number
}

export interface SteeringSummary {
  readonly dose: number
  readonly coefficient: number
  readonly meanScore: number | null
  readonly low: number | null
  readonly high: number | null
  readonly perplexity: number | null
}

export interface PredictorSummary {
  readonly perCondition: Estimate | null
  readonly withinLevel: Estimate | null
  readonly withinQuestion: Estimate | null
  readonly interaction: Estimate | null
}

export interface CorrelationSummary extends PredictorSummary {
  readonly perAnswer: Estimate | null
  readonly partialWithinLevel: Estimate | null
  readonly spearman: { readonly perAnswer: Estimate | null; readonly perCondition: Estimate | null }
  readonly permutationP: number | null
  readonly reliability: { readonly single: number | null; readonly mean: number | null }
  readonly correctedR: number | null
  readonly randomDirectionAbsR95: number | null
  readonly randomDirectionAbsWithinLevelR95: number | null
  readonly byLayer: readonly {
    readonly layer: number
    readonly perCondition: number | null
    readonly withinLevel: number | null
  }[]
}

export interface SummaryParts {
  readonly modelId: string
  readonly trait: string
  readonly vector: PersonaVector
  readonly layer: number
  readonly judge: string
  readonly settings: ExperimentSettings
  readonly conditions: number
  readonly answers: number
  readonly analysis: ExperimentAnalysis
  /** Of a relative dose, at the layer steered. */
  readonly coefficientOf: (dose: number) => number
  readonly seconds: number
}

export function summariseExperiment(parts: SummaryParts): ExperimentSummary {
  const { modelId, trait, vector, layer, judge, settings, conditions, answers, analysis, coefficientOf, seconds } =
    parts
  const { provenance, profile } = vector
  return {
    model: modelId,
    trait,
    vector: provenance.trait.name,
    layer,
    layerReason:
      layer === readingLayerOf(vector) ? (vector.readingLayerReason ?? vector.defaultLayerReason) : 'asked for',
    steeringLayer: vector.defaultLayer,
    judge,
    unfiltered: provenance.unfiltered,
    pairsKept: provenance.pairsKept,
    pairsPlanned: provenance.pairsPlanned,
    separationAuc: profile?.layers.find(evidence => evidence.layer === layer)?.separation ?? null,
    samplesPerCondition: settings.samples,
    conditions,
    answers,
    unscoredAnswers: analysis.unscoredAnswers,
    resamplesExtraction: analysis.resamplesExtraction,
    settings,
    steering: analysis.steering.map(({ dose, meanScore, low, high, perplexity }) => ({
      dose,
      coefficient: coefficientOf(dose),
      meanScore: meanScore ?? null,
      low: low ?? null,
      high: high ?? null,
      perplexity: perplexity ?? null,
    })),
    correlation: summariseCorrelation(analysis.correlation),
    baselines: analysis.baselines.map(baseline => ({ name: baseline.name, ...summarisePredictor(baseline) })),
    forecaster: analysis.forecaster
      ? { layer: analysis.forecaster.layer, ...summarisePredictor(analysis.forecaster) }
      : null,
    levels: analysis.levels.map(({ level, meanScore, low, high, meanProjection }) => ({
      level,
      meanScore: meanScore ?? null,
      low: low ?? null,
      high: high ?? null,
      meanProjection: meanProjection ?? null,
    })),
    calibration: { line: analysis.line ?? null, answerLine: analysis.answerLine ?? null },
    verdict: analysis.verdict,
    seconds,
  }
}

function summariseCorrelation(correlation: CorrelationAnalysis): CorrelationSummary {
  const { reliability, spearman } = correlation
  return {
    perAnswer: correlation.perAnswer ?? null,
    ...summarisePredictor(correlation),
    partialWithinLevel: correlation.partialWithinLevel ?? null,
    spearman: { perAnswer: spearman.perAnswer ?? null, perCondition: spearman.perCondition ?? null },
    permutationP: correlation.permutationP ?? null,
    reliability: { single: reliability.single ?? null, mean: reliability.mean ?? null },
    correctedR: correlation.correctedR ?? null,
    randomDirectionAbsR95: correlation.randomDirectionAbsR95 ?? null,
    randomDirectionAbsWithinLevelR95: correlation.randomDirectionAbsWithinLevelR95 ?? null,
    byLayer: correlation.byLayer.map(({ layer, perCondition, withinLevel }) => ({
      layer,
      perCondition: perCondition ?? null,
      withinLevel: withinLevel ?? null,
    })),
  }
}

function summarisePredictor(of: PredictorCorrelations): PredictorSummary {
  return {
    perCondition: of.perCondition ?? null,
    withinLevel: of.withinLevel ?? null,
    withinQuestion: of.withinQuestion ?? null,
    interaction: of.interaction ?? null,
  }
}
