/** The evaluation of a forecaster as a page: the finding and what limits it first, then the plots, then how it was made. */

import { correlationByLayerPlot } from '../report/correlation-by-layer-plot.ts'
import {
  formatCorrelation,
  formatCount,
  formatEstimate,
  formatNumber,
  formatPercent,
  formatRange,
} from '../report/format-number.ts'
import { learningCurvePlot } from '../report/learning-curve-plot.ts'
import { reliabilityPlot } from '../report/reliability-plot.ts'
import type { ReportBlock } from '../report/report-block.ts'
import { type KeyFigure, reportPage } from '../report/report-page.ts'
import { scatterPlot } from '../report/scatter-plot.ts'
import type { Forecaster } from '../vector/forecaster.ts'
import { toScoreScale } from '../vector/score-scale.ts'
import type {
  BaselineQuality,
  Estimated,
  ForecastEvaluation,
  ForecastRows,
  PredictorQuality,
} from './evaluate-forecast.ts'

export interface ForecastReportParts {
  readonly forecaster: Forecaster
  readonly rows: ForecastRows
  readonly evaluation: ForecastEvaluation
  /** What was evaluated, in a few words. */
  readonly source: string
  /** What differs from the training: sampling and the like. */
  readonly differences: readonly string[]
}

/** More system prompts than these have no colour of their own. */
const mostColours = 9

/** With fewer questions the intervals, which resample them, are too narrow. */
const fewQuestions = 10

export function forecastReport(parts: ForecastReportParts): string {
  const { forecaster, evaluation, source } = parts
  const { trait, model } = forecaster.provenance
  return reportPage({
    title: `${trait.name}: told before a word is written?`,
    subtitle: `${model.id}, ${source}: ${formatCount(evaluation.prompts)} prompts, ${formatCount(evaluation.answers)} scored answers`,
    lead: { finding: forecastFinding(parts), figures: keyFigures(parts), blocks: limits(parts) },
    sections: [
      { title: 'Predicted and observed', blocks: scatterBlocks(parts) },
      { title: 'Beside the text alone', blocks: baselineBlocks(parts) },
      { title: 'Can it be relied on', blocks: reliabilityBlocks(parts) },
      { title: 'As an early warning', blocks: warningBlocks(parts) },
      { title: 'Training', blocks: trainingBlocks(parts) },
    ],
    footer: ['Personascope. The same numbers are in summary.json.'],
  })
}

/** What was found, in plain words. */
export function forecastFinding({
  forecaster,
  evaluation,
}: Pick<ForecastReportParts, 'forecaster' | 'evaluation'>): string {
  const { trait, evidence } = forecaster.provenance
  const { perPrompt, withinSystemPrompt } = evaluation.forecaster
  if (evidence.verdict === 'no evidence')
    return `No evidence: in its own training this forecaster did not tell how ${trait.name} held-out answers were (r ${formatEstimate(evidence.withinPromptR, evidence, evidence)} inside one system prompt). Whatever stands below is chance.`
  if (!perPrompt || !withinSystemPrompt) return `Predictions or scores do not vary here, so nothing can be said.`
  const text = strongest(evaluation.baselines)
  const beside = text ? ` ${textSentence(evaluation.baselines, text)}${gainSentence(text)}` : ''
  const inside = `${formatCorrelation(withinSystemPrompt.value)} inside one system prompt`
  if (withinSystemPrompt.low > 0)
    return `Before a word is written, the last prompt token tells how ${trait.name} the answer will be: r = ${formatCorrelation(perPrompt.value)} over all prompts and ${inside}.${beside}`
  return `Inside one system prompt nothing measurable is told: r = ${withInterval(withinSystemPrompt)}; over all prompts r = ${formatCorrelation(perPrompt.value)}.${beside}`
}

function gainSentence({ gain: { withinSystemPrompt: gain } }: BaselineQuality): string {
  if (!gain) return ''
  const by = `${signed(gain.value)} (${formatRange(gain)}) inside one system prompt`
  if (gain.low > 0) return ` The forecaster is better by ${by}.`
  if (gain.high < 0) return ` The forecaster is worse by ${by}.`
  return ` The difference cannot be told from none: ${by}.`
}

/** The best of the text over all prompts and inside one need not be the same baseline. */
function textSentence(baselines: readonly BaselineQuality[], inside: BaselineQuality): string {
  const overall = strongest(baselines, 'perPrompt')!
  const of = (estimated: Estimated | undefined) => (estimated ? formatCorrelation(estimated.value) : 'no r')
  const [all, within] = [of(overall.perPrompt), of(inside.withinSystemPrompt)]
  if (overall === inside) return `The text alone (${inside.name}) reaches ${all} and ${within}.`
  return `The text alone reaches ${all} (${overall.name}) and ${within} (${inside.name}).`
}

/** The baseline that tells most over all prompts, or inside one system prompt. */
function strongest(
  baselines: readonly BaselineQuality[],
  over: 'perPrompt' | 'withinSystemPrompt' = 'withinSystemPrompt',
): BaselineQuality | undefined {
  const value = (baseline: BaselineQuality) => baseline[over]?.value ?? -1
  return baselines.toSorted((a, b) => value(b) - value(a))[0]
}

function keyFigures({ forecaster, evaluation }: ForecastReportParts): KeyFigure[] {
  const { forecaster: quality, baselines, coverage } = evaluation
  const text = strongest(baselines)
  const hasEvidence = forecaster.provenance.evidence.verdict === 'evidence'
  return [
    figure('r inside one system prompt', quality.withinSystemPrompt, hasEvidence ? 'good' : 'warning'),
    figure('r over all prompts', quality.perPrompt),
    text
      ? figure(`the text alone, inside one system prompt (${text.name})`, text.withinSystemPrompt)
      : { label: 'the text alone', value: '–', detail: 'no baseline could be computed' },
    {
      label: '90 % intervals that hold one answer',
      value: formatPercent(coverage.answers.value),
      detail: `95 % ${formatPercent(coverage.answers.low)} to ${formatPercent(coverage.answers.high)}`,
    },
    {
      label: 'mean width of those intervals',
      value: formatNumber(coverage.width, 0),
      detail: `predicting a constant: ${formatNumber(coverage.constantWidth, 0)}, which holds ${formatPercent(coverage.constantAnswers)}`,
    },
    figure('r per single answer', quality.perAnswer),
  ]
}

function figure(label: string, estimated: Estimated | undefined, tone?: 'good' | 'warning'): KeyFigure {
  if (!estimated) return { label, value: '–', detail: 'not defined here' }
  return {
    label,
    value: formatCorrelation(estimated.value),
    detail: `95 % ${formatRange(estimated)}`,
    ...(tone && { tone }),
  }
}

function limits({ forecaster, evaluation, differences }: ForecastReportParts): ReportBlock[] {
  const { judge, sampling, training } = forecaster.provenance
  const blocks: ReportBlock[] = []
  if (forecaster.provenance.evidence.verdict === 'no evidence')
    blocks.push({
      kind: 'callout',
      tone: 'warning',
      title: 'No evidence',
      text: training.shuffled
        ? 'This forecaster was trained on shuffled scores, as a control: nothing could be learned.'
        : 'Nothing is to be read from this forecaster. More answers and questions may help.',
    })
  for (const difference of differences)
    blocks.push({ kind: 'callout', tone: 'warning', title: 'Another setting', text: `Here: ${difference}.` })
  if (evaluation.questions < fewQuestions)
    blocks.push({
      kind: 'callout',
      tone: 'warning',
      title: 'Few questions',
      text: `Intervals resample questions, and from ${evaluation.questions} of them they come out too narrow.`,
    })
  if (evaluation.inRange < 1)
    blocks.push({
      kind: 'callout',
      tone: 'note',
      title: 'Out of range',
      text: `${formatPercent(1 - evaluation.inRange)} of the forecasts lie outside of those for its training prompts; there it says nothing.`,
    })
  blocks.push({
    kind: 'list',
    items: [
      [
        { strong: 'It holds for ' },
        `this model and chat template, the scores of ${judge}, temperature ${sampling.temperature} and answers of at most ${sampling.maxTokens} tokens.`,
      ],
      [
        { strong: 'It has not seen ' },
        `these questions or questions on their topics: it learned from ${training.questions.length} others under ${training.systemPrompts} system prompts.`,
      ],
    ],
  })
  return blocks
}

function scatterBlocks({ forecaster, rows, evaluation }: ForecastReportParts): ReportBlock[] {
  const own = evaluation.bySystemPrompt.toSorted((a, b) => a.observed - b.observed)
  const coloured = own.length <= mostColours
  const levelOf = new Map(own.map(({ systemPrompt }, index) => [systemPrompt, coloured ? index : 0]))
  const scores = rows.prompts.map((): number[] => [])
  for (const { prompt, score } of rows.answers) scores[prompt]!.push(score)
  const points = rows.prompts.flatMap(({ systemPrompt, questionText, predicted }, prompt) => {
    const of = scores[prompt]!
    if (of.length === 0) return []
    const y = of.reduce((sum, score) => sum + score, 0) / of.length
    return [{ x: toScoreScale(predicted), y, level: levelOf.get(systemPrompt)!, label: questionText }]
  })
  return [
    {
      kind: 'figure',
      drawing: scatterPlot({
        title: 'Forecast and score',
        xLabel: 'forecast, before the answer',
        yLabel: `mean score of the answers (0 to 100, ${forecaster.provenance.judge})`,
        levels: coloured ? own.map(({ systemPrompt }) => shortened(systemPrompt)) : ['a prompt'],
        points,
        fit: Array.from({ length: 41 }, (_, step) => ({ x: step * 2.5, y: step * 2.5 })),
        fitName: 'both equal',
        yRange: [0, 100],
        notes: evaluation.forecaster.perPrompt
          ? [`r = ${withInterval(evaluation.forecaster.perPrompt)} over ${evaluation.prompts} prompts`]
          : [],
      }),
      caption:
        'Each point is one prompt: a question under one system prompt. Across: what was forecast from its last token. Up: the mean score of its answers. On the line both are equal.',
    },
    {
      kind: 'table',
      caption: 'By system prompt',
      columns: [
        { label: 'system prompt' },
        { label: 'answers', align: 'number' },
        { label: 'mean forecast', align: 'number' },
        { label: 'mean score', align: 'number' },
        { label: 'within the 90 % interval', align: 'number' },
      ],
      rows: own
        .slice(0, mostRows)
        .map(row => [
          shortened(row.systemPrompt),
          formatCount(row.answers),
          formatNumber(row.predicted, 1),
          formatNumber(row.observed, 1),
          formatPercent(row.coverage),
        ]),
    },
  ]
}

const mostRows = 30
const shownCharacters = 60

function shortened(text: string): string {
  const characters = [...(text.trim() === '' ? '(none)' : text)]
  return characters.length <= shownCharacters
    ? characters.join('')
    : `${characters.slice(0, shownCharacters - 1).join('')}…`
}

function baselineBlocks({ evaluation }: ForecastReportParts): ReportBlock[] {
  const { forecaster, baselines } = evaluation
  const cell = (estimated: Estimated | undefined) => (estimated ? withInterval(estimated) : '–')
  const row = (name: string, of: PredictorQuality) => [
    name,
    cell(of.perPrompt),
    cell(of.withinSystemPrompt),
    cell(of.interaction),
  ]
  const partial = forecaster.partialWithinSystemPrompt
  return [
    {
      kind: 'table',
      caption: 'The forecaster beside what the text of the prompt alone tells, with 95 % intervals',
      columns: [
        { label: 'predictor' },
        { label: 'r over all prompts', align: 'number' },
        { label: 'inside one system prompt', align: 'number' },
        { label: 'interaction', align: 'number' },
      ],
      rows: [
        row('forecaster', forecaster),
        ...baselines.map(baseline => row(baseline.name, baseline)),
        ...baselines.map(({ name, gain }) => [
          `forecaster minus ${name}`,
          cell(gain.perPrompt),
          cell(gain.withinSystemPrompt),
          '–',
        ]),
      ],
      emphasised: 0,
    },
    {
      kind: 'paragraph',
      text: `${baselines.length === 0 ? 'No text-only baseline could be computed. ' : ''}N-grams learned from the very answers the forecaster learned from. Interaction: with the means of system prompts and of questions both taken away. Intervals resample whole questions, differences on the same resamples.${partial ? ` ${partialSentence(partial)}` : ''}`,
    },
  ]
}

function partialSentence(partial: Estimated): string {
  const r = `partial r = ${withInterval(partial)}`
  return partial.low > 0
    ? `Given the first baseline, the activation still tells something inside one system prompt: ${r}.`
    : `Given the first baseline, the activation adds nothing measurable inside one system prompt: ${r}.`
}

function reliabilityBlocks({ forecaster, evaluation }: ForecastReportParts): ReportBlock[] {
  const { reliability, coverage } = evaluation
  const means = coverage.means
  return [
    {
      kind: 'figure',
      drawing: reliabilityPlot({
        title: 'Forecast and what came',
        xLabel: 'mean forecast of a bin',
        yLabel: 'mean score',
        bins: reliability.map(({ predicted, observed, low, high, prompts }) => ({
          predicted: toScoreScale(predicted),
          observed,
          interval: { low, high },
          count: prompts,
        })),
        range: [0, 100],
      }),
      caption: 'Prompts in order of their forecast, in bins of equally many. Bars: 95 %, resampling questions.',
    },
    {
      kind: 'paragraph',
      text: `The 90 % interval of one answer held ${formatPercent(coverage.answers.value)} of ${formatCount(evaluation.answers)} answers (95 % ${formatPercent(coverage.answers.low)} to ${formatPercent(coverage.answers.high)}); it is ${formatNumber(coverage.width, 1)} wide on average, that of a constant forecast ${formatNumber(coverage.constantWidth, 1)}. ${
        means
          ? `The 90 % interval of the expected score held ${formatPercent(means.value)} of the mean scores, which are themselves noisy.`
          : forecaster.expectedWidths
            ? 'No prompt has several answers here, so the interval of the expected score cannot be checked.'
            : 'The forecaster knows no interval of the expected score: too few prompts were asked twice in its training.'
      }`,
    },
  ]
}

function warningBlocks({ evaluation }: ForecastReportParts): ReportBlock[] {
  const share = (value: number | undefined) => (value === undefined ? '–' : formatPercent(value))
  return [
    {
      kind: 'table',
      caption: `Warning of answers that score ${formatNumber(evaluation.event, 0)} or more, before they are written`,
      columns: [
        { label: 'warned from a forecast of' },
        { label: 'alarms in 1,000 turns', align: 'number' },
        { label: 'precision', align: 'number' },
        { label: 'recall', align: 'number' },
      ],
      rows: evaluation.warnings.map(({ threshold, alarmsPerThousand, precision, recall }) => [
        formatNumber(threshold, 0),
        formatNumber(alarmsPerThousand, 0),
        share(precision),
        share(recall),
      ]),
    },
    {
      kind: 'paragraph',
      text: 'Precision: how many of the warnings were followed by such an answer. Recall: how many of such answers were warned of. Both depend on how often such answers come, here as in this mixture of prompts.',
    },
  ]
}

function trainingBlocks({ forecaster }: ForecastReportParts): ReportBlock[] {
  const { provenance, layer } = forecaster
  const { training, evidence, model, trait } = provenance
  return [
    {
      kind: 'figure',
      drawing: learningCurvePlot({
        title: 'What more questions bring',
        xLabel: 'training questions',
        yLabel: 'r inside one system prompt, held out',
        series: [
          {
            name: `layer ${layer}`,
            points: evidence.learningCurve.map(({ questions, withinPromptR }) => ({
              x: questions,
              mean: withinPromptR,
            })),
          },
        ],
      }),
      caption:
        'In training: fits on so many questions, tested on system prompts and questions they did not know, over single answers, whose noise keeps r low.',
    },
    {
      kind: 'figure',
      drawing: correlationByLayerPlot({
        title: 'Which layers tell',
        series: [
          {
            name: 'inside one system prompt, held out',
            values: evidence.byLayer.map(({ layer: of, withinPromptR: r }) => ({ layer: of, r })),
          },
        ],
        marks: [{ layer, label: 'chosen' }],
      }),
      caption: 'By layer, at the best penalty of each; the layer was chosen by this.',
    },
    {
      kind: 'facts',
      facts: [
        { name: 'model', value: `${model.id}, sha256 ${model.fileHash}` },
        { name: 'chat template', value: `sha256 ${model.chatTemplateHash}` },
        { name: 'trait', value: `${trait.name}, file of sha256 ${trait.hash}` },
        {
          name: 'learned from',
          value: `${training.answers} answers to ${training.questions.length} questions under ${training.systemPrompts} system prompts, ${training.askedTwice} prompts asked more than once`,
        },
        {
          name: 'chosen',
          value: `layer ${layer}, penalty ${training.penalty}, by ${training.folds} x ${training.folds} folds that hold out system prompts and questions at once`,
        },
        {
          name: 'in training',
          value: `r inside one system prompt ${formatEstimate(evidence.withinPromptR, evidence, evidence)}; the best of ${evidence.byLayer.length} layers), over all ${formatCorrelation(evidence.r)}; single answers`,
        },
        { name: 'made', value: `${provenance.createdAt}, Personascope ${provenance.personascopeVersion}` },
      ],
    },
  ]
}

function withInterval({ value, low, high }: Estimated): string {
  return `${formatCorrelation(value)} (${formatRange({ low, high })})`
}

function signed(value: number): string {
  return value >= 0 ? `+${formatNumber(value)}` : formatNumber(value)
}
