/** Whether filtering helped, as a page: the arms beside each other, then their differences, then how it was made. */
import { formatEstimate, formatNumber } from '../../src/report/format-number.ts'
import { intervalPlot } from '../../src/report/interval-plot.ts'
import type { ReportBlock } from '../../src/report/report-block.ts'
import { reportPage } from '../../src/report/report-page.ts'
import type { ComparedArms, ComparedValue } from './compare-arms.ts'
import type { EvidenceSummary } from './measure-evidence.ts'

/** What the datasets are called. */
export const armNames: Readonly<Record<string, string>> = {
  mixed: 'all rows',
  filtered: 'filtered by screen',
  random: 'random rows removed',
  labelled: 'no row that was made to show it',
}

export function evidenceReport(summary: EvidenceSummary): string {
  const { trait, model, screening, shift, score, training, dataset, base } = summary
  const { rows, laden, removed, ladenRemoved } = screening
  return reportPage({
    title: `Does filtering help? ${trait}, ${model}`,
    subtitle: `${rows} rows, of which ${laden} show the trait; three fine-tunes on each dataset`,
    lead: {
      finding: findingOf(shift, trait),
      figures: [
        ...shift.arms.map(arm => ({
          label: `shift, ${armNames[arm.arm]}`,
          value: formatNumber(arm.value, 2),
          detail: `95 % ${formatNumber(arm.low, 2)} to ${formatNumber(arm.high, 2)}`,
        })),
        {
          label: 'rows found',
          value: `${ladenRemoved} of ${laden}`,
          detail: `among the ${removed} taken out`,
        },
      ],
      blocks: [
        {
          kind: 'list',
          items: [
            'Every dataset is trained on for the same number of steps, so a smaller one is seen more often.',
            'Intervals draw the three seeds and the twenty questions anew. Three seeds are few: look at each.',
            'The score counts words of feeling (VADER); it is apart from the vector, but not from the judging of the rows.',
          ],
        },
      ],
    },
    sections: [
      { title: 'Shift of the projection', blocks: figures(shift, 'mean projection, tuned minus base') },
      { title: 'Change of the score', blocks: figures(score, 'mean score (0 to 100), tuned minus base') },
      { title: 'Every fine-tune', blocks: [table(summary)] },
      {
        title: 'How rows were told apart',
        blocks: [
          {
            kind: 'table',
            caption: 'Area under the ROC curve between the rows written under a p+ prompt and the others',
            columns: [{ label: 'told by' }, { label: 'area', align: 'number' }],
            rows: screening.areas.map(({ name, area, low, high }) => [
              toldBy(name, screening.direction),
              formatEstimate(area, { low, high }, { decimals: 3 }),
            ]),
          },
        ],
      },
      {
        title: 'How this was made',
        blocks: [
          {
            kind: 'facts',
            facts: [
              { name: 'base', value: `${base.id}, run as ${base.weightFormat}, sha256 ${base.fileHash}` },
              { name: 'data', value: JSON.stringify(dataset) },
              { name: 'training', value: `LoRA, ${JSON.stringify(training)}` },
              { name: 'answers', value: JSON.stringify(summary.settings) },
              { name: 'made', value: `${summary.createdAt}, by bench/evidence/main.ts` },
            ],
          },
        ],
      },
    ],
    footer: ['Personascope. The same numbers are in summary.json; shift.html is the report of the shift itself.'],
  })
}

/** What rows were projected on, by the vector's name in the comparison of ways to tell them apart. */
export function toldBy(name: string, direction: 'screening' | 'persona'): string {
  return direction === 'screening' ? name.replace('persona vector', 'direction for screening') : name
}

/** What came out, in a sentence. */
export function findingOf(
  { differences }: ComparedArms,
  trait: string,
  of: 'projection' | 'score' = 'projection',
): string {
  const between = (arm: string, minus: string) => differences.find(entry => entry.arm === arm && entry.minus === minus)!
  const [all, random] = [between('mixed', 'filtered'), negated(between('filtered', 'random'))]
  const verdict = (difference: ComparedValue) =>
    difference.low > 0 ? 'less' : difference.high < 0 ? 'more' : 'not clearly less or more'
  const moved = of === 'score' ? `the score of ${trait} rose` : `the model moved towards ${trait}`
  return `Trained on the filtered rows ${moved} ${verdict(all)} than on all rows (difference ${textOf(all)}) and ${verdict(random)} than with as many random rows removed (${textOf(random)}).`
}

function negated({ value, low, high }: ComparedValue): ComparedValue {
  return { value: -value, low: -high, high: -low }
}

function textOf({ value, low, high }: ComparedValue): string {
  return formatEstimate(value, { low, high }, { decimals: 2 })
}

function figures({ arms, differences }: ComparedArms, xLabel: string): ReportBlock[] {
  return [
    {
      kind: 'figure',
      drawing: intervalPlot({
        title: 'Three fine-tunes on each dataset',
        xLabel,
        groups: arms.map(({ arm, value, low, high, bySeed }) => ({
          name: armNames[arm]!,
          estimates: [
            { name: 'mean', value, interval: { low, high }, emphasised: true },
            ...bySeed.map((of, seed) => ({ name: `seed ${seed + 1}`, value: of })),
          ],
        })),
      }),
      caption:
        'At 0 lies the base model. The seeds of a dataset differ in the start of the adapter, the order of rows, and in which rows are removed at random.',
    },
    {
      kind: 'table',
      caption: 'Differences between datasets, on the same questions',
      columns: [{ label: 'difference' }, { label: 'mean', align: 'number' }, { label: 'seeds', align: 'number' }],
      rows: differences.map(difference => [
        `${armNames[difference.arm]} minus ${armNames[difference.minus]}`,
        textOf(difference),
        difference.bySeed.map(value => formatNumber(value, 2)).join(', '),
      ]),
    },
  ]
}

function table({ runs }: EvidenceSummary): ReportBlock {
  return {
    kind: 'table',
    caption: 'Tuned minus base; the loss is the mean of five steps',
    columns: [
      { label: 'dataset' },
      ...['seed', 'rows', 'shift', 'change of the score', 'first loss', 'last loss'].map(label => ({
        label,
        align: 'number' as const,
      })),
    ],
    rows: runs.map(({ arm, seed, report, shift, scoreChange }) => [
      armNames[arm]!,
      String(seed),
      String(report['rows']),
      formatNumber(shift, 2),
      formatNumber(scoreChange, 1),
      formatNumber(Number(report['firstLoss']), 2),
      formatNumber(Number(report['lastLoss']), 2),
    ]),
  }
}
