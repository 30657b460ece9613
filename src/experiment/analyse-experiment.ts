/** The analysis of an experiment: a pure function of its rows. Knows nothing of models, judges or files. */
import { bootstrapInterval } from '../numeric/bootstrap.ts'
import { pearson, spearman } from '../numeric/correlation.ts'
import {
  interactionCorrelation,
  partialWithinGroupCorrelation,
  withinGroupCorrelation,
} from '../numeric/grouped-correlation.ts'
import { correctForUnreliability, icc1 } from '../numeric/intraclass.ts'
import { fitLine, type LinearModel } from '../numeric/linear-regression.ts'
import { mean, quantile } from '../numeric/moments.ts'
import { permutationP } from '../numeric/permutation.ts'
import { createRandom, deriveSeed } from '../numeric/random.ts'
import { shuffle } from '../numeric/shuffle.ts'
import { perplexityOf } from '../rollout/perplexity.ts'
import type { DoseRow, ExperimentRows } from './experiment-rows.ts'
import {
  type ConditionValue,
  type Correlation,
  type Estimate,
  type Predictor,
  resampledCorrelation,
} from './resampled-correlation.ts'

export interface ExperimentAnalysis {
  readonly correlation: CorrelationAnalysis
  /** What the text of the prompts alone tells. */
  readonly baselines: readonly (PredictorCorrelations & { readonly name: string })[]
  /** What a trained forecaster tells; undefined where there is none. */
  readonly forecaster: (PredictorCorrelations & { readonly layer: number }) | undefined
  readonly levels: readonly LevelMeans[]
  readonly steering: readonly DoseMeans[]
  /** The expected score by projection, from condition means; undefined where the projection does not vary. */
  readonly line: LinearModel | undefined
  /** The same from single answers: its prediction interval is that of one answer. */
  readonly answerLine: LinearModel | undefined
  /** The projections they were fitted on. */
  readonly projectionRange: { readonly low: number; readonly high: number }
  readonly unscoredAnswers: number
  /** Whether the vector's intervals allow for other extraction questions; an imported vector does not know its own. */
  readonly resamplesExtraction: boolean
  readonly verdict: Verdict
}

/** How well something tells the mean scores of conditions. */
export interface PredictorCorrelations {
  /** Pearson r over conditions, with the mean score of their answers. */
  readonly perCondition: Estimate | undefined
  /** Pooled within one level of the ladder, over conditions: what is left when prompts are equal. */
  readonly withinLevel: Estimate | undefined
  /** Pooled within one question, over conditions: what the prompt alone moves. */
  readonly withinQuestion: Estimate | undefined
  /** With level and question means both taken away. */
  readonly interaction: Estimate | undefined
}

export interface CorrelationAnalysis extends PredictorCorrelations {
  /** Pearson r over single answers. */
  readonly perAnswer: Estimate | undefined
  /** Within one level, given what the first text-only baseline tells; undefined without one. */
  readonly partialWithinLevel: Estimate | undefined
  /** Spearman rho. */
  readonly spearman: { readonly perAnswer: Estimate | undefined; readonly perCondition: Estimate | undefined }
  /** Two-sided, scores shuffled over conditions. */
  readonly permutationP: number | undefined
  /** ICC(1) of one score, and of a condition's mean: how much of a score is the condition's own. */
  readonly reliability: { readonly single: number | undefined; readonly mean: number | undefined }
  /** Per condition, corrected for the noise of the mean score. */
  readonly correctedR: number | undefined
  /** The 95 % quantile of |r| per condition over random directions. */
  readonly randomDirectionAbsR95: number | undefined
  /** The same within one level: far from 0 by chance where questions are few. */
  readonly randomDirectionAbsWithinLevelR95: number | undefined
  readonly byLayer: readonly LayerCorrelation[]
}

export interface LayerCorrelation {
  readonly layer: number
  readonly perCondition: number | undefined
  readonly withinLevel: number | undefined
  /** 2.5 % and 97.5 % of r per condition over random directions. */
  readonly randomLow: number | undefined
  readonly randomHigh: number | undefined
}

export interface LevelMeans {
  readonly step: number
  readonly level: number
  readonly meanScore: number | undefined
  /** 95 %, resampling questions. */
  readonly low: number | undefined
  readonly high: number | undefined
  readonly meanProjection: number | undefined
}

export interface DoseMeans {
  readonly dose: number
  readonly meanScore: number | undefined
  readonly low: number | undefined
  readonly high: number | undefined
  readonly perplexity: number | undefined
}

/**
 * `evidence`: r is above 0 and so is its interval, r is beyond 95 % of random directions, and shuffled scores do not
 * reach it (p < 0.05). Anything less is `no evidence`.
 */
export interface Verdict {
  readonly kind: 'evidence' | 'no evidence'
  /** What spoke against it; empty for evidence. */
  readonly because: readonly string[]
}

const permutations = 2000

export function analyseExperiment(rows: ExperimentRows, seed: number): ExperimentAnalysis {
  const answers = rows.answers.flatMap(({ condition, score }): ConditionValue[] =>
    score === undefined ? [] : [{ condition, value: score }],
  )
  const conditions = conditionMeans(rows, answers)
  const projections = rows.projections[rows.layer]
  const correlation = correlate(rows, answers, conditions, seed)
  const at = (values: readonly ConditionValue[]) => values.map(({ condition }) => projections?.[condition] ?? 0)
  const observed = projections ? at(conditions) : []
  return {
    correlation,
    baselines: rows.baselines.map(({ name, values }) => ({
      name,
      ...correlationsOf(rows, { values }, conditions, seed),
    })),
    forecaster: rows.forecasts && {
      layer: rows.forecasts.layer,
      ...correlationsOf(rows, { values: rows.forecasts.values }, conditions, seed),
    },
    levels: levelMeans(rows, conditions, seed),
    steering: doseMeans(rows.doses, seed),
    line: projections && fitLine(observed, valuesOf(conditions)),
    answerLine: projections && fitLine(at(answers), valuesOf(answers)),
    projectionRange: { low: Math.min(...observed), high: Math.max(...observed) },
    unscoredAnswers: rows.answers.length - answers.length,
    resamplesExtraction: rows.questionProjections !== undefined,
    verdict: judge(correlation),
  }
}

/** The mean score of each condition that has one. */
export function conditionMeans(rows: ExperimentRows, answers: readonly ConditionValue[]): ConditionValue[] {
  const scores = rows.conditions.map((): number[] => [])
  for (const { condition, value } of answers) scores[condition]!.push(value)
  return scores.flatMap((values, condition) => {
    const value = mean(values)
    return value === undefined ? [] : [{ condition, value }]
  })
}

const overall: Correlation = ({ predicted, values }) => pearson(predicted, values)
const ranked: Correlation = ({ predicted, values }) => spearman(predicted, values)
const withinLevel: Correlation = ({ predicted, values, levels }) => withinGroupCorrelation(predicted, values, levels)
const withinQuestion: Correlation = ({ predicted, values, questions }) =>
  withinGroupCorrelation(predicted, values, questions)
const interaction: Correlation = ({ predicted, values, levels, questions }) =>
  interactionCorrelation(predicted, values, levels, questions)
const partialWithinLevel: Correlation = ({ predicted, values, control, levels }) =>
  partialWithinGroupCorrelation(predicted, values, control, levels)

function correlate(
  rows: ExperimentRows,
  answers: readonly ConditionValue[],
  conditions: readonly ConditionValue[],
  seed: number,
): CorrelationAnalysis {
  const predictor = vectorAsPredictor(rows, seed)
  const [control] = rows.baselines
  const estimate = (values: readonly ConditionValue[], correlation: Correlation) =>
    predictor &&
    resampledCorrelation(
      { conditions: rows.conditions, predictor: predictor(), ...(control && { control }), values, seed },
      correlation,
    )
  const reliability = icc1(groupByCondition(rows, answers))
  const meanReliability = reliability?.average.value
  const own = predictor && correlationsOf(rows, predictor, conditions, seed)
  const perCondition = own?.perCondition
  return {
    perAnswer: estimate(answers, overall),
    perCondition,
    withinLevel: own?.withinLevel,
    withinQuestion: own?.withinQuestion,
    interaction: own?.interaction,
    partialWithinLevel: control && estimate(conditions, partialWithinLevel),
    spearman: { perAnswer: estimate(answers, ranked), perCondition: estimate(conditions, ranked) },
    permutationP: perCondition && shuffledP(rows, conditions, perCondition.r, seed),
    reliability: { single: reliability?.single.value, mean: meanReliability },
    correctedR:
      perCondition && meanReliability !== undefined
        ? correctForUnreliability(perCondition.r, meanReliability)
        : undefined,
    randomDirectionAbsR95: randomQuantile(rows, rows.layer, conditions, pearsonOf, 0.95, Math.abs),
    randomDirectionAbsWithinLevelR95: randomQuantile(rows, rows.layer, conditions, withinLevelOf, 0.95, Math.abs),
    byLayer: rows.projections.flatMap((projections, layer) => {
      if (layer === 0 || !projections) return []
      const columns = columnsOf(rows, projections, conditions)
      return {
        layer,
        perCondition: pearsonOf(columns),
        withinLevel: withinLevelOf(columns),
        randomLow: randomQuantile(rows, layer, conditions, pearsonOf, 0.025),
        randomHigh: randomQuantile(rows, layer, conditions, pearsonOf, 0.975),
      }
    }),
  }
}

function correlationsOf(
  { conditions: rows }: ExperimentRows,
  predictor: Predictor | (() => Predictor),
  values: readonly ConditionValue[],
  seed: number,
): PredictorCorrelations {
  // Each estimate draws its own vectors, so that it does not depend on which others were made before.
  const estimate = (correlation: Correlation) =>
    resampledCorrelation(
      { conditions: rows, predictor: typeof predictor === 'function' ? predictor() : predictor, values, seed },
      correlation,
    )
  return {
    perCondition: estimate(overall),
    withinLevel: estimate(withinLevel),
    withinQuestion: estimate(withinQuestion),
    interaction: estimate(interaction),
  }
}

/** The projection on the vector; other draws of extraction questions give other vectors. */
function vectorAsPredictor(rows: ExperimentRows, seed: number): (() => Predictor) | undefined {
  const { questionProjections, conditions } = rows
  const values = rows.projections[rows.layer]
  if (!values) return undefined
  if (!questionProjections) return () => ({ values })
  return () => {
    const random = createRandom(deriveSeed(seed, 'extraction questions'))
    const redraw = () => {
      const sum = new Float64Array(conditions.length)
      for (let draw = 0; draw < questionProjections.length; draw++) {
        const drawn = questionProjections[Math.floor(random.next() * questionProjections.length)]!
        for (let condition = 0; condition < sum.length; condition++) sum[condition]! += drawn[condition]!
      }
      return sum
    }
    return { values, redraw }
  }
}

interface Columns {
  readonly projections: readonly number[]
  readonly values: readonly number[]
  readonly levels: readonly number[]
}

const pearsonOf = ({ projections, values }: Columns) => pearson(projections, values)
const withinLevelOf = ({ projections, values, levels }: Columns) => withinGroupCorrelation(projections, values, levels)

function columnsOf(rows: ExperimentRows, projections: Float64Array, values: readonly ConditionValue[]): Columns {
  return {
    projections: values.map(({ condition }) => projections[condition]!),
    values: valuesOf(values),
    levels: values.map(({ condition }) => rows.conditions[condition]!.step),
  }
}

function shuffledP(rows: ExperimentRows, conditions: readonly ConditionValue[], observed: number, seed: number) {
  const { projections, values } = columnsOf(rows, rows.projections[rows.layer]!, conditions)
  const permuted = (random: Parameters<typeof shuffle>[1]) => pearson(projections, shuffle(values, random))
  return permutationP({ observed, permuted, permutations, seed })
}

/** A quantile, over random directions, of a correlation. */
function randomQuantile(
  rows: ExperimentRows,
  layer: number,
  conditions: readonly ConditionValue[],
  correlation: (columns: Columns) => number | undefined,
  p: number,
  of: (r: number) => number = r => r,
): number | undefined {
  const correlations = rows.randomProjections[layer]!.flatMap(projections => {
    const r = correlation(columnsOf(rows, projections, conditions))
    return r === undefined ? [] : [of(r)]
  })
  return quantile(correlations, p)
}

function groupByCondition(rows: ExperimentRows, answers: readonly ConditionValue[]): number[][] {
  const groups = rows.conditions.map((): number[] => [])
  for (const { condition, value } of answers) groups[condition]!.push(value)
  return groups
}

function levelMeans(rows: ExperimentRows, conditions: readonly ConditionValue[], seed: number): LevelMeans[] {
  const steps = [...new Set(rows.conditions.map(({ step }) => step))].sort((a, b) => a - b)
  return steps.map(step => {
    const own = conditions.filter(({ condition }) => rows.conditions[condition]!.step === step)
    const values = valuesOf(own)
    const interval = meanInterval(values, seed)
    const projections = rows.projections[rows.layer]
    return {
      step,
      level: rows.conditions.find(condition => condition.step === step)!.level,
      meanScore: mean(values),
      low: interval?.low,
      high: interval?.high,
      meanProjection: projections && mean(own.map(({ condition }) => projections[condition]!)),
    }
  })
}

function doseMeans(rows: readonly DoseRow[], seed: number): DoseMeans[] {
  return [...new Set(rows.map(({ dose }) => dose))].map(dose => {
    const own = rows.filter(row => row.dose === dose)
    const byQuestion = new Map<number, number[]>()
    for (const { question, score } of own) {
      if (score !== undefined) byQuestion.set(question, [...(byQuestion.get(question) ?? []), score])
    }
    const values = [...byQuestion.values()].flatMap(scores => mean(scores) ?? [])
    const interval = meanInterval(values, seed)
    return {
      dose,
      meanScore: mean(values),
      low: interval?.low,
      high: interval?.high,
      perplexity: perplexityOf(own.map(({ surprise }) => surprise)),
    }
  })
}

/** Of a mean over questions, resampling them. */
function meanInterval(values: readonly number[], seed: number) {
  return bootstrapInterval({
    clusters: values.length,
    statistic: chosen => mean(Array.from(chosen, index => values[index]!)),
    seed,
  })
}

function valuesOf(values: readonly ConditionValue[]): number[] {
  return values.map(({ value }) => value)
}

function judge({ perCondition, permutationP: p, randomDirectionAbsR95 }: CorrelationAnalysis): Verdict {
  if (!perCondition) return { kind: 'no evidence', because: ['projection or score does not vary'] }
  const { r, low, high } = perCondition
  const because = [
    low <= 0 && high >= 0 ? 'the interval of r covers 0' : '',
    high < 0 ? 'r is negative, the vector points away from the trait' : '',
    Math.abs(r) <= (randomDirectionAbsR95 ?? 0) ? 'random directions correlate as strongly' : '',
    (p ?? 1) >= 0.05 ? 'shuffled scores correlate as strongly' : '',
  ].filter(reason => reason !== '')
  return { kind: because.length === 0 ? 'evidence' : 'no evidence', because }
}
