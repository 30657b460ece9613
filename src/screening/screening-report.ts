/** A screening as a page: the verdict and what limits it first, then each trait, then how everything was made. */

import type { ColouredPiece, ColouredText, TokenScale } from '../report/coloured-tokens.ts'
import { formatCorrelation, formatCount, formatEstimate, formatNumber, formatPercent } from '../report/format-number.ts'
import { histogramPlot } from '../report/histogram-plot.ts'
import type { ReportBlock } from '../report/report-block.ts'
import { type KeyFigure, reportPage } from '../report/report-page.ts'
import type { Baseline } from './baseline.ts'
import { describeCascade } from './cascade/describe-cascade.ts'
import type { ExampleRow, TraitExamples } from './example-rows.ts'
import { labelledBlocks } from './labelled-blocks.ts'
import type { RowTokens } from './row-tokens.ts'
import type { MeanEstimate, ScreeningSummary, TraitSummary } from './score-statistics.ts'
import type { ScreeningPlan } from './screening-plan.ts'
import type { ThresholdStops } from './threshold-stops.ts'

export interface ScreeningReportParts {
  readonly plan: ScreeningPlan
  readonly summary: ScreeningSummary
  readonly baselineOf: (trait: string) => Baseline | undefined
  /** By trait: a random part of the projections. */
  readonly values: Readonly<Record<string, readonly number[]>>
  /** By trait: how many rows lie above each of some thresholds. */
  readonly thresholds: Readonly<Record<string, readonly ThresholdCount[]>>
  /** By trait: thresholds to move through; none where the rows do not differ. */
  readonly stops: Readonly<Record<string, ThresholdStops | undefined>>
  readonly examples: readonly TraitExamples[]
  /** By row: the tokens of its responses, for rows among the examples. */
  readonly tokens: ReadonlyMap<number, RowTokens>
}

export interface ThresholdCount {
  readonly share: number
  readonly bound: number
  readonly rows: number
}

/** From here on scores are said to follow length. */
const strongLengthCorrelation = 0.3
const longestExample = 1200

/** What a trait's scores say of the dataset as a whole. */
export function verdictOf(trait: TraitSummary): string {
  const { difference, againstBaseline } = trait
  if (difference)
    return `${direction(difference, trait.name)}: compared with the model's own answers to the same prompts, its responses differ by ${estimate(difference)} on average.`
  if (againstBaseline)
    return `${direction(againstBaseline, trait.name)}: its responses lie ${estimate(againstBaseline)} standard deviations from the baseline on average.`
  return `${trait.name}: nothing to compare with. Give a baseline or --difference for a verdict on the dataset; rows can be ranked without.`
}

function direction({ low, high }: MeanEstimate, trait: string): string {
  if (low > 0) return `The dataset pulls towards ${trait}`
  return high < 0 ? `The dataset pulls away from ${trait}` : `The dataset shows no clear pull on ${trait}`
}

export function screeningReport(parts: ScreeningReportParts): string {
  const { plan, summary } = parts
  const files = plan.files.length
  return reportPage({
    title: `Screened for ${plan.traits.map(({ name }) => name).join(', ')}`,
    subtitle: `${formatCount(summary.rows.screened)} rows of ${files === 1 ? plan.files[0]!.path : `${files} files`}, read by ${plan.model.id}`,
    lead: { finding: summary.traits.map(verdictOf).join(' '), figures: keyFigures(summary), blocks: limits(parts) },
    sections: [
      ...summary.traits.map(trait => ({ title: trait.name, blocks: traitBlocks(trait, parts) })),
      ...(summary.faults.length > 0 ? [{ title: 'Rows that could not be read', blocks: faultBlocks(summary) }] : []),
      { title: 'How this was made', blocks: provenanceBlocks(parts) },
    ],
    footer: ['Personascope. The same numbers are in summary.json, every row’s in scores.parquet.'],
  })
}

function keyFigures({ rows, traits }: ScreeningSummary): KeyFigure[] {
  return [
    {
      label: 'rows scored',
      value: formatCount(rows.scored),
      detail: `${formatCount(rows.unreadable)} could not be read`,
      ...(rows.unreadable > 0 && { tone: 'warning' as const }),
    },
    ...traits.flatMap(({ name, difference, againstBaseline, projection }): KeyFigure[] => {
      const [label, value] = difference
        ? [`${name}: mean difference from own answers`, difference]
        : againstBaseline
          ? [`${name}: baseline standard deviations`, againstBaseline]
          : [`${name}: mean projection`, projection]
      if (!value) return []
      const detail = `95 % ${formatNumber(value.low)} to ${formatNumber(value.high)}`
      return [{ label, value: formatNumber(value.mean), detail }]
    }),
  ]
}

function limits({ plan, summary }: ScreeningReportParts): ReportBlock[] {
  const followsLength = summary.traits.filter(
    ({ lengthCorrelation }) => Math.abs(lengthCorrelation ?? 0) >= strongLengthCorrelation,
  )
  return [
    ...(summary.fast
      ? [
          {
            kind: 'callout',
            tone: summary.fast.kind === 'cascade' ? 'warning' : 'note',
            title: summary.fast.kind === 'cascade' ? 'Some rows were estimated' : 'Read in full',
            text: describeCascade(summary.fast),
          } as const,
        ]
      : []),
    ...followsLength.map(
      ({ name, lengthCorrelation }): ReportBlock => ({
        kind: 'callout',
        tone: 'warning',
        title: 'Scores follow length',
        text: `The ${name} projections rank with the length of responses (Spearman ${formatCorrelation(lengthCorrelation!)}): what stands out may be long or short rather than ${name}.`,
      }),
    ),
    ...plan.traits.flatMap(({ name, direction }): ReportBlock[] =>
      direction === 'screening'
        ? []
        : [
            {
              kind: 'callout',
              tone: 'note',
              title: 'Read on the persona vector itself',
              text: `Rows are projected on the difference of p+ and p- answers of ${name}. It was not made to tell trait-laden from ordinary answers of other authors; a direction for screening is, where the vector has one.`,
            },
          ],
    ),
    ...(summary.labels === null
      ? [
          {
            kind: 'callout',
            tone: 'note',
            title: 'Not checked against labels',
            text: `No row had a label, so how well the projection tells rows apart here, and whether sentiment, length or plain words would do as well, was not measured. Give --label-column${plan.fast ? ', without --fast,' : ''} to find out.`,
          } as const,
        ]
      : []),
    ...(summary.rows.cut > 0
      ? [
          {
            kind: 'callout',
            tone: 'note',
            title: 'Cut',
            text: `${formatCount(summary.rows.cut)} rows were longer than ${plan.settings.maxTokens === undefined ? 'the context of the model' : `${plan.settings.maxTokens} tokens or the context of the model`}; only their beginning was read.`,
          } as const,
        ]
      : []),
    ...(summary.rows.duplicateIds > 0
      ? [
          {
            kind: 'callout',
            tone: 'note',
            title: 'Ids that are not unique',
            text: `${formatCount(summary.rows.duplicateIds)} rows repeat an id; rows are told apart by file and line.`,
          } as const,
        ]
      : []),
  ]
}

function traitBlocks(trait: TraitSummary, parts: ScreeningReportParts): ReportBlock[] {
  const { name, layer, groups, areas } = trait
  const baseline = parts.baselineOf(name)
  const thresholds = parts.thresholds[name] ?? []
  const examples = parts.examples.find(({ trait: of }) => of === name)
  const stops = parts.stops[name]
  const mark = thresholds.find(({ share }) => share === 0.05)
  return [
    {
      kind: 'figure',
      drawing: histogramPlot({
        title: `Projections on ${name}`,
        xLabel: `projection of the response mean, layer ${layer}`,
        groups: [
          { name: 'this dataset', values: parts.values[name] ?? [] },
          ...(baseline ? [{ name: 'baseline', values: baseline.values }] : []),
        ],
        ...(mark && { thresholds: [{ value: mark.bound, label: 'top 5 %' }] }),
      }),
      caption: baseline
        ? `At most 2,000 rows of each, drawn at random. The baseline has ${formatCount(baseline.rows)} rows.`
        : 'At most 2,000 rows, drawn at random.',
    },
    {
      kind: 'table',
      caption: 'What a threshold would take out',
      columns: [
        { label: 'rows', align: 'number' },
        { label: 'share', align: 'number' },
        { label: '--drop-above', align: 'number' },
      ],
      rows: thresholds.map(({ share, bound, rows }) => [
        formatCount(rows),
        formatPercent(share),
        formatNumber(bound, 3),
      ]),
    },
    ...(stops ? [explorerBlock(name, stops, mark?.bound, baseline)] : []),
    ...(areas.length > 0 ? labelledBlocks(trait) : []),
    ...(groups.length > 0 ? groupBlocks(trait) : []),
    ...(examples ? exampleBlocks(examples, trait, parts) : []),
  ]
}

function explorerBlock(
  trait: string,
  { bounds, above, total }: ThresholdStops,
  from = Number.POSITIVE_INFINITY,
  baseline: Baseline | undefined,
): ReportBlock {
  const reachesFrom = bounds.findIndex(bound => bound >= from)
  return {
    kind: 'thresholds',
    label: `projection on ${trait}`,
    things: 'rows',
    bounds,
    above,
    total,
    start: reachesFrom < 0 ? bounds.length - 1 : reachesFrom,
    ...(baseline && {
      reference: {
        name: 'the baseline’s rows',
        above: bounds.map(bound => baseline.values.filter(value => value > bound).length),
        total: baseline.values.length,
      },
    }),
    command: `personascope screen filter <run> --drop-above ${trait}=`,
  }
}

function groupBlocks({ name, groups }: TraitSummary): ReportBlock[] {
  return [
    {
      kind: 'table',
      caption: `${name} by group`,
      columns: [
        { label: 'group' },
        { label: 'rows', align: 'number' },
        { label: 'mean projection', align: 'number' },
        { label: 'mean difference', align: 'number' },
      ],
      rows: groups.map(({ group, projection, difference }) => [
        group,
        formatCount(projection.rows),
        estimate(projection),
        difference ? estimate(difference) : '–',
      ]),
    },
  ]
}

function exampleBlocks(
  { top, random }: TraitExamples,
  trait: TraitSummary,
  parts: ScreeningReportParts,
): ReportBlock[] {
  const index = parts.plan.traits.findIndex(({ name }) => name === trait.name)
  const texts = (rows: readonly ExampleRow[]) => rows.map(row => colouredText(row, parts.tokens.get(row.row), index))
  const [topTexts, randomTexts] = [texts(top), texts(random)]
  const scale = scaleOf(trait, [...topTexts, ...randomTexts], parts.baselineOf(trait.name))
  const details = (summary: string, shown: readonly ColouredText[]): ReportBlock => ({
    kind: 'details',
    summary,
    blocks: [{ kind: 'tokens', scale, texts: shown }],
  })
  return [details('The highest rows', topTexts), details('Rows drawn at random', randomTexts)]
}

/** So that the colour is strongest for one token in twenty of those shown. */
function scaleOf(
  { name, layer, projection }: TraitSummary,
  texts: readonly ColouredText[],
  baseline?: Baseline,
): TokenScale {
  const middle = baseline?.mean ?? projection?.mean ?? 0
  const distances = texts
    .flatMap(({ pieces }) => pieces.flatMap(({ value }) => (value === undefined ? [] : [Math.abs(value - middle)])))
    .sort((a, b) => a - b)
  return {
    label: `projection on ${name}, layer ${layer},`,
    middle,
    middleName: baseline ? 'the mean of the baseline' : 'the mean of this dataset',
    reach: distances[Math.floor(distances.length * 0.95)] || 1,
  }
}

function colouredText(
  { path, line, projection, training }: ExampleRow,
  tokens: RowTokens | undefined,
  trait: number,
): ColouredText {
  const [first] = training.responses
  const asked = training.messages.slice(0, first).findLast(({ role }) => role === 'user')?.content ?? ''
  const text = training.responses.map(response => training.messages[response]!.content).join('\n\n')
  const isCut = tokens !== undefined && !tokens.isWhole
  return {
    question: shortened(asked),
    pieces: tokens ? piecesOf(tokens, trait) : [{ text: shortened(text) }],
    notes: [
      `projection ${formatNumber(projection)}`,
      `${path}, line ${line}`,
      ...(isCut ? [`the beginning of ${formatCount(text.length)} characters`] : []),
    ],
  }
}

function piecesOf({ responses, isWhole }: RowTokens, trait: number): ColouredPiece[] {
  const pieces = responses.flatMap((response, index): ColouredPiece[] => [
    ...(index > 0 ? [{ text: '\n\n' }] : []),
    ...response.map(({ text, projections }) => ({ text, value: projections[trait]! })),
  ])
  return isWhole ? pieces : [...pieces, { text: ' …' }]
}

function shortened(text: string): string {
  return text.length > longestExample
    ? `${text.slice(0, longestExample)} … (${formatCount(text.length)} characters)`
    : text
}

function faultBlocks({ faults }: ScreeningSummary): ReportBlock[] {
  return [
    {
      kind: 'table',
      caption: 'Each is in unreadable.jsonl with its line',
      columns: [{ label: 'the row' }, { label: 'rows', align: 'number' }],
      rows: faults.map(({ fault, rows }) => [fault, formatCount(rows)]),
    },
  ]
}

function provenanceBlocks({ plan, summary }: ScreeningReportParts): ReportBlock[] {
  const { settings } = plan
  const chosen = [
    ...(settings.limit === undefined ? [] : [`the first ${formatCount(settings.limit)}`]),
    ...(settings.sample === undefined ? [] : [`${formatCount(settings.sample)} at random, seed ${settings.seed}`]),
  ]
  return [
    {
      kind: 'facts',
      facts: [
        { name: 'model', value: `${plan.model.id}, sha256 ${plan.model.fileHash}` },
        {
          name: 'engine',
          value: `${plan.engine.name} ${plan.engine.version}, ${plan.engine.contexts} contexts of ${plan.engine.slotsPerContext} slots`,
        },
        ...plan.files.map(({ path, sha256, rows }) => ({
          name: 'dataset',
          value: `${path}: ${formatCount(rows)} rows, sha256 ${sha256}`,
        })),
        ...plan.traits.map(({ name, layer, direction, directionHash }) => ({
          name: 'vector',
          value: `${name} at layer ${layer}, ${direction === 'screening' ? 'its direction for screening' : 'the persona vector itself'}, sha256 ${directionHash}`,
        })),
        { name: 'rows', value: chosen.length === 0 ? 'all' : chosen.join(', of these ') },
        {
          name: 'read',
          value: `${formatCount(summary.tokens)} tokens of ${formatCount(summary.responses)} responses; ${settings.maxTokens === undefined ? 'full text' : `at most ${settings.maxTokens} tokens each`}`,
        },
        ...(settings.ownAnswerTokens === undefined
          ? []
          : [{ name: 'own answers', value: `at most ${settings.ownAnswerTokens} tokens, the most probable one each` }]),
      ],
    },
  ]
}

function estimate(value: MeanEstimate): string {
  return formatEstimate(value.mean, value)
}
