import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLexiconJudge, sentimentOf } from './lexicon-judge.ts'

interface Fixture {
  readonly package: string
  readonly entries: readonly { readonly text: string; readonly compound: number }[]
}

const fixturePath = join(import.meta.dirname, '../../test/judge/vader-fixture.json')
const fixture = JSON.parse(readFileSync(fixturePath, 'utf8')) as Fixture

/** What the library does not know: a rule that came later, and the names of emoji. */
const known = [
  'It was never so good.',
  'Without doubt the best bakery in town.',
  'What a day \u{1f60a}\u{1f389}',
  'Nothing matters. \u{1f622}',
]

describe('the lexicon judge', () => {
  test('agrees with the reference implementation within 0.01, named exceptions aside', () => {
    const different = fixture.entries.filter(({ text, compound }) => Math.abs(sentimentOf(text) - compound) > 0.01)
    expect(fixture.entries).toHaveLength(60)
    expect(different.map(({ text }) => text)).toEqual(known)
  })

  test('scores a whole answer from 0 to 100, with 50 where no word has a feeling', async () => {
    const items = ['What a wonderful, happy day!', 'The train leaves at noon.', 'I hate this miserable place.'].map(
      answer => ({ question: 'How was it?', answer }),
    )
    const [bright, neutral, dark] = (await createLexiconJudge('sentiment').score(items)).map(({ expression }) =>
      expression.status === 'scored' ? expression.value : Number.NaN,
    ) as [number, number, number]
    expect(bright).toBeGreaterThan(85)
    expect(neutral).toBe(50)
    expect(dark).toBeLessThan(15)
    expect(bright).toBe((sentimentOf(items[0]!.answer) + 1) * 50)
  })

  test('mirrors the score for negative sentiment', async () => {
    const items = fixture.entries.map(({ text }) => ({ question: '', answer: text }))
    const [plain, mirrored] = await Promise.all([
      createLexiconJudge('sentiment').score(items),
      createLexiconJudge('negative-sentiment').score(items),
    ])
    for (const [index, { expression }] of plain.entries()) {
      const other = mirrored[index]!.expression
      if (expression.status !== 'scored' || other.status !== 'scored') throw new Error('expected scores')
      expect(other.value).toBeCloseTo(100 - expression.value, 10)
    }
  })

  test('leaves an empty answer unscored, and says nothing of coherence', async () => {
    const heard: number[] = []
    const judgements = await createLexiconJudge('sentiment').score(
      [
        { question: 'Well?', answer: ' \n' },
        { question: 'Well?', answer: 'Good.' },
      ],
      { onScore: index => heard.push(index) },
    )
    expect(judgements[0]).toEqual({ expression: { status: 'unscored', reason: 'the answer is empty' } })
    expect(judgements[1]!.expression).toMatchObject({ status: 'scored', method: 'lexicon' })
    expect(judgements[1]!.coherence).toBeUndefined()
    expect(heard).toEqual([0, 1])
  })

  test('does not trip over names that objects have by nature', () => {
    expect(sentimentOf('The constructor called toString and hasOwnProperty of __proto__.')).toBe(0)
  })

  test('stops when it is told to', async () => {
    const score = createLexiconJudge('sentiment').score([{ question: '', answer: 'Good.' }], {
      signal: AbortSignal.abort(),
    })
    await expect(score).rejects.toMatchObject({ code: 'JUDGE_ABORTED' })
  })
})
