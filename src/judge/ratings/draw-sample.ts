import { createRandom, deriveSeed, type Random } from '../../numeric/random.ts'
import { shuffle } from '../../numeric/shuffle.ts'
import { sha256, stableStringify } from '../../store/hash.ts'
import { drawFromStrata, labelStrata, rankStrata } from './draw-strata.ts'
import type { KeyAnswer, RatingKey, RatingKind, RatingSample, RatingScale, ScoredAnswer } from './rating-sample.ts'

export interface DrawOptions {
  readonly trait: string
  readonly run: string
  readonly runPath: string
  /** The judge by whose scores is drawn. */
  readonly judge: string
  readonly kind: RatingKind
  /** How many answers, or pairs, at most. */
  readonly count: number
  /** `score`: tenths by score, of pairs by how far the two scores are apart; `level`: equally many of each level. */
  readonly strata: 'score' | 'level'
  readonly scale: RatingScale
  readonly seed: number
}

/** More pairs than this are not looked at; those that are, are chosen by chance. */
const mostCandidatePairs = 200_000

type DrawnItem = { readonly a: ScoredAnswer; readonly b?: ScoredAnswer }

/**
 * Draws a sample for raters: stratified, in random order, under ids that say nothing. Of answers with the same words one
 * is drawn at most; an answer is in one pair at most, and stands first or second by chance. The same answers, options
 * and seed give the same sample.
 * @returns fewer than asked where there are no more
 */
export function drawSample(answers: readonly ScoredAnswer[], options: DrawOptions): RatingSample {
  const { kind, judge, seed, trait, run, runPath, scale, strata } = options
  const random = createRandom(deriveSeed(seed, `ratings/${kind}`))
  const scored = distinct(answers.filter(({ scores }) => scores[judge] !== undefined))
  const drawn = kind === 'answers' ? drawAnswers(scored, options, random) : drawPairs(scored, options, random)
  const indices = drawn.map(({ a, b }) => [a.index, ...(b ? [b.index] : [])])
  const { count: _, runPath: __, ...asked } = options
  const hash = sha256(
    stableStringify({ ...asked, indices, words: drawn.map(({ a, b }) => [wordsHash(a), b && wordsHash(b)]) }),
  )
  const id = hash.slice(0, 8)
  const idOf = (nth: number) => `s${id}-${sha256(`${hash}/${nth}`).slice(0, 8)}`
  const key: RatingKey = {
    format: 'personascope-rating-key',
    formatVersion: 1,
    id,
    kind,
    trait,
    run,
    runPath,
    judge,
    scale,
    seed,
    strata,
    createdAt: new Date().toISOString(),
    items: drawn.map(({ a, b }, nth) => ({ id: idOf(nth), a: toKeyAnswer(a), ...(b && { b: toKeyAnswer(b) }) })),
  }
  const items = drawn.map(({ a, b }, nth) => ({
    id: idOf(nth),
    question: a.question,
    answer: a.answer,
    ...(b && { other: b.answer }),
  }))
  return { key, items }
}

/** sha256 of the words of an answer and its question. */
export function wordsHash({ question, answer }: Pick<ScoredAnswer, 'question' | 'answer'>): string {
  return sha256(JSON.stringify([question, answer]))
}

function drawAnswers(
  scored: readonly ScoredAnswer[],
  { judge, strata, count }: DrawOptions,
  random: Random,
): DrawnItem[] {
  const groups =
    strata === 'score'
      ? rankStrata(scored.map(({ scores }) => scores[judge]!))
      : labelStrata(scored.map(({ level }) => level))
  return shuffle(drawFromStrata(groups, count, random), random).map(item => ({ a: scored[item]! }))
}

function drawPairs(
  scored: readonly ScoredAnswer[],
  { judge, strata, count }: DrawOptions,
  random: Random,
): DrawnItem[] {
  const candidates = candidatePairs(scored, judge, random)
  const groups =
    strata === 'score'
      ? rankStrata(candidates.map(([a, b]) => Math.abs(a.scores[judge]! - b.scores[judge]!)))
      : labelStrata(candidates.map(([a, b]) => [a.level, b.level].sort().join(' ')))
  const used = new Set<ScoredAnswer>()
  const drawn = drawFromStrata(groups, count, random, item => {
    const [a, b] = candidates[item]!
    if (used.has(a) || used.has(b)) return false
    used.add(a).add(b)
    return true
  })
  return shuffle(drawn, random).map(item => {
    const [a, b] = candidates[item]!
    return random.next() < 0.5 ? { a, b } : { a: b, b: a }
  })
}

/** Two answers to one question that the judge scored differently. */
function candidatePairs(
  scored: readonly ScoredAnswer[],
  judge: string,
  random: Random,
): [ScoredAnswer, ScoredAnswer][] {
  const pairs: [ScoredAnswer, ScoredAnswer][] = []
  let seen = 0
  for (const own of Map.groupBy(scored, ({ question }) => question).values()) {
    for (const [nth, b] of own.entries()) {
      for (const a of own.slice(0, nth)) {
        if (a.scores[judge] === b.scores[judge]) continue
        // Reservoir sampling (Vitter 1985, algorithm R): each pair is as likely as any other.
        const place = seen < mostCandidatePairs ? seen : Math.floor(random.next() * (seen + 1))
        if (place < mostCandidatePairs) pairs[place] = [a, b]
        seen++
      }
    }
  }
  return pairs
}

function distinct(answers: readonly ScoredAnswer[]): ScoredAnswer[] {
  return [...new Map(answers.toReversed().map(answer => [wordsHash(answer), answer])).values()].reverse()
}

function toKeyAnswer({ index, question, answer, level, scores }: ScoredAnswer): KeyAnswer {
  return { index, hash: wordsHash({ question, answer }), question, level, scores: { ...scores } }
}
