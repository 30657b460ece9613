/** What labels show of a vector, in the report: how well it tells rows apart, and what tells them apart without it. */
import { formatCount, formatNumber } from '../report/format-number.ts'
import { intervalPlot } from '../report/interval-plot.ts'
import type { ReportBlock } from '../report/report-block.ts'
import { type ControlArea, judgeName, ngramsName, randomName } from './labelled-areas.ts'
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
    ...(groupAreas.length > 0
      ? [
          {
            kind: 'table',
            caption: `${name}: rows labelled as showing the trait against the others of one group; area under the ROC curve`,
            columns: [
              { label: 'the others' },
              { label: 'rows', align: 'number' },
              ...areas.map(({ name: by }) => ({ label: by, align: 'number' as const })),
            ],
            rows: groupAreas.map(({ group, areas: of }) => [
              group,
              formatCount(of[0]?.negatives ?? 0),
              ...areas.map(({ name: by }) => cell(of, by)),
            ]),
          } as const,
        ]
      : []),
  ]
}

/** One control's area, in a table of groups. */
function cell(areas: readonly ControlArea[], by: string): string {
  // Which way these two point may differ from group to group.
  const kind = ['sentiment,', 'length,'].find(of => by.startsWith(of)) ?? by
  const found = areas.find(({ name }) => name.startsWith(kind))
  return found ? `${formatNumber(found.area)} (${formatNumber(found.low)} to ${formatNumber(found.high)})` : '–'
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
