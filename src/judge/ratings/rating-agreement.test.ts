import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type RatingEstimate, ratingAgreement } from './rating-agreement.ts'
import type { KeyAnswer, RatingKey } from './rating-sample.ts'
import type { Rating } from './rating-store.ts'

interface Share {
  readonly share: number
  readonly pairs: number
}
interface Figures {
  readonly rated: number
  readonly pearson: number
  readonly spearman: number
  readonly pairwise: Share
  readonly pairwiseWithinQuestion: Share
}
type Name = 'ada' | 'ben' | 'cy' | 'pooled'

/** What scipy, pingouin and krippendorff make of the same ratings: made by the script beside it. */
const fixture = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/judge/ratings/fixture.json'), 'utf8'),
) as {
  readonly questions: readonly string[]
  readonly scores: readonly number[]
  readonly ratings: Readonly<Record<string, readonly (number | null)[]>>
  readonly expected: Readonly<Record<Name, Figures>> & {
    readonly ratedByAll: number
    readonly iccSingle: number
    readonly iccAverage: number
    readonly alpha: number
  }
  readonly pairs: {
    readonly differences: readonly number[]
    readonly votes: Readonly<Record<string, readonly ('a' | 'b' | 'same')[]>>
    readonly expected: { readonly ada: Share; readonly ben: Share; readonly pooled: Share; readonly alpha: number }
  }
}

const answer = (index: number, question: string, score: number): KeyAnswer => ({
  index,
  hash: '',
  question,
  level: '0',
  scores: { judge: score },
})
const keyOf = (kind: RatingKey['kind'], items: RatingKey['items']): RatingKey => ({
  format: 'personascope-rating-key',
  formatVersion: 1,
  id: 'sample',
  kind,
  trait: 'calm',
  run: 'run',
  runPath: '',
  judge: 'judge',
  scale: { low: 0, high: 100 },
  seed: 0,
  strata: 'score',
  createdAt: '',
  items,
})
const rate = (rater: string, values: readonly (Rating['value'] | null)[]): Rating[] =>
  values.flatMap((value, item) => (value === null ? [] : [{ id: `i${item}`, rater, value, source: '', at: '' }]))
const scoreOf = ({ scores }: KeyAnswer) => scores['judge']

const answersKey = keyOf(
  'answers',
  fixture.scores.map((score, item) => ({ id: `i${item}`, a: answer(item, fixture.questions[item]!, score) })),
)
const pairsKey = keyOf(
  'pairs',
  fixture.pairs.differences.map((difference, item) => ({
    id: `i${item}`,
    a: answer(2 * item, 'q', 50 + difference),
    b: answer(2 * item + 1, 'q', 50),
  })),
)
const allRatings = Object.entries(fixture.ratings).flatMap(([rater, values]) => rate(rater, values))

function expectEstimate(estimate: RatingEstimate | undefined, value: number, n?: number): void {
  expect(estimate!.value).toBeCloseTo(value, 12)
  if (n !== undefined) expect(estimate!.n).toBe(n)
  // An interval from the same items holds the figure itself, and is no wider than the figure can be.
  expect(estimate!.low!).toBeLessThan(estimate!.value)
  expect(estimate!.high!).toBeGreaterThan(estimate!.value)
  expect(estimate!.high! - estimate!.low!).toBeLessThan(0.8)
}

describe('agreement on single answers', () => {
  const result = ratingAgreement(answersKey, allRatings, 'judge', scoreOf)

  test('of each rater, and of all together, is what other programs make of it', () => {
    const all = [...result.perRater, result.pooled!]
    expect(all.map(({ rater }) => rater)).toEqual(['ada', 'ben', 'cy', undefined])
    for (const { rater, rated, pearson, spearman, pairwise, pairwiseWithinQuestion } of all) {
      const expected = fixture.expected[(rater ?? 'pooled') as Name]
      expect(rated).toBe(expected.rated)
      expectEstimate(pearson, expected.pearson, expected.rated)
      expectEstimate(spearman, expected.spearman, expected.rated)
      expectEstimate(pairwise, expected.pairwise.share, expected.pairwise.pairs)
      const { share, pairs } = expected.pairwiseWithinQuestion
      expectEstimate(pairwiseWithinQuestion, share, pairs)
    }
  })

  test('between raters, too', () => {
    const { raters, ratedByAll, iccSingle, iccAverage, alpha } = result.betweenRaters!
    const { expected } = fixture
    expect([raters, ratedByAll]).toEqual([3, expected.ratedByAll])
    expectEstimate(iccSingle, expected.iccSingle)
    expectEstimate(iccAverage, expected.iccAverage)
    expectEstimate(alpha, expected.alpha)
  })

  test('is the same for the same seed, and only the intervals change with another', () => {
    expect(ratingAgreement(answersKey, allRatings, 'judge', scoreOf)).toEqual(result)
    const other = ratingAgreement(answersKey, allRatings, 'judge', scoreOf, 1)
    expect(other.pooled!.pearson!.value).toBe(result.pooled!.pearson!.value)
    expect(other.pooled!.pearson!.low).not.toBe(result.pooled!.pearson!.low)
  })

  test('leaves out what the judge did not score', () => {
    const some = ratingAgreement(answersKey, allRatings, 'judge', ({ index, scores }) =>
      index < 35 ? scores['judge'] : undefined,
    )
    expect(some.perRater.map(({ rated }) => rated)).toEqual([35, 35, 31])
    expect(some.betweenRaters).toEqual(result.betweenRaters)
  })

  test('warns of one rater, of few ratings, and of raters who rated different answers', () => {
    expect(result.warnings).toEqual([
      'Not everybody rated the same answers: the mean of an answer depends on who rated it.',
    ])
    const few = ratingAgreement(answersKey, rate('ada', fixture.ratings['ada']!.slice(0, 12)), 'judge', scoreOf)
    expect(few.pooled).toBeUndefined()
    expect(few.betweenRaters).toBeUndefined()
    expect(few.warnings).toEqual([
      'ada rated 12 answers that the judge scored: with under 30 these figures are guesses.',
      'There is one rater: how far people agree with each other is not known.',
      expect.stringMatching(/^The interval of the pairwise agreement is \d\d points wide: rate more answers\.$/),
    ])
    const none = ratingAgreement(answersKey, [], 'judge', scoreOf)
    expect([none.perRater, none.warnings]).toEqual([[], ['Nothing is rated yet.']])
  })

  test('warns of raters who do not agree with each other', () => {
    const backwards = fixture.ratings['ada']!.map(value => 100 - value!)
    const { warnings } = ratingAgreement(
      answersKey,
      [...rate('ada', fixture.ratings['ada']!), ...rate('eve', backwards)],
      'judge',
      scoreOf,
    )
    expect(warnings.join('\n')).toContain('The raters agree little with each other (-')
  })

  test('has no figure, and no NaN, where a rater gives all the same', () => {
    const [flat] = ratingAgreement(
      answersKey,
      rate(
        'flat',
        fixture.scores.map(() => 50),
      ),
      'judge',
      scoreOf,
    ).perRater
    expect(flat).toMatchObject({ rated: 40, pearson: undefined, spearman: undefined, pairwise: undefined })
  })
})

describe('agreement on pairs', () => {
  const { votes, expected } = fixture.pairs
  const ratings = Object.entries(votes).flatMap(([rater, own]) => rate(rater, own))
  const result = ratingAgreement(pairsKey, ratings, 'judge', scoreOf)

  test('is the share of preferences that the judge has too', () => {
    const [ada, ben] = result.perRater
    expectEstimate(ada!.pairwise, expected.ada.share, expected.ada.pairs)
    expectEstimate(ben!.pairwise, expected.ben.share, expected.ben.pairs)
    expectEstimate(result.pooled!.pairwise, expected.pooled.share, expected.pooled.pairs)
    expect(ada).not.toHaveProperty('pearson')
  })

  test('between raters is an order, without ICC', () => {
    expectEstimate(result.betweenRaters!.alpha, expected.alpha)
    expect(result.betweenRaters).not.toHaveProperty('iccSingle')
  })

  test('is shown apart for scores that are close and far apart', () => {
    const sizes = fixture.pairs.differences.map(Math.abs).sort((a, b) => a - b)
    expect(result.byDifference.map(({ from, to }) => [from, to])).toEqual([
      [expect.closeTo(sizes[0]!), expect.closeTo(sizes[9]!)],
      [expect.closeTo(sizes[10]!), expect.closeTo(sizes[19]!)],
      [expect.closeTo(sizes[20]!), expect.closeTo(sizes[29]!)],
    ])
    const pairs = result.byDifference.map(({ pairwise }) => pairwise!.n)
    expect(pairs.reduce((sum, n) => sum + n)).toBe(expected.pooled.pairs)
  })

  test('turns round when the judge does', () => {
    const turned = ratingAgreement(pairsKey, ratings, 'judge', ({ scores }) => -scores['judge']!)
    expect(turned.pooled!.pairwise!.value).toBeCloseTo(1 - expected.pooled.share, 12)
  })
})
