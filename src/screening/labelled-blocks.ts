/** What labels show of a vector, in the report: how well it tells rows apart, and what tells them apart without it. */
import { formatCount, formatNumber } from '../report/format-number.ts'
import { intervalPlot } from '../report/interval-plot.ts'
import type { ReportBlock } from '../report/report-block.ts'
import { type ControlArea, type GroupAreas, judgeName, ngramsName, randomName } from './labelled-areas.ts'
import type { TraitSummary } from './score-statistics.ts'

export function labelledBlocks({ name, areas, groupAreas }: TraitSummary): ReportBlock[] {
  return [
    {
      kind: 'figure',
      drawing: intervalPlot({
        title: `Telling labelled rows apart: ${name}`,
        xLabel: 'area under the ROC curve',
        zero: 0.5,
        xRange: [Math.min(0.4, ...areas.map(({ low }) => low)), 1],
        groups: [
          {
            estimates: areas.map(({ name: estimateName, area, low, high }, index) => ({
              name: estimateName,
              value: area,
              interval: { low, high },
              ...(index === 0 && { emphasised: true }),
            })),
          },
        ],
      }),
      caption: caption(areas),
    },
    ...(groupAreas.length > 0 ? [groupTable(name, groupAreas)] : []),
  ]
}

/** What stands beside the vector in the table of groups, by the beginning of its name, and what it is called there. */
const beside = [
  ['projection, minus', 'minus own answer'],
  [ngramsName, 'n-grams'],
  [judgeName, 'judge'],
  ['sentiment,', 'sentiment'],
  ['length,', 'length'],
] as const

function groupTable(trait: string, groups: readonly GroupAreas[]): ReportBlock {
  const areaOf = ({ areas }: GroupAreas, by: string) => areas.find(({ name }) => name.startsWith(by))
  const shown = beside.filter(([by]) => groups.some(group => areaOf(group, by)))
  const hasRandom = groups.some(group => areaOf(group, randomName))
  return {
    kind: 'table',
    caption: `${trait}: the rows that show the trait against the others of one group; area under the ROC curve${hasRandom ? ', of random directions the range of 95 %' : ''}`,
    columns: [
      { label: 'the others' },
      { label: 'rows', align: 'number' },
      { label: 'vector', align: 'number' },
      ...shown.map(([, label]) => ({ label, align: 'number' as const })),
      ...(hasRandom ? [{ label: 'random', align: 'number' as const }] : []),
    ],
    rows: groups.map(group => {
      const [vector] = group.areas
      const random = areaOf(group, randomName)
      return [
        group.group,
        formatCount(vector?.negatives ?? 0),
        vector ? `${formatNumber(vector.area)} (${range(vector)})` : '–',
        ...shown.map(([by]) => formatNumber(areaOf(group, by)?.area ?? Number.NaN)),
        ...(hasRandom ? [random ? range(random) : '–'] : []),
      ]
    }),
  }
}

function range({ low, high }: ControlArea): string {
  return `${formatNumber(low)} to ${formatNumber(high)}`
}

function caption(areas: readonly ControlArea[]): string {
  const has = (name: string) => areas.some(({ name: of }) => of === name)
  return [
    `${formatCount(areas[0]!.positives)} rows labelled as showing the trait against ${formatCount(areas[0]!.negatives)} others.`,
    'Sentiment and length get the direction that suits them better; the vector, the n-grams and the judge do not.',
    'Of shuffled labels, the line holds 95 % of 500 shuffles: what lies in it is chance.',
    ...(has(randomName)
      ? [
          'Of random directions, it holds 95 % of 200 at the same layer: what lies in it, a direction without meaning reaches.',
        ]
      : []),
    ...(has(judgeName) ? [] : ['The trait has no judge that scores text without a model.']),
    ...(has(ngramsName)
      ? []
      : [
          'The answers the vector was made from were not found, or are too few: the classifier of their n-grams is missing, and without it this figure does not show that the vector tells more than their words.',
        ]),
  ].join(' ')
}
