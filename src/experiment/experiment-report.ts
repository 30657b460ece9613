/** The experiment as a page: the finding and what limits it first, then the plots, then how everything was made. */
import { predict } from '../numeric/linear-regression.ts'
import { correlationByLayerPlot } from '../report/correlation-by-layer-plot.ts'
import { svgFile } from '../report/drawing.ts'
import {
  formatCorrelation,
  formatCount,
  formatDuration,
  formatEstimate,
  formatNumber,
  formatP,
  formatRange,
} from '../report/format-number.ts'
import { layerProfilePlot } from '../report/layer-profile-plot.ts'
import type { ReportBlock } from '../report/report-block.ts'
import { type KeyFigure, reportPage } from '../report/report-page.ts'
import { type FitPoint, scatterPlot } from '../report/scatter-plot.ts'
import { steeringCurvePlot } from '../report/steering-curve-plot.ts'
import type { Trait } from '../trait/trait.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { conditionMeans, type ExperimentAnalysis, type PredictorCorrelations } from './analyse-experiment.ts'
import type { ExperimentSummary } from './experiment-summary.ts'
import type { Estimate } from './resampled-correlation.ts'
import type { ExperimentData } from './run-experiment.ts'

export interface ReportParts {
  readonly trait: Trait
  readonly vector: PersonaVector
  readonly data: ExperimentData
  readonly analysis: ExperimentAnalysis
  readonly summary: ExperimentSummary
  /** Of the model, engine, files and versions: names and values. */
  readonly provenance: readonly { readonly name: string; readonly value: string }[]
}

/** Correlations below this are called weak (Cohen 1988: 0.3 is medium). */
const weak = 0.3

/** With fewer evaluation questions the intervals, which resample them, are too narrow. */
const fewQuestions = 10

/** How many answers of each level are shown. */
const answersPerLevel = 3

export function experimentReport(parts: ReportParts): string {
  const { trait, summary } = parts
  return reportPage({
    title: `${trait.name}: does the last prompt token tell?`,
    subtitle: `${summary.model}, ${formatCount(summary.conditions)} prompts, ${formatCount(summary.answers)} answers by simulated participants`,
    lead: { finding: finding(parts), figures: keyFigures(parts), blocks: limits(parts) },
    sections: [
      { title: 'Projection and score', blocks: scatterBlocks(parts) },
      { title: 'What carries the correlation', blocks: controlBlocks(parts) },
      { title: 'Which layers shine', blocks: layerBlocks(parts) },
      { title: 'Steering', blocks: steeringBlocks(parts) },
      { title: 'Answers', blocks: answerBlocks(parts) },
      { title: 'How this was made', blocks: provenanceBlocks(parts) },
    ],
    footer: [`Personascope. The same numbers are in summary.json, every answer's in rows.csv.`],
  })
}

/** The scatter as a file of its own, for a README. */
export function experimentScatterSvg(parts: ReportParts): string {
  return svgFile(scatterOf(parts))
}

function finding({ trait, analysis, summary }: ReportParts): string {
  const { perCondition, withinLevel } = analysis.correlation
  if (analysis.verdict.kind === 'no evidence' || !perCondition) {
    return `No evidence that the projection of the last prompt token tells how ${trait.name} the answer will be: ${analysis.verdict.because.join('; ')}.`
  }
  const inside = withinLevel
    ? `${withinLevel.r < weak ? ' Almost all of that is between system prompts:' : ' Besides,'} among prompts of one level r is ${formatCorrelation(withinLevel.r)}.`
    : ''
  return `Before a word is written, the projection of the last prompt token at layer ${summary.layer} tells how ${trait.name} the answer will be: r = ${formatCorrelation(perCondition.r)} over ${perCondition.n} prompts.${inside}${textBeside(analysis, perCondition)}`
}

/** What the text alone reaches, in the same breath: a correlation without it misleads. */
function textBeside(analysis: ExperimentAnalysis, { low, high }: Estimate): string {
  const best = strongestBaseline(analysis)
  if (!best) return ''
  const r = formatCorrelation(best.r)
  if (best.r > high) return ` The text of the prompt, without the model, tells more: ${r}.`
  if (best.r >= low) return ` The text of the prompt, without the model, tells about as much: ${r}.`
  return ` The text of the prompt, without the model, tells less: ${r}.`
}

function strongestBaseline({ baselines }: ExperimentAnalysis): (Estimate & { readonly name: string }) | undefined {
  const known = baselines.flatMap(({ name, perCondition }) => (perCondition ? [{ name, ...perCondition }] : []))
  return known.sort((a, b) => b.r - a.r)[0]
}

function keyFigures({ analysis, summary }: ReportParts): KeyFigure[] {
  const { correlation } = analysis
  const best = strongestBaseline(analysis)
  return [
    estimateFigure('r per prompt', correlation.perCondition, analysis.verdict.kind === 'evidence' ? 'good' : 'warning'),
    estimateFigure('r within one level', correlation.withinLevel),
    best
      ? { label: `the text alone (${best.name})`, value: formatCorrelation(best.r), detail: rangeOf(best) }
      : { label: 'the text alone', value: '–', detail: 'no baseline could be computed' },
    {
      label: 'random directions, 95 % of |r| below',
      value: numberOr(correlation.randomDirectionAbsR95),
      ...(correlation.permutationP !== undefined && {
        detail: `shuffled scores: ${formatP(correlation.permutationP)}`,
      }),
    },
    estimateFigure('r per single answer', correlation.perAnswer),
    {
      label: 'reliability of a prompt’s mean score',
      value: numberOr(correlation.reliability.mean),
      detail: `one answer: ${numberOr(correlation.reliability.single)}; ${summary.samplesPerCondition} answers a prompt`,
    },
  ]
}

function estimateFigure(label: string, estimate: Estimate | undefined, tone?: 'good' | 'warning'): KeyFigure {
  if (!estimate) return { label, value: '–', detail: 'not defined here' }
  return { label, value: formatCorrelation(estimate.r), detail: rangeOf(estimate), ...(tone && { tone }) }
}

const rangeOf = (estimate: Estimate) => `95 % ${formatRange(estimate)}`
const numberOr = (value: number | undefined) => (value === undefined ? '–' : formatNumber(value))

function limits({ analysis, summary, trait }: ReportParts): ReportBlock[] {
  const { correlation } = analysis
  const blocks: ReportBlock[] = [
    {
      kind: 'list',
      items: [
        [{ strong: 'Between system prompts: ' }, describeBetween(analysis)],
        [{ strong: 'Within one level: ' }, describeWithin(analysis)],
        [{ strong: 'The text alone: ' }, describeText(analysis)],
        ...(analysis.forecaster
          ? [[{ strong: 'A trained forecaster: ' }, describeForecaster(analysis.forecaster)]]
          : []),
        [
          { strong: 'It belongs to ' },
          `this model, these ${questionsOf(summary)} evaluation questions, this ladder and this judge (${summary.judge}); other questions give another r.`,
        ],
      ],
    },
  ]
  if (analysis.verdict.kind === 'no evidence')
    blocks.unshift({
      kind: 'callout',
      tone: 'warning',
      title: 'No evidence',
      text: `${capitalised(analysis.verdict.because.join('; '))}. Nothing is to be read from this vector.`,
    })
  if (summary.unfiltered)
    blocks.push({
      kind: 'callout',
      tone: 'warning',
      title: 'Unfiltered vector',
      text: `No judge looked at the answers the vector of ${trait.name} was made from: every pair was kept.`,
    })
  if (questionsOf(summary) < fewQuestions)
    blocks.push({
      kind: 'callout',
      tone: 'warning',
      title: 'Few questions',
      text: `Intervals resample questions, and from ${questionsOf(summary)} of them they come out too narrow. Twenty are usual.`,
    })
  if (!summary.resamplesExtraction)
    blocks.push({
      kind: 'callout',
      tone: 'warning',
      title: 'The vector is taken as given',
      text: 'What each extraction question adds to it is not known at this layer, so the intervals do not say how far another draw of extraction questions would move r.',
    })
  if (correlation.perCondition && summary.samplesPerCondition < 12)
    blocks.push({
      kind: 'callout',
      tone: 'note',
      title: 'Few answers',
      text: `${summary.samplesPerCondition} answers to each prompt make its mean score noisy (reliability ${numberOr(correlation.reliability.mean)}), which lowers r${correlation.correctedR === undefined ? '' : `; corrected for that noise it would be ${numberOr(correlation.correctedR)}`}. Run again with --samples 12 for a firmer figure.`,
    })
  return blocks
}

const questionsOf = ({ conditions, levels }: ExperimentSummary) => conditions / levels.length

function describeBetween({ levels, correlation }: ExperimentAnalysis): string {
  const [first, last] = [levels[0]!, levels.at(-1)!]
  const rise = `the mean score goes from ${numberOr(first.meanScore)} at the lowest level to ${numberOr(last.meanScore)} at the highest`
  const inQuestion = correlation.withinQuestion
  return inQuestion ? `${rise}; within one question r is ${formatCorrelation(inQuestion.r)}.` : `${rise}.`
}

function describeWithin({ correlation }: ExperimentAnalysis): string {
  const { withinLevel, randomDirectionAbsWithinLevelR95: random } = correlation
  if (!withinLevel) return 'within one level nothing varies.'
  const chance = random === undefined ? '' : ` Random directions reach ${formatNumber(random)} here by chance.`
  return `among prompts of one and the same level r = ${formatEstimate(withinLevel.r, withinLevel)}${strengthOf(withinLevel)}.${chance}`
}

function strengthOf({ r, low, high }: Estimate): string {
  if (low <= 0 && high >= 0) return ', which cannot be told from 0'
  if (high < 0) return ', which is against the trait'
  return r < weak ? ', which is weak' : ''
}

/** What the activation adds to the text, in a sentence. */
export function describeText({ correlation, baselines }: ExperimentAnalysis): string {
  const known = baselines.flatMap(({ name, perCondition, withinLevel }) =>
    perCondition
      ? [
          `${name} reaches r = ${formatCorrelation(perCondition.r)}${withinLevel ? ` (within a level ${formatCorrelation(withinLevel.r)})` : ''}`,
        ]
      : [],
  )
  if (known.length === 0) return 'no baseline could be computed, so nothing is known of what the activation adds to it.'
  const partial = correlation.partialWithinLevel
  const adds = !partial
    ? ''
    : partial.low > 0
      ? ` Given the first of these, the activation still tells something within a level: partial r = ${formatEstimate(partial.r, partial)}.`
      : ` Given the first of these, the activation adds nothing measurable within a level: partial r = ${formatEstimate(partial.r, partial)}.`
  return `without the model, ${known.join('; ')}.${adds}`
}

function describeForecaster({
  layer,
  perCondition,
  withinLevel,
}: NonNullable<ExperimentAnalysis['forecaster']>): string {
  const of = (estimate: Estimate | undefined) => (estimate ? formatEstimate(estimate.r, estimate) : 'not defined')
  return `the same last prompt token, read at layer ${layer} along a direction trained on other system prompts and questions, reaches r = ${of(perCondition)}, within a level ${of(withinLevel)}. forecast.html beside this page says how far it can be relied on.`
}

function scatterBlocks(parts: ReportParts): ReportBlock[] {
  const { analysis } = parts
  return [
    {
      kind: 'figure',
      drawing: scatterOf(parts),
      caption:
        'Each point is one prompt: a question under one graded system prompt. Across: the projection of its last token, taken before any answer existed. Up: the mean score of its answers. The inner band is where the mean lies, the outer one where a prompt’s mean score lies, each 95 %.',
    },
    {
      kind: 'table',
      caption: 'By level',
      columns: [
        { label: 'level' },
        { label: 'mean score', align: 'number' },
        { label: '95 %', align: 'number' },
        { label: 'mean projection', align: 'number' },
      ],
      rows: analysis.levels.map(({ level, meanScore, low, high, meanProjection }) => [
        levelName(level),
        numberOr(meanScore),
        low !== undefined && high !== undefined ? formatRange({ low, high }, 1) : '–',
        numberOr(meanProjection),
      ]),
    },
  ]
}

function scatterOf({ trait, data, analysis, summary }: ReportParts) {
  const { rows } = data
  const projections = rows.projections[rows.layer] ?? new Float64Array(rows.conditions.length)
  const answers = rows.answers.flatMap(({ condition, score }) =>
    score === undefined ? [] : [{ condition, value: score }],
  )
  const points = conditionMeans(rows, answers).map(({ condition, value }) => ({
    x: projections[condition]!,
    y: value,
    level: rows.conditions[condition]!.step,
    label: data.conditions[condition]!.questionText,
  }))
  const { perCondition } = analysis.correlation
  return scatterPlot({
    title: `${trait.name} on ${summary.model}: projection of the last prompt token and score of the answer`,
    xLabel: `projection of the last prompt token on the persona vector, layer ${summary.layer}`,
    yLabel: `mean score of the answers (0 to 100, ${summary.judge})`,
    levels: analysis.levels.map(({ level }) => levelName(level)),
    points,
    fit: fitOf(analysis),
    levelMeans: analysis.levels.flatMap(({ step, meanScore, meanProjection, low, high }) =>
      meanScore === undefined || meanProjection === undefined
        ? []
        : [
            {
              level: step,
              x: meanProjection,
              y: meanScore,
              ...(low !== undefined && high !== undefined && { interval: { low, high } }),
            },
          ],
    ),
    notes: perCondition ? [`r = ${formatEstimate(perCondition.r, perCondition)} over ${perCondition.n} prompts`] : [],
    yRange: [0, 100],
  })
}

function fitOf({ line, projectionRange: { low, high } }: ExperimentAnalysis): FitPoint[] {
  if (!line) return []
  return Array.from({ length: 41 }, (_, step) => {
    const x = low + ((high - low) * step) / 40
    const { mean: y, meanInterval: confidence, observationInterval: prediction } = predict(line, x)
    return { x, y, confidence, prediction }
  })
}

function controlBlocks({ analysis }: ReportParts): ReportBlock[] {
  const { correlation, baselines, forecaster, resamplesExtraction } = analysis
  const cell = (estimate: Estimate | undefined) =>
    estimate ? `${formatCorrelation(estimate.r)} (${formatRange(estimate)})` : '–'
  const row = (name: string, of: PredictorCorrelations) => [
    name,
    cell(of.perCondition),
    cell(of.withinLevel),
    cell(of.withinQuestion),
    cell(of.interaction),
  ]
  return [
    {
      kind: 'table',
      caption: 'The vector beside what the text of the prompt alone tells, with 95 % intervals',
      columns: [
        { label: 'predictor' },
        { label: 'r per prompt', align: 'number' },
        { label: 'within one level', align: 'number' },
        { label: 'within one question', align: 'number' },
        { label: 'interaction', align: 'number' },
      ],
      rows: [
        row('persona vector', correlation),
        ...(forecaster ? [row(`trained forecaster, layer ${forecaster.layer}`, forecaster)] : []),
        ...baselines.map(baseline => row(baseline.name, baseline)),
        [
          'random directions, 95 % of |r| below',
          numberOr(correlation.randomDirectionAbsR95),
          numberOr(correlation.randomDirectionAbsWithinLevelR95),
          '–',
          '–',
        ],
      ],
      emphasised: 0,
    },
    {
      kind: 'paragraph',
      text: `Intervals are 95 %; they resample whole questions${resamplesExtraction ? ', for the vector also the extraction questions it was made from' : ''}. With few questions, correlations within a level are far from 0 by chance, as the random directions show. Rank correlation per prompt: ${correlation.spearman.perCondition ? formatEstimate(correlation.spearman.perCondition.r, correlation.spearman.perCondition) : '–'}; per answer: ${correlation.spearman.perAnswer ? formatEstimate(correlation.spearman.perAnswer.r, correlation.spearman.perAnswer) : '–'}.`,
    },
  ]
}

function layerBlocks({ vector, analysis, summary }: ReportParts): ReportBlock[] {
  const { byLayer } = analysis.correlation
  const marks = [
    { layer: summary.layer, label: `read: layer ${summary.layer}`, role: 'chosen' },
    ...(summary.steeringLayer === summary.layer
      ? []
      : [{ layer: summary.steeringLayer, label: `steer: layer ${summary.steeringLayer}`, role: 'second' } as const]),
  ] as const
  const sweep = new Map(vector.profile?.steering?.layers.map(({ layer, best }) => [layer, best]))
  const profile: ReportBlock[] = vector.profile
    ? [
        {
          kind: 'figure',
          drawing: layerProfilePlot({
            title: 'The persona vector by layer',
            rows: vector.profile.layers.map(({ layer, relativeNorm, separation }) => {
              const best = sweep.get(layer)
              return {
                layer,
                relativeNorm,
                ...(separation !== undefined && { auc: separation }),
                ...(best && {
                  steeringEffect: best.effect,
                  steeringEffectInterval: { low: best.low, high: best.high },
                }),
              }
            }),
            marks,
          }),
          caption: `Measured on extraction questions set aside. Read at layer ${summary.layer}: ${summary.layerReason}. Steered at layer ${vector.defaultLayer}: ${vector.defaultLayerReason}.`,
        },
      ]
    : [{ kind: 'paragraph', text: 'This vector carries no layer profile.' }]
  const series = [
    ['per prompt', 'perCondition'],
    ['within one level', 'withinLevel'],
  ] as const
  return [
    ...profile,
    {
      kind: 'figure',
      drawing: correlationByLayerPlot({
        title: 'Correlation by layer',
        series: series.map(([name, key]) => ({
          name,
          values: byLayer.flatMap(({ layer, [key]: r }) => (r === undefined ? [] : [{ layer, r }])),
        })),
        randomBand: byLayer.flatMap(({ layer, randomLow, randomHigh }) =>
          randomLow === undefined || randomHigh === undefined ? [] : [{ layer, low: randomLow, high: randomHigh }],
        ),
        marks,
      }),
      caption:
        'This plot comes after the choice of the layer and is not what it was chosen by. Random directions are per prompt.',
    },
  ]
}

function steeringBlocks({ vector, analysis, summary, trait }: ReportParts): ReportBlock[] {
  const points = analysis.steering.flatMap(({ dose, meanScore, low, high, perplexity }) =>
    meanScore === undefined
      ? []
      : [
          {
            dose,
            score: meanScore,
            ...(low !== undefined && high !== undefined && { scoreInterval: { low, high } }),
            ...(perplexity !== undefined && { perplexity }),
          },
        ],
  )
  return [
    {
      kind: 'figure',
      drawing: steeringCurvePlot({
        title: `Steering ${trait.name} at layer ${vector.defaultLayer}`,
        series: [{ name: trait.name, points }],
        scoreRange: [0, 100],
      }),
      caption: `Each evaluation question without a system prompt, ${summary.settings.steeringSamples} answers a dose; doses fixed before. Below: the perplexity of the answers to the unsteered model; where it rises steeply, answers fall apart.`,
    },
    {
      kind: 'table',
      caption: 'By dose',
      columns: [
        { label: 'relative dose', align: 'number' },
        { label: 'coefficient', align: 'number' },
        { label: 'mean score', align: 'number' },
        { label: '95 %', align: 'number' },
        { label: 'perplexity', align: 'number' },
      ],
      rows: summary.steering.map(({ dose, coefficient, meanScore, low, high, perplexity }) => [
        formatNumber(dose),
        formatNumber(coefficient),
        meanScore === null ? '–' : formatNumber(meanScore, 1),
        low === null || high === null ? '–' : formatRange({ low, high }, 1),
        perplexity === null ? '–' : formatNumber(perplexity),
      ]),
    },
  ]
}

function answerBlocks({ trait, data, analysis }: ReportParts): ReportBlock[] {
  const count = trait.ladder.length
  return trait.ladder.flatMap(({ level, prompt }, step): ReportBlock[] => {
    const own = data.conversations.filter(
      ({ rollout }) => data.conditions[rollout.condition]!.step === step && rollout.sample === 0,
    )
    const shown = own.filter((_, index) => index % Math.ceil(own.length / answersPerLevel) === 0)
    return [
      {
        kind: 'details',
        summary: `${levelName(level)}, mean score ${numberOr(analysis.levels[step]?.meanScore)}: “${prompt}”`,
        blocks: [
          {
            kind: 'answers',
            answers: shown.map(({ rollout, judgement: { expression } }) => ({
              question: rollout.questionText,
              text: rollout.answer,
              level: { name: levelName(level), index: step, count },
              score: expression.status === 'scored' ? expression.value : { unscored: expression.reason },
            })),
          },
        ],
      },
    ]
  })
}

function provenanceBlocks({ summary, provenance, trait }: ReportParts): ReportBlock[] {
  const { settings } = summary
  return [
    {
      kind: 'facts',
      facts: [
        ...provenance,
        { name: 'trait', value: `${trait.name}: ${trait.description}` },
        {
          name: 'vector',
          value: `${summary.vector}, ${summary.pairsKept} of ${summary.pairsPlanned} pairs kept${summary.unfiltered ? ' (unfiltered)' : ''}`,
        },
        { name: 'judge', value: summary.judge },
        {
          name: 'answers',
          value: `${settings.samples} to each of ${summary.conditions} prompts, at most ${settings.maxTokens} tokens, temperature ${settings.temperature}, seed ${settings.seed}; ${summary.unscoredAnswers} unscored`,
        },
        { name: 'time', value: formatDuration(summary.seconds * 1000) },
      ],
    },
  ]
}

function levelName(level: number): string {
  return level === 0 ? 'neutral (0)' : level > 0 ? `+${level}` : `\u2212${-level}`
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
