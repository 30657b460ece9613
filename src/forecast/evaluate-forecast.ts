import type { TextBaseline } from '../judge/text-baselines.ts'
import { bootstrapInterval } from '../numeric/bootstrap.ts'
import { pearson } from '../numeric/correlation.ts'
import {
  interactionCorrelation,
  meanPerGroup,
  partialWithinGroupCorrelation,
  withinGroupCorrelation,
} from '../numeric/grouped-correlation.ts'
import { mean } from '../numeric/moments.ts'
import { deriveSeed } from '../numeric/random.ts'
import { clusterRows, resampleRows, takeRows } from '../numeric/resample-rows.ts'
import { type Forecaster, forecastOf } from '../vector/forecaster.ts'

/** A system prompt with a question, and what was forecast before anything was answered. */
export interface ForecastPrompt {
  readonly systemPrompt: string
  readonly questionText: string
  /** As `predictScore` gives it. */
  readonly predicted: number
}

/** What is evaluated: prompts, and scored answers to them. */
export interface ForecastRows {
  readonly prompts: readonly ForecastPrompt[]
  readonly answers: readonly { readonly prompt: number; readonly score: number }[]
  /** What the text alone tells, one value for each prompt. */
  readonly baselines: readonly TextBaseline[]
}

/** A value with a 95 % interval that resamples questions. */
export interface Estimated {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface PredictorQuality {
  /** Pearson r with the mean score of each prompt. */
  readonly perPrompt: Estimated | undefined
  /** Pooled within one system prompt. */
  readonly withinSystemPrompt: Estimated | undefined
  /** With the means of system prompts and of questions both taken away. */
  readonly interaction: Estimated | undefined
}

export interface BaselineQuality extends PredictorQuality {
  readonly name: string
  /** The forecaster's r minus the baseline's. */
  readonly gain: Pick<PredictorQuality, 'perPrompt' | 'withinSystemPrompt'>
}

export interface ForecastEvaluation {
  readonly answers: number
  readonly prompts: number
  readonly systemPrompts: number
  readonly questions: number
  readonly forecaster: PredictorQuality & {
    /** Over single answers. */
    readonly perAnswer: Estimated | undefined
    /** Within one system prompt, given the first baseline; undefined without one. */
    readonly partialWithinSystemPrompt: Estimated | undefined
  }
  readonly baselines: readonly BaselineQuality[]
  readonly coverage: CoverageFacts
  readonly reliability: readonly ReliabilityBin[]
  readonly warnings: readonly WarningRow[]
  /** From which score on an answer counts as one to be warned of. */
  readonly event: number
  readonly bySystemPrompt: readonly SystemPromptRow[]
  /** The share of prompts whose forecast is one of those of the training. */
  readonly inRange: number
}

export interface CoverageFacts {
  /** The share of single answers within their 90 % interval. */
  readonly answers: Estimated
  /** The mean width of those intervals, kept within 0..100. */
  readonly width: number
  /** The same for predicting the mean of the training scores each time. */
  readonly constantAnswers: number
  readonly constantWidth: number
  /** Mean scores of prompts with several answers, within the interval of the expected score. */
  readonly means: Estimated | undefined
}

export interface ReliabilityBin {
  readonly prompts: number
  readonly predicted: number
  readonly observed: number
  readonly low: number
  readonly high: number
}

/** What warning at a threshold would do. */
export interface WarningRow {
  /** A warning is given from this forecast on. */
  readonly threshold: number
  readonly alarmsPerThousand: number
  /** Of the warnings, how many were followed by such an answer; undefined without warnings. */
  readonly precision: number | undefined
  /** Of such answers, how many were warned of; undefined without any. */
  readonly recall: number | undefined
}

export interface SystemPromptRow {
  readonly systemPrompt: string
  readonly predicted: number
  readonly observed: number
  readonly coverage: number
  readonly answers: number
}

export interface EvaluateOptions {
  readonly seed: number
  /** From which score on an answer counts as one to be warned of. */
  readonly event: number
}

const resamples = 2000
const reliabilityBins = 8
const thresholds = [40, 50, 60, 70, 80, 90]

/** How well a forecaster told scored answers, beside what the text of the prompts tells. */
export function evaluateForecast(
  forecaster: Forecaster,
  rows: ForecastRows,
  { seed, event }: EvaluateOptions,
): ForecastEvaluation {
  const answered = promptsWithMeans(rows)
  const table = new PromptTable(answered, deriveSeed(seed, 'forecast/evaluation'))
  const predicted = answered.map(({ predicted }) => predicted)
  const baselines = rows.baselines.map(({ name, values }) => ({
    name,
    values: answered.map(({ prompt }) => values[prompt]!),
  }))
  const [control] = baselines
  return {
    answers: rows.answers.length,
    prompts: answered.length,
    systemPrompts: new Set(answered.map(({ systemPrompt }) => systemPrompt)).size,
    questions: new Set(answered.map(({ questionText }) => questionText)).size,
    forecaster: {
      ...table.quality(predicted),
      perAnswer: perAnswer(rows, seed),
      partialWithinSystemPrompt: control && table.partial(predicted, control.values),
    },
    baselines: baselines.map(({ name, values }) => ({
      name,
      ...table.quality(values),
      gain: table.gain(predicted, values),
    })),
    coverage: coverageOf(forecaster, rows, answered, seed),
    reliability: reliabilityOf(answered, seed),
    warnings: thresholds.map(threshold => warningsAt(threshold, rows, event)),
    event,
    bySystemPrompt: bySystemPrompt(forecaster, rows),
    inRange: mean(answered.map(({ predicted: value }) => Number(forecastOf(forecaster, value).inRange)))!,
  }
}

interface AnsweredPrompt extends ForecastPrompt {
  /** Its place among all prompts. */
  readonly prompt: number
  readonly observed: number
  readonly answers: number
}

function promptsWithMeans({ prompts, answers }: ForecastRows): AnsweredPrompt[] {
  const means = meanPerGroup(
    answers.map(({ score }) => score),
    answers.map(({ prompt }) => prompt),
  )
  const counts = new Map<number, number>()
  for (const { prompt } of answers) counts.set(prompt, (counts.get(prompt) ?? 0) + 1)
  return prompts.flatMap((one, prompt) => {
    const observed = means.get(prompt)
    return observed === undefined ? [] : [{ ...one, prompt, observed, answers: counts.get(prompt)! }]
  })
}

/** Correlations with the prompts' mean scores, and their intervals. */
class PromptTable {
  readonly #observed: readonly number[]
  readonly #systemPrompts: readonly string[]
  readonly #questions: readonly string[]
  readonly #seed: number

  constructor(prompts: readonly AnsweredPrompt[], seed: number) {
    this.#observed = prompts.map(({ observed }) => observed)
    this.#systemPrompts = prompts.map(({ systemPrompt }) => systemPrompt)
    this.#questions = prompts.map(({ questionText }) => questionText)
    this.#seed = seed
  }

  quality(predicted: readonly number[]): PredictorQuality {
    return {
      perPrompt: this.#estimate(rows => pearson(takeRows(predicted, rows), takeRows(this.#observed, rows))),
      withinSystemPrompt: this.#estimate(rows => this.#within(predicted, rows)),
      interaction: this.#estimate((rows, questions) =>
        interactionCorrelation(
          takeRows(predicted, rows),
          takeRows(this.#observed, rows),
          this.#promptsAt(rows),
          questions,
        ),
      ),
    }
  }

  partial(predicted: readonly number[], control: readonly number[]): Estimated | undefined {
    return this.#estimate(rows =>
      partialWithinGroupCorrelation(
        takeRows(predicted, rows),
        takeRows(this.#observed, rows),
        takeRows(control, rows),
        this.#promptsAt(rows),
      ),
    )
  }

  /** How much better one predictor is than another, on the same resamples. */
  gain(predicted: readonly number[], other: readonly number[]): BaselineQuality['gain'] {
    const overall = (values: readonly number[], rows: Int32Array) =>
      pearson(takeRows(values, rows), takeRows(this.#observed, rows))
    return {
      perPrompt: this.#estimate(rows => difference(overall(predicted, rows), overall(other, rows))),
      withinSystemPrompt: this.#estimate(rows => difference(this.#within(predicted, rows), this.#within(other, rows))),
    }
  }

  #within(predicted: readonly number[], rows: Int32Array): number | undefined {
    return withinGroupCorrelation(takeRows(predicted, rows), takeRows(this.#observed, rows), this.#promptsAt(rows))
  }

  #promptsAt(rows: Int32Array): string[] {
    return Array.from(rows, row => this.#systemPrompts[row]!)
  }

  #estimate(statistic: QuestionStatistic): Estimated | undefined {
    return byQuestion(this.#questions, statistic, this.#seed)
  }
}

function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b
}

function perAnswer({ prompts, answers }: ForecastRows, seed: number): Estimated | undefined {
  const predicted = answers.map(({ prompt }) => prompts[prompt]!.predicted)
  const scores = answers.map(({ score }) => score)
  return byQuestion(
    answers.map(({ prompt }) => prompts[prompt]!.questionText),
    rows => pearson(takeRows(predicted, rows), takeRows(scores, rows)),
    seed,
  )
}

/** Of rows, with the question that each of them was drawn with: one drawn twice counts as two. */
type QuestionStatistic = (rows: Int32Array, questions: Int32Array) => number | undefined

/** A statistic of rows, with an interval that resamples their questions; without bounds where those are too few. */
function byQuestion(questions: readonly string[], statistic: QuestionStatistic, seed: number): Estimated | undefined {
  const clusters = clusterRows(questions)
  const draw = (chosen: Int32Array) =>
    statistic(
      resampleRows(clusters, chosen),
      Int32Array.from(Array.from(chosen).flatMap((cluster, place) => clusters[cluster]!.map(() => place))),
    )
  const value = draw(Int32Array.from(clusters, (_, cluster) => cluster))
  if (value === undefined) return undefined
  const interval = bootstrapInterval({ clusters: clusters.length, resamples, seed, statistic: draw })
  return { value, low: interval?.low ?? Number.NEGATIVE_INFINITY, high: interval?.high ?? Number.POSITIVE_INFINITY }
}

function coverageOf(
  forecaster: Forecaster,
  { prompts, answers }: ForecastRows,
  answered: readonly AnsweredPrompt[],
  seed: number,
): CoverageFacts {
  const { constantHalfWidth, provenance } = forecaster
  const { meanScore } = provenance.training
  const forecasts = prompts.map(({ predicted }) => forecastOf(forecaster, predicted))
  const covered = answers.map(({ prompt, score }) => Number(isWithin(score, forecasts[prompt]!.answerInterval)))
  const widths = answers.map(({ prompt }) => widthOf(forecasts[prompt]!.answerInterval))
  const constant = {
    low: Math.max(0, meanScore - constantHalfWidth),
    high: Math.min(100, meanScore + constantHalfWidth),
  }
  const repeated = answered.filter(({ answers: count }) => count > 1)
  const means = repeated.flatMap(({ prompt, observed }) => {
    const { expectedInterval } = forecasts[prompt]!
    return expectedInterval ? [Number(isWithin(observed, expectedInterval))] : []
  })
  const share = (values: readonly number[], questions: readonly string[]) =>
    byQuestion(questions, rows => mean(takeRows(values, rows)), seed)
  return {
    answers: share(
      covered,
      answers.map(({ prompt }) => prompts[prompt]!.questionText),
    )!,
    width: mean(widths)!,
    constantAnswers: mean(answers.map(({ score }) => Number(isWithin(score, constant))))!,
    constantWidth: widthOf(constant),
    means:
      means.length === repeated.length && means.length > 0
        ? share(
            means,
            repeated.map(({ questionText }) => questionText),
          )
        : undefined,
  }
}

interface Bounds {
  readonly low: number
  readonly high: number
}

const isWithin = (value: number, { low, high }: Bounds) => value >= low && value <= high
const widthOf = ({ low, high }: Bounds) => high - low

/** Prompts in order of their forecast, in bins of (about) equally many. */
function reliabilityOf(answered: readonly AnsweredPrompt[], seed: number): ReliabilityBin[] {
  const ordered = answered.toSorted((a, b) => a.predicted - b.predicted)
  const bins = Math.max(1, Math.min(reliabilityBins, Math.floor(ordered.length / 5)))
  return Array.from({ length: bins }, (_, bin) => {
    const own = ordered.slice(
      Math.round((bin * ordered.length) / bins),
      Math.round(((bin + 1) * ordered.length) / bins),
    )
    const observed = own.map(one => one.observed)
    const estimated = byQuestion(
      own.map(({ questionText }) => questionText),
      rows => mean(takeRows(observed, rows)),
      seed,
    )!
    return {
      prompts: own.length,
      predicted: mean(own.map(({ predicted }) => predicted))!,
      observed: estimated.value,
      low: Math.max(0, estimated.low),
      high: Math.min(100, estimated.high),
    }
  })
}

function warningsAt(threshold: number, { prompts, answers }: ForecastRows, event: number): WarningRow {
  let [alarms, events, hits] = [0, 0, 0]
  for (const { prompt, score } of answers) {
    const warned = prompts[prompt]!.predicted >= threshold
    const came = score >= event
    alarms += Number(warned)
    events += Number(came)
    hits += Number(warned && came)
  }
  return {
    threshold,
    alarmsPerThousand: (1000 * alarms) / answers.length,
    precision: alarms === 0 ? undefined : hits / alarms,
    recall: events === 0 ? undefined : hits / events,
  }
}

function bySystemPrompt(forecaster: Forecaster, { prompts, answers }: ForecastRows): SystemPromptRow[] {
  const systemPrompts = answers.map(({ prompt }) => prompts[prompt]!.systemPrompt)
  return clusterRows(systemPrompts).map(rows => {
    const own = rows.map(row => answers[row]!)
    const forecasts = own.map(({ prompt }) => forecastOf(forecaster, prompts[prompt]!.predicted))
    return {
      systemPrompt: systemPrompts[rows[0]!]!,
      answers: own.length,
      predicted: mean(forecasts.map(({ expectedScore }) => expectedScore))!,
      observed: mean(own.map(({ score }) => score))!,
      coverage: mean(own.map(({ score }, index) => Number(isWithin(score, forecasts[index]!.answerInterval))))!,
    }
  })
}
