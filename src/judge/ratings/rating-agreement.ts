import { type PairwiseAgreement, pairwiseAgreement, preferenceAgreement } from '../../numeric/agreement.ts'
import { bootstrapInterval } from '../../numeric/bootstrap.ts'
import { pearson, spearman } from '../../numeric/correlation.ts'
import { icc2 } from '../../numeric/intraclass.ts'
import { krippendorffAlpha } from '../../numeric/krippendorff.ts'
import { deriveSeed } from '../../numeric/random.ts'
import type { KeyAnswer, Preference, RatingKey } from './rating-sample.ts'
import type { Rating } from './rating-store.ts'

/** A figure and its 95 % interval from items drawn anew; undefined where there is none. */
export interface RatingEstimate {
  readonly value: number
  readonly low: number | undefined
  readonly high: number | undefined
  /** Items, or pairs with a preference, that it rests on. */
  readonly n: number
}

/** How far a judge agrees with one rater, or with all of them together. */
export interface JudgeRaterAgreement {
  /** Undefined: all together. For answers, their mean of each item; for pairs, every single rating. */
  readonly rater: string | undefined
  /** Items that are rated and that the judge scored. */
  readonly rated: number
  /** Of single answers only. */
  readonly pearson?: RatingEstimate | undefined
  readonly spearman?: RatingEstimate | undefined
  /** The share of pairs that judge and rater order alike, of those in which the rater has a preference. */
  readonly pairwise: RatingEstimate | undefined
  /** The same of two answers to one question; of single answers only. */
  readonly pairwiseWithinQuestion?: RatingEstimate | undefined
}

/** How far raters agree with each other. */
export interface RaterReliability {
  readonly raters: number
  /** Items rated by all of them. */
  readonly ratedByAll: number
  /** ICC(2,1) and ICC(2,k), of single answers that all rated. */
  readonly iccSingle?: RatingEstimate | undefined
  readonly iccAverage?: RatingEstimate | undefined
  /** Krippendorff's alpha: of answers as distances, of pairs as an order. */
  readonly alpha: RatingEstimate | undefined
}

export interface RatingAgreement {
  readonly sample: string
  readonly kind: RatingKey['kind']
  readonly judge: string
  readonly items: number
  readonly perRater: readonly JudgeRaterAgreement[]
  readonly pooled: JudgeRaterAgreement | undefined
  /** Of pairs: the pooled agreement where the judge's scores are close, apart and far apart. */
  readonly byDifference: readonly {
    readonly from: number
    readonly to: number
    readonly pairwise: RatingEstimate | undefined
  }[]
  readonly betweenRaters: RaterReliability | undefined
  readonly warnings: readonly string[]
}

/** With fewer items than this every figure is little more than a guess. */
const fewItems = 30

/**
 * How far a judge agrees with the people who rated a sample, and they with each other.
 * @param ratings each rater's latest of each item
 * @param scores the judge's score of an answer; undefined where it gave none
 */
export function ratingAgreement(
  key: RatingKey,
  ratings: readonly Rating[],
  judge: string,
  scores: (answer: KeyAnswer) => number | undefined,
  seed = 0,
): RatingAgreement {
  const raters = [...new Set(ratings.map(({ rater }) => rater))].sort()
  const table = key.items.map(item => {
    const own = new Map(ratings.filter(({ id }) => id === item.id).map(({ rater, value }) => [rater, value]))
    return { item, values: raters.map(rater => own.get(rater)) }
  })
  const analysis = { key, judge, raters, table, scores, seed }
  const figures = key.kind === 'pairs' ? agreeOnPairs(analysis) : agreeOnAnswers(analysis)
  const result = { sample: key.id, kind: key.kind, judge, items: key.items.length, ...figures }
  return { ...result, warnings: warningsOf(result) }
}

interface Analysis {
  readonly key: RatingKey
  readonly raters: readonly string[]
  readonly table: readonly {
    readonly item: RatingKey['items'][number]
    readonly values: readonly (number | Preference | undefined)[]
  }[]
  readonly scores: (answer: KeyAnswer) => number | undefined
  readonly seed: number
}

type Figures = Pick<RatingAgreement, 'perRater' | 'pooled' | 'byDifference' | 'betweenRaters'>

function agreeOnAnswers({ raters, table, scores, seed }: Analysis): Figures {
  const questions = table.map(({ item }) => item.a.question)
  const judged = table.map(({ item }) => scores(item.a))
  const ratings = table.map(({ values }) => values.map(value => value as number | undefined))
  const compare = (rater: string | undefined, values: readonly (number | undefined)[]): JudgeRaterAgreement => {
    const rows = [...values.keys()].filter(row => values[row] !== undefined && judged[row] !== undefined)
    const part = (of: readonly number[]) => ({
      x: of.map(row => judged[row]!),
      y: of.map(row => values[row]!),
      groups: of.map(row => questions[row]!),
    })
    const estimate = (name: string, statistic: (columns: ReturnType<typeof part>) => number | undefined) =>
      estimateOver(rows, of => statistic(part(of)), deriveSeed(seed, `${name}/${rater ?? ''}`))
    const share = (name: string, statistic: (columns: ReturnType<typeof part>) => PairwiseAgreement | undefined) =>
      withCount(
        estimate(name, columns => statistic(columns)?.share),
        statistic(part(rows))?.pairs,
      )
    return {
      rater,
      rated: rows.length,
      pearson: estimate('pearson', ({ x, y }) => pearson(x, y)),
      spearman: estimate('spearman', ({ x, y }) => spearman(x, y)),
      pairwise: share('pairwise', ({ x, y }) => pairwiseAgreement(x, y)),
      pairwiseWithinQuestion: share('question', ({ x, y, groups }) => pairwiseAgreement(x, y, groups)),
    }
  }
  const columns = raters.map((_, column) => ratings.map(values => values[column]))
  return {
    perRater: raters.map((rater, column) => compare(rater, columns[column]!)),
    pooled: raters.length > 1 ? compare(undefined, ratings.map(meanOfRated)) : undefined,
    byDifference: [],
    betweenRaters: reliabilityOf(ratings, 'interval', seed),
  }
}

function agreeOnPairs({ raters, table, scores, seed }: Analysis): Figures {
  const differences = table.map(({ item }) => {
    const [a, b] = [scores(item.a), item.b && scores(item.b)]
    return a === undefined || b === undefined ? undefined : a - b
  })
  const signs = table.map(({ values }) => values.map(value => signOf(value as Preference | undefined)))
  const compare = (name: string, rows: readonly number[], columns: readonly number[]): RatingEstimate | undefined => {
    const statistic = (of: readonly number[]) => {
      const cells = of.flatMap(row =>
        columns.flatMap(column => {
          const sign = signs[row]![column]
          return sign === undefined ? [] : [{ difference: differences[row]!, sign }]
        }),
      )
      return preferenceAgreement(
        cells.map(({ difference }) => difference),
        cells.map(({ sign }) => sign),
      )
    }
    return withCount(
      estimateOver(rows, of => statistic(of)?.share, deriveSeed(seed, name)),
      statistic(rows)?.pairs,
    )
  }
  const all = raters.map((_, column) => column)
  const ratedBy = (columns: readonly number[]) =>
    [...table.keys()].filter(
      row => differences[row] !== undefined && columns.some(column => signs[row]![column] !== undefined),
    )
  const agreement = (rater: string | undefined, columns: readonly number[]): JudgeRaterAgreement => {
    const rows = ratedBy(columns)
    return { rater, rated: rows.length, pairwise: compare(`pairs/${rater ?? ''}`, rows, columns) }
  }
  return {
    perRater: raters.map((rater, column) => agreement(rater, [column])),
    pooled: raters.length > 1 ? agreement(undefined, all) : undefined,
    byDifference: thirds(ratedBy(all), row => Math.abs(differences[row]!)).map(rows => {
      const sizes = rows.map(row => Math.abs(differences[row]!))
      const pairwise = compare(`difference/${rows[0]}`, rows, all)
      return { from: Math.min(...sizes), to: Math.max(...sizes), pairwise }
    }),
    betweenRaters: reliabilityOf(signs, 'ordinal', seed),
  }
}

/** @param ratings one row for each item, one column for each rater */
function reliabilityOf(
  ratings: readonly (readonly (number | undefined)[])[],
  level: 'interval' | 'ordinal',
  seed: number,
): RaterReliability | undefined {
  const raters = ratings[0]?.length ?? 0
  if (raters < 2) return undefined
  const rows = [...ratings.keys()]
  const complete = rows.filter(row => ratings[row]!.every(value => value !== undefined))
  const shared = rows.filter(row => ratings[row]!.filter(value => value !== undefined).length >= 2)
  const whole = (of: readonly number[]) => of.map(row => ratings[row] as number[])
  const estimate = (name: string, own: readonly number[], statistic: (of: readonly number[]) => number | undefined) =>
    estimateOver(own, statistic, deriveSeed(seed, name))
  return {
    raters,
    ratedByAll: complete.length,
    ...(level === 'interval' && {
      iccSingle: estimate('icc', complete, of => icc2(whole(of))?.single.value),
      iccAverage: estimate('icc', complete, of => icc2(whole(of))?.average.value),
    }),
    alpha: estimate('alpha', shared, of =>
      krippendorffAlpha(
        of.map(row => ratings[row]!),
        level,
      ),
    ),
  }
}

/** A figure of items, and its interval from items drawn with replacement. */
function estimateOver(
  rows: readonly number[],
  statistic: (rows: readonly number[]) => number | undefined,
  seed: number,
): RatingEstimate | undefined {
  const value = statistic(rows)
  if (value === undefined) return undefined
  const interval = bootstrapInterval({
    clusters: rows.length,
    statistic: chosen => statistic(Array.from(chosen, nth => rows[nth]!)),
    resamples: resamplesFor(rows.length),
    seed,
  })
  return { value, low: interval?.low, high: interval?.high, n: rows.length }
}

/** Comparing all pairs of many items takes long: fewer resamples then, never under 400. */
function resamplesFor(items: number): number {
  return Math.max(400, Math.min(2000, Math.round(8e7 / items ** 2)))
}

function withCount(estimate: RatingEstimate | undefined, n: number | undefined): RatingEstimate | undefined {
  return estimate && n !== undefined ? { ...estimate, n } : undefined
}

function meanOfRated(values: readonly (number | undefined)[]): number | undefined {
  const rated = values.filter(value => value !== undefined)
  return rated.length === 0 ? undefined : rated.reduce((sum, value) => sum + value, 0) / rated.length
}

/** Above 0 where the first answer shows more. */
function signOf(preference: Preference | undefined): number | undefined {
  return preference === undefined ? undefined : { a: 1, b: -1, same: 0 }[preference]
}

/** Three groups of equal size in ascending order; none where there are too few to divide. */
function thirds(rows: readonly number[], sizeOf: (row: number) => number): number[][] {
  if (rows.length < 9) return []
  const order = [...rows].sort((a, b) => sizeOf(a) - sizeOf(b))
  const cut = (nth: number) => Math.round((order.length * nth) / 3)
  return [0, 1, 2].map(nth => order.slice(cut(nth), cut(nth + 1)))
}

function warningsOf({ kind, items, perRater, pooled, betweenRaters }: Omit<RatingAgreement, 'warnings'>): string[] {
  const warnings: string[] = []
  if (perRater.length === 0) return ['Nothing is rated yet.']
  for (const { rater, rated } of perRater) {
    if (rated === 0) warnings.push(`Nothing that ${rater} rated was scored by this judge.`)
    else if (rated < fewItems)
      warnings.push(
        `${rater} rated ${rated} ${kind} that the judge scored: with under ${fewItems} these figures are guesses.`,
      )
    else if (rated < items * 0.8)
      warnings.push(
        `${rater} rated ${rated} of ${items} ${kind}: if the others were left out for a reason, this is biased.`,
      )
  }
  if (perRater.length === 1) warnings.push('There is one rater: how far people agree with each other is not known.')
  if (kind === 'answers' && betweenRaters && perRater.some(({ rated }) => rated < (pooled?.rated ?? 0)))
    warnings.push('Not everybody rated the same answers: the mean of an answer depends on who rated it.')
  const limit = betweenRaters?.iccAverage ?? betweenRaters?.alpha
  if (limit && limit.value < 0.5)
    warnings.push(
      `The raters agree little with each other (${limit.value.toFixed(2)}): no judge can agree with them well, and a low figure says little of it.`,
    )
  const { low, high } = (pooled ?? perRater[0])?.pairwise ?? {}
  if (low !== undefined && high !== undefined && high - low > 0.2)
    warnings.push(
      `The interval of the pairwise agreement is ${((high - low) * 100).toFixed(0)} points wide: rate more ${kind}.`,
    )
  return warnings
}
