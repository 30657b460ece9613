import type { RatingEstimate } from '../judge/ratings/rating-agreement.ts'
import type { AgreedRatings } from '../workbench/agree-ratings.ts'
import { asPercent, formatTable, withInterval } from './format.ts'

/** How far judge and raters agree, as text. */
export function describeAgreement(agreement: AgreedRatings): string {
  const { sample, kind, judge, trait, run, items, perRater, pooled, byDifference, betweenRaters } = agreement
  const isPairs = kind === 'pairs'
  const rows = [...perRater, ...(pooled ? [pooled] : [])].map(of => [
    of.rater ?? 'all together',
    of.rated,
    share(of.pairwise),
    ...(isPairs ? [] : [share(of.pairwiseWithinQuestion), figure(of.pearson), figure(of.spearman)]),
  ])
  const header = ['rater', 'rated', 'pairwise agreement']
  const sections = [
    `${judge} on ${trait}: ${items} ${kind} of ${run} (sample ${sample})`,
    ...(rows.length === 0
      ? []
      : [formatTable([...header, ...(isPairs ? [] : ['within a question', 'Pearson', 'Spearman'])], rows)]),
    ...(byDifference.length === 0
      ? []
      : [
          formatTable(
            ["judge's scores apart", 'pairs', 'pairwise agreement'],
            byDifference.map(({ from, to, pairwise }) => [
              `${from.toFixed(1)} to ${to.toFixed(1)}`,
              pairwise?.n ?? 0,
              share(pairwise),
            ]),
          ),
        ]),
    ...(betweenRaters
      ? [
          `Between ${betweenRaters.raters} raters (${betweenRaters.ratedByAll} ${kind} rated by all)`,
          ...(isPairs
            ? []
            : [
                `  ICC(2,1)              ${figure(betweenRaters.iccSingle)}`,
                `  ICC(2,${betweenRaters.raters})              ${figure(betweenRaters.iccAverage)}`,
              ]),
          `  Krippendorff's alpha  ${figure(betweenRaters.alpha)}`,
        ]
      : []),
    'Intervals are 95 %, from items drawn anew. Strata give every score (or level) the same weight: among all answers\ncorrelations are lower.',
  ]
  return sections
    .map((section, index) => (index > 0 && !section.startsWith('  ') ? `\n${section}` : section))
    .join('\n')
}

function share(estimate: RatingEstimate | undefined): string {
  return estimate ? `${withInterval(estimate.value, estimate, asPercent)} of ${estimate.n}` : '-'
}

function figure(estimate: RatingEstimate | undefined): string {
  return withInterval(estimate?.value, estimate)
}
