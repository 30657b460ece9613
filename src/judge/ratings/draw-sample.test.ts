import { describe, expect, test } from 'vitest'
import { type DrawOptions, drawSample, wordsHash } from './draw-sample.ts'
import type { ScoredAnswer } from './rating-sample.ts'

/** 7 levels x 10 questions x 6 answers, scores that rise with the level. */
const answers: ScoredAnswer[] = Array.from({ length: 420 }, (_, index) => {
  const [level, question] = [Math.floor(index / 60) - 3, Math.floor(index / 6) % 10]
  const score = 50 + 10 * level + ((index * 37) % 20)
  return {
    index,
    question: `Question ${question}?`,
    answer: `Answer ${index}.`,
    level: `${level}`,
    scores: { judge: score },
  }
})
const options: DrawOptions = {
  trait: 'calm',
  run: 'run',
  runPath: '/runs/run',
  judge: 'judge',
  kind: 'answers',
  count: 100,
  strata: 'score',
  scale: { low: 0, high: 100 },
  seed: 0,
}
const draw = (more: Partial<DrawOptions> = {}, from = answers) => drawSample(from, { ...options, ...more })
const countBy = (values: readonly string[]) =>
  [...Map.groupBy(values, value => value).values()].map(({ length }) => length)

describe('a sample of answers', () => {
  test('has as many of each tenth of the scores', () => {
    const { key } = draw()
    const order = answers.map(({ scores }) => scores['judge']!).sort((a, b) => a - b)
    const bounds = Array.from({ length: 9 }, (_, nth) => order[(nth + 1) * 42]!)
    const tenths = key.items.map(({ a }) => bounds.filter(bound => a.scores['judge']! > bound).length)
    // Scores on a bound can be counted on either side.
    for (const count of countBy(tenths.map(String))) expect(Math.abs(count - 10)).toBeLessThanOrEqual(4)
    expect(key.items).toHaveLength(100)
  })

  test('has as many of each level where that is wanted', () => {
    const levels = draw({ strata: 'level', count: 70 }).key.items.map(({ a }) => a.level)
    expect(countBy(levels)).toEqual([10, 10, 10, 10, 10, 10, 10])
    const uneven = countBy(draw({ strata: 'level', count: 73 }).key.items.map(({ a }) => a.level))
    expect(uneven.sort()).toEqual([10, 10, 10, 10, 11, 11, 11])
  })

  test('takes more of other levels where one has too few', () => {
    const few = answers.filter(({ level }, index) => level !== '3' || index % 60 < 4)
    const levels = draw({ strata: 'level', count: 70 }, few).key.items.map(({ a }) => a.level)
    expect(levels.filter(level => level === '3')).toHaveLength(4)
    expect(levels).toHaveLength(70)
  })

  test('shows raters no score, level or place in the run, neither in ids nor in the order', () => {
    const { key, items } = draw()
    expect(Object.keys(items[0]!)).toEqual(['id', 'question', 'answer'])
    expect(items.map(({ id }) => id)).toEqual(key.items.map(({ id }) => id))
    expect(new Set(items.map(({ id }) => id)).size).toBe(100)
    for (const { id } of items) expect(id).toMatch(/^s[0-9a-f]{8}-[0-9a-f]{8}$/)
    const places = key.items.map(({ a }) => a.index)
    const byId = key.items.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ a }) => a.index)
    for (const order of [places, byId]) {
      const rising = order.filter((place, nth) => nth > 0 && place > order[nth - 1]!).length
      expect(rising).toBeGreaterThan(35)
      expect(rising).toBeLessThan(65)
    }
  })

  test('is the same for the same seed, and another one with another id for another', () => {
    const { createdAt: _, ...key } = draw().key
    expect(draw().key).toMatchObject(key)
    const other = draw({ seed: 1 })
    expect(other.key.id).not.toBe(key.id)
    expect(other.key.items.map(({ a }) => a.index)).not.toEqual(key.items.map(({ a }) => a.index))
  })

  test('is of scored answers, each wording once, and has no more than there are', () => {
    const some: ScoredAnswer[] = [
      { ...answers[0]!, index: 0 },
      { ...answers[0]!, index: 1 },
      { ...answers[2]!, index: 2, scores: { other: 5 } },
      { ...answers[3]!, index: 3 },
    ]
    expect(
      draw({}, some)
        .key.items.map(({ a }) => a.index)
        .sort(),
    ).toEqual([0, 3])
    expect(draw({}, []).items).toEqual([])
  })

  test('keeps in its key what stands behind each id', () => {
    const { key, items } = draw()
    for (const [nth, { a }] of key.items.entries()) {
      const { question, answer } = items[nth]!
      expect(a.hash).toBe(wordsHash({ question, answer }))
      expect(answers[a.index]).toMatchObject({ question, answer, scores: a.scores, level: a.level })
    }
  })
})

describe('a sample of pairs', () => {
  const { key, items } = draw({ kind: 'pairs' })

  test('has two answers to one question that differ in score, no answer twice', () => {
    expect(items).toHaveLength(100)
    for (const [nth, { a, b }] of key.items.entries()) {
      expect(a.question).toBe(b!.question)
      expect(a.scores['judge']).not.toBe(b!.scores['judge'])
      expect([items[nth]!.answer, items[nth]!.other]).toEqual([answers[a.index]!.answer, answers[b!.index]!.answer])
    }
    expect(new Set(key.items.flatMap(({ a, b }) => [a.index, b!.index])).size).toBe(200)
  })

  test('has close and distant scores, and the higher one first as often as second', () => {
    const differences = key.items.map(({ a, b }) => a.scores['judge']! - b!.scores['judge']!)
    const higherFirst = differences.filter(difference => difference > 0).length
    expect(higherFirst).toBeGreaterThan(35)
    expect(higherFirst).toBeLessThan(65)
    const sizes = differences.map(Math.abs)
    expect(sizes.filter(size => size < 10).length).toBeGreaterThan(10)
    expect(sizes.filter(size => size > 40).length).toBeGreaterThan(10)
  })

  test('has fewer than asked where answers run out', () => {
    const eight = answers.filter(({ index, question }) => question === 'Question 0?' && index % 6 === 0)
    expect(draw({ kind: 'pairs' }, eight).items).toHaveLength(3)
    const alike = answers.map(answer => ({ ...answer, scores: { judge: 5 } }))
    expect(draw({ kind: 'pairs' }, alike).items).toEqual([])
  })

  test('is drawn from a large run too', () => {
    const many = Array.from(
      { length: 2000 },
      (_, index): ScoredAnswer => ({
        index,
        question: 'One?',
        answer: `Answer ${index}.`,
        level: '0',
        scores: { judge: index / 20 },
      }),
    )
    expect(draw({ kind: 'pairs' }, many).items).toHaveLength(100)
  })
})
