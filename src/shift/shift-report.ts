/** The finetuning shift as a page: what moved and what limits the finding first, then the matrix, then answers. */
import { formatCount, formatEstimate, formatNumber, formatRange } from '../report/format-number.ts'
import { heatmapPlot } from '../report/heatmap-plot.ts'
import { intervalPlot } from '../report/interval-plot.ts'
import type { ReportBlock } from '../report/report-block.ts'
import { type KeyFigure, reportPage } from '../report/report-page.ts'
import { scatterPlot } from '../report/scatter-plot.ts'
import type { ProjectionShift, ShiftEstimate } from './analyse-shift.ts'
import type { ShiftSummary } from './shift-summary.ts'

/** An answer of each model to the same question. */
export interface AnswerBeside {
  readonly trait: string
  readonly question: string
  /** The base model first. */
  readonly answers: readonly { readonly model: string; readonly text: string; readonly score: number | undefined }[]
}

/** With fewer evaluation questions the intervals, which resample them, are too narrow. */
const fewQuestions = 10

/** With fewer tuned models a plot of shift against score shows nothing. */
const modelsForScatter = 3

const mostKeyFigures = 6

const mostNamedModels = 3

export function shiftReport(summary: ShiftSummary, beside: readonly AnswerBeside[]): string {
  const { base, tuned, traits } = summary
  return reportPage({
    title: `What the fine-tune moved: ${tuned.length > mostNamedModels ? `${tuned.length} models` : namesOf(tuned)}`,
    subtitle: `beside ${base.name}, on the evaluation questions of ${traits.map(({ name }) => name).join(', ')}`,
    lead: { finding: describeShift(summary), figures: keyFigures(summary), blocks: limits(summary) },
    sections: [
      { title: 'Shift of each model on each trait', blocks: shiftBlocks(summary) },
      ...(traits.length > 1
        ? [{ title: 'Every vector on every trait’s questions', blocks: matrixBlocks(summary) }]
        : []),
      ...(hasScores(summary) ? [{ title: 'Shift and score', blocks: scoreBlocks(summary) }] : []),
      { title: 'Answers beside each other', blocks: answerBlocks(beside) },
      { title: 'How this was made', blocks: provenanceBlocks(summary) },
    ],
    footer: ['Personascope. The same numbers are in summary.json.'],
  })
}

/** What moved, in a sentence or two. */
export function describeShift({ tuned, traits }: Pick<ShiftSummary, 'tuned' | 'traits'>): string {
  const all = tuned.flatMap(({ name: model, traits: own }) =>
    own.map(({ projection }, index) => ({ model, trait: traits[index]!.name, projection })),
  )
  const moved = all.filter(({ projection }) => projection && awayFromZero(projection))
  const counted = `${moved.length} of ${all.length} shifts can be told from 0`
  if (moved.length === 0)
    return `No shift can be told from 0: ${all.map(({ model, trait, projection }) => `${model} on ${trait} ${textOf(projection)}`).join('; ')}.`
  const named = moved
    .slice(0, mostKeyFigures)
    .map(
      ({ model, trait, projection }) =>
        `${model} moved ${projection!.shift > 0 ? 'towards' : 'away from'} ${trait}: ${textOf(projection)}`,
    )
  const rest = moved.length > mostKeyFigures ? `; and ${moved.length - mostKeyFigures} more` : ''
  return `${counted}. ${named.join('; ')}${rest}.`
}

function awayFromZero({ low, high }: ShiftEstimate): boolean {
  return low !== null && high !== null && (low > 0 || high < 0)
}

/** For example "0.42 (95 % 0.10 to 0.80)". */
function textOf(estimate: ShiftEstimate | null, decimals = 2): string {
  if (!estimate) return '–'
  const { shift, low, high } = estimate
  return low === null || high === null
    ? formatNumber(shift, decimals)
    : formatEstimate(shift, { low, high }, { decimals })
}

/** The interval alone, for a column of a table. */
function rangeOf(estimate: ShiftEstimate | null, decimals = 2): string {
  const { low = null, high = null } = estimate ?? {}
  return low === null || high === null ? '–' : formatRange({ low, high }, decimals)
}

const numberOr = (value: number | null | undefined, decimals = 2) =>
  value == null ? '–' : formatNumber(value, decimals)

/** In standard deviations of the base model's answers; undefined where they do not differ. */
function inDeviations(projection: ProjectionShift | null): ProjectionShift | undefined {
  if (!projection || projection.baseDeviation === null) return undefined
  const { baseDeviation: unit, shift, low, high } = projection
  return {
    ...projection,
    shift: shift / unit,
    low: low === null ? null : low / unit,
    high: high === null ? null : high / unit,
  }
}

function keyFigures({ tuned, traits }: ShiftSummary): KeyFigure[] {
  return tuned
    .flatMap(({ name, traits: own }) =>
      own.map(({ projection }, index): KeyFigure => {
        const range = rangeOf(projection)
        return {
          label: `${name}: ${traits[index]!.name}`,
          value: numberOr(projection?.shift),
          detail: range === '–' ? 'no interval' : `95 % ${range}`,
        }
      }),
    )
    .slice(0, mostKeyFigures)
}

function limits({ base, tuned, traits }: ShiftSummary): ReportBlock[] {
  const otherFormats = tuned.filter(
    ({ weightFormat, sourceFormat }) => weightFormat !== base.weightFormat || sourceFormat !== base.sourceFormat,
  )
  const same = tuned.filter(({ fileHash }) => fileHash === base.fileHash)
  const few = traits.filter(({ questions }) => questions < fewQuestions)
  const empty = [base, ...tuned].reduce(
    (sum, { levels }) => sum + levels.reduce((all, level) => all + level.empty, 0),
    0,
  )
  const warnings = [
    ...(same.length > 0 ? [`${namesOf(same)}: these are the weights of the base model.`] : []),
    ...(otherFormats.length > 0
      ? [
          `${namesOf(otherFormats)}: other weight formats than the base model’s (${base.sourceFormat}, run as ${base.weightFormat}). Rounding moves projections too.`,
        ]
      : []),
    ...(few.length > 0
      ? [`${namesOf(few)}: fewer than ${fewQuestions} questions, so the intervals are too narrow.`]
      : []),
    ...(empty > 0 ? [`${empty} answers were empty and have no projection.`] : []),
  ]
  return [
    {
      kind: 'list',
      items: [
        'Intervals resample questions in pairs. They say how sure the shift of this very model is on such questions, not what another fine-tune on the same data would give.',
        `Where nothing moved, one interval of 95 % in twenty misses 0 by chance; ${tuned.length * traits.length === 1 ? 'here there is one' : `here there are ${tuned.length * traits.length}`}.`,
        'A projection tells of the direction in the activations. Whether answers changed is told by scores and by reading them.',
      ],
    },
    ...warnings.map((text): ReportBlock => ({ kind: 'callout', tone: 'warning', text })),
  ]
}

function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(', ')
}

function shiftBlocks({ base, tuned, traits }: ShiftSummary): ReportBlock[] {
  const groups = tuned.map(({ name, traits: own }) => ({
    name,
    estimates: own.flatMap(({ projection }, index) => {
      const of = inDeviations(projection)
      if (!of) return []
      const { low, high } = of
      return [
        {
          name: traits[index]!.name,
          value: of.shift,
          emphasised: awayFromZero(of),
          ...(low !== null && high !== null && { interval: { low, high } }),
        },
      ]
    }),
  }))
  return [
    {
      kind: 'figure',
      drawing: intervalPlot({
        title: 'Finetuning shift, tuned minus base',
        xLabel: 'standard deviations of the base model’s answers',
        groups,
      }),
      caption:
        'Mean projection of the response tokens on the vector of each trait, on the trait’s own evaluation questions without a system prompt. In standard deviations, since vectors at different layers have different scales.',
    },
    {
      kind: 'table',
      caption: 'The shifts as projections, and of the scores, with their 95 % intervals',
      columns: [
        { label: 'model' },
        { label: 'trait' },
        { label: 'base', align: 'number' },
        { label: 'tuned', align: 'number' },
        { label: 'shift', align: 'number' },
        { label: 'interval', align: 'number' },
        { label: 'base score', align: 'number' },
        { label: 'tuned score', align: 'number' },
        { label: 'interval of the change', align: 'number' },
      ],
      rows: tuned.flatMap(({ name, levels, traits: own }) =>
        own.map(({ projection, score }, index) => [
          name,
          traits[index]!.name,
          numberOr(base.levels[index]!.meanProjection),
          numberOr(levels[index]!.meanProjection),
          numberOr(projection?.shift),
          rangeOf(projection),
          numberOr(base.levels[index]!.meanScore, 1),
          numberOr(levels[index]!.meanScore, 1),
          rangeOf(score, 1),
        ]),
      ),
    },
  ]
}

function matrixBlocks({ tuned, traits }: ShiftSummary): ReportBlock[] {
  const labels = traits.map(({ name }) => name)
  const matrices = tuned.map(({ matrix }) =>
    matrix.map(row => row.map(cell => inDeviations(cell)?.shift ?? Number.NaN)),
  )
  const sizes = matrices
    .flat(2)
    .filter(value => !Number.isNaN(value))
    .map(Math.abs)
  return tuned.map(
    ({ name }, index): ReportBlock => ({
      kind: 'figure',
      drawing: heatmapPlot({
        title: `${name}: questions of a trait (down) and vector of a trait (across)`,
        valueLabel: 'shift in standard deviations of the base model’s answers',
        labels,
        values: matrices[index]!,
        limit: Math.max(1, ...sizes),
        poles: ['away from the trait', 'towards the trait'],
      }),
      caption:
        'Where a model moved along one trait, how it moved along the others. Vectors that are alike move together. The colours of all these figures mean the same.',
    }),
  )
}

function hasScores({ tuned }: ShiftSummary): boolean {
  return tuned.some(({ traits }) => traits.some(({ score }) => score !== null))
}

function scoreBlocks({ tuned, traits }: ShiftSummary): ReportBlock[] {
  if (tuned.length < modelsForScatter)
    return [
      {
        kind: 'paragraph',
        text: `Shift and score are in the table above. With ${tuned.length === 1 ? 'one tuned model' : `${tuned.length} tuned models`} nothing can be said of how they go together; from ${modelsForScatter} on they are plotted.`,
      },
    ]
  return [
    {
      kind: 'callout',
      tone: 'note',
      text: `${tuned.length} models are ${tuned.length} points: look at them, but no correlation is computed from so few that were not drawn at random.`,
    },
    ...traits.flatMap(({ name, judge }, index): ReportBlock[] => {
      const points = tuned.flatMap(({ name: model, traits: own }) => {
        const { projection, score } = own[index]!
        return projection && score ? [{ x: projection.shift, y: score.shift, level: 1, label: model }] : []
      })
      if (points.length < modelsForScatter) return []
      return [
        {
          kind: 'figure',
          drawing: scatterPlot({
            title: `${name}: shift of the projection and change of the score`,
            xLabel: 'shift of the mean projection, tuned minus base',
            yLabel: `change of the mean score (${judge})`,
            levels: ['the base model', 'a tuned model'],
            points: [{ x: 0, y: 0, level: 0, label: 'the base model' }, ...points],
          }),
          caption: 'Each point is one model; its name is shown where the pointer rests.',
        },
      ]
    }),
  ]
}

function answerBlocks(beside: readonly AnswerBeside[]): ReportBlock[] {
  return beside.map(
    ({ trait, question, answers }): ReportBlock => ({
      kind: 'details',
      summary: `${trait}: ${question}`,
      blocks: [
        {
          kind: 'answers',
          answers: answers.map(({ model, text, score }) => ({
            text,
            notes: [model],
            ...(score !== undefined && { score }),
          })),
        },
      ],
    }),
  )
}

function provenanceBlocks({
  base,
  tuned,
  traits,
  settings,
  createdAt,
  personascopeVersion,
}: ShiftSummary): ReportBlock[] {
  const { samples, maxTokens, temperature, seed } = settings
  const models = [base, ...tuned].map(({ name, id, fileHash, weightFormat, sourceFormat }, index) => ({
    name: index === 0 ? 'base' : name,
    value: `${id}, file in ${sourceFormat}, run as ${weightFormat}, sha256 ${fileHash}`,
  }))
  return [
    {
      kind: 'facts',
      facts: [
        ...models,
        ...traits.map(({ name, layer, questions, judge }) => ({
          name,
          value: `${formatCount(questions)} questions, vector at layer ${layer}, ${judge === null ? 'not scored' : `scored by ${judge}`}`,
        })),
        {
          name: 'answers',
          value: `${samples} to each question, at most ${maxTokens} tokens, temperature ${temperature}, seed ${seed}; the same draws for every model`,
        },
        { name: 'made', value: `${createdAt}, Personascope ${personascopeVersion}` },
      ],
    },
  ]
}
