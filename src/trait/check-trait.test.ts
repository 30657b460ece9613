import { describe, expect, test } from 'vitest'
import { assertTraitUsable, checkTrait } from './check-trait.ts'
import { exampleTrait } from './example-trait.case.ts'
import type { Trait } from './trait.ts'
import { type TraitProblemKind, traitProblemKinds } from './trait-problem.ts'

/** The example trait is small on purpose; what else it has would be a fault of the check. */
const kindsOf = (trait: Trait) => checkTrait(trait).flatMap(({ kind }) => (kind === 'count-unusual' ? [] : [kind]))

const { contrastivePrompts, extractionQuestions, evaluationQuestions, ladder } = exampleTrait()
const [pair] = contrastivePrompts as [Trait['contrastivePrompts'][number]]
const [low, neutral, high] = ladder as [Trait['ladder'][number], Trait['ladder'][number], Trait['ladder'][number]]
const alsoAsked = (question: string): Partial<Trait> => ({ evaluationQuestions: [...evaluationQuestions, question] })

/** For each kind of problem, a trait that has it and what is said about it. */
const cases: [kind: TraitProblemKind, what: string, parts: Partial<Trait>, message: RegExp][] = [
  ['text-empty', 'an empty question', alsoAsked(' '), /evaluationQuestions\[2\] is empty/],
  ['text-too-long', 'a description of a book', { description: 'x '.repeat(1001) }, /description has 2002 characters/],
  ['pair-same-text', 'one text on both sides', withPair('Be calm.', 'Be  CALM!'), /Pair 2 has the same text on both/],
  ['pair-duplicate', 'a pair twice', withPair(pair.positive, pair.negative), /Pair 2 is the same as pair 1/],
  [
    'pair-lopsided',
    'a long and a short side',
    withPair('Stay calm.', 'Lose your temper again and again.'),
    /In pair 2 the negative prompt is 3\.3 times as long/,
  ],
  [
    'question-duplicate',
    'a question twice',
    alsoAsked('where do birds sleep'),
    /Evaluation question 3 is evaluation question 1 again: "where do birds sleep"/,
  ],
  [
    'question-near-duplicate',
    'a question in other words',
    alsoAsked('Where does a bird sleep at night?'),
    /Evaluation question 3 \("Where does a bird sleep at night\?"\) is nearly evaluation question 1 \("Where do birds/,
  ],
  [
    'question-near-duplicate',
    'nearly a question of another set',
    alsoAsked('How was your trip?'),
    /Evaluation question 3 .* is nearly extraction question 1/,
  ],
  [
    'evaluation-question-extracted',
    'a question in both sets',
    alsoAsked('How was the trip?'),
    /Evaluation question 3 is extraction question 1 again/,
  ],
  [
    'evaluation-question-forecast',
    'a forecast question that is measured on',
    { forecastQuestions: ['Where do birds sleep?'] },
    /Forecast question 1 is evaluation question 1 again/,
  ],
  ['question-names-trait', 'its name in a question', alsoAsked('Can a storm be calm?'), /names the trait itself/],
  ['question-hints-trait', 'its name in another form', alsoAsked('Who talks calmly?'), /3 holds "calmly"/],
  ['question-hints-trait', 'the opposite in a question', alsoAsked('Why was my uncle upset?'), /3 holds "upset"/],
  ['rubric-place-missing', 'no place for the answer', { rubric: 'Rate 0 to 100: {question}' }, /no place \{answer\}/],
  [
    'rubric-place-unknown',
    'a place nobody fills',
    { rubric: 'Rate {trait} 0 to 100: {question} {answer}' },
    /\{trait\} is filled by nothing/,
  ],
  ['rubric-scale-missing', 'no scale', { rubric: 'Rate 1 to 10: {question} {answer}' }, /from 0 to 100/],
  ['ladder-not-ascending', 'levels in disorder', { ladder: [neutral, low, high] }, /-1 follows 0/],
  ['ladder-not-ascending', 'a level twice', { ladder: [low, neutral, { ...high, level: 0 }] }, /0 follows 0/],
  ['ladder-no-neutral', 'no middle', { ladder: [low, high] }, /no neutral level 0/],
  [
    'ladder-duplicate',
    'one prompt at two levels',
    { ladder: [low, neutral, high, { level: 2, prompt: high.prompt.toUpperCase() }] },
    /levels 1 and 2 have the same prompt/,
  ],
  [
    'ladder-reuses-prompt',
    'a sentence of a contrastive prompt',
    { ladder: [low, neutral, { level: 1, prompt: 'Sit down. Take your time!' }] },
    /level 1 repeats a sentence of a contrastive prompt: "take your time"/,
  ],
  [
    'ladder-neutral-hints-trait',
    'a middle that is not neutral',
    { ladder: [low, { level: 0, prompt: 'You are a calm assistant.' }, high] },
    /level 0 should be neutral, but holds "calm"/,
  ],
]

function withPair(positive: string, negative: string): Partial<Trait> {
  return { contrastivePrompts: [...contrastivePrompts, { positive, negative }] }
}

describe('checking a trait', () => {
  test('finds nothing in the example', () => {
    expect(kindsOf(exampleTrait())).toEqual([])
  })

  test.each(cases)('finds %s: %s, and nothing else', (kind, _, parts, message) => {
    const trait = exampleTrait(parts)
    expect(kindsOf(trait)).toEqual([kind])
    const problem = checkTrait(trait).find(found => found.kind === kind)!
    expect(problem).toMatchObject({ severity: traitProblemKinds[kind], message: expect.stringMatching(message) })
    expect(problem.message).toMatch(/^[^\n]+\.$/)
  })

  test('finds counts that are not usual', () => {
    const counts = checkTrait(exampleTrait()).map(({ places, severity, message }) => [...places, severity, message])
    expect(counts).toEqual([
      ['contrastivePrompts', 'warning', 'contrastivePrompts has 1 entries; 5 is usual.'],
      ['extractionQuestions', 'warning', 'extractionQuestions has 2 entries; 20 is usual.'],
      ['evaluationQuestions', 'warning', 'evaluationQuestions has 2 entries; 20 is usual.'],
      ['ladder', 'warning', 'ladder has 3 entries; 7 is usual.'],
    ])
  })

  test('is tried above for every kind there is', () => {
    const tried = new Set<string>([...cases.map(([kind]) => kind), 'count-unusual'])
    expect(Object.keys(traitProblemKinds).filter(kind => !tried.has(kind))).toEqual([])
  })

  test('gives places that lead to the parts', () => {
    const [problem] = checkTrait(exampleTrait(alsoAsked('How was the trip?'))).filter(
      ({ kind }) => kind === 'evaluation-question-extracted',
    )
    expect(problem?.places).toEqual(['evaluationQuestions[2]', 'extractionQuestions[0]'])
  })

  test('lets a forecaster learn from extraction questions', () => {
    expect(kindsOf(exampleTrait({ forecastQuestions: extractionQuestions }))).toEqual([])
  })

  test('takes "what kind of" for no question about kindness', () => {
    const kind = exampleTrait({ name: 'kind', description: 'Kind.', ...alsoAsked('What kind of shoes fit?') })
    expect(kindsOf(kind)).toEqual([])
    expect(kindsOf({ ...kind, ...alsoAsked('Are cats kind?') })).toEqual(['question-names-trait'])
  })

  test.each([
    ['sycophantic', 'sycophancy'],
    ['apathetic', 'apathy'],
    ['optimistic', 'optimists'],
    ['humorous', 'humour'],
    ['hallucinating', 'hallucinations'],
  ])('knows the family of %s: %s', (name, relative) => {
    const question = `Where does ${relative} come from?`
    expect(kindsOf(exampleTrait({ name, ...alsoAsked(question) }))).toContain('question-hints-trait')
  })

  test.each([
    ['joyful', 'journey'],
    ['evil', 'evidence'],
    ['humorous', 'humans'],
    ['impolite', 'importance'],
  ])('takes no stranger for family: %s, %s', (name, stranger) => {
    const question = `Where does ${stranger} come from?`
    expect(kindsOf(exampleTrait({ name, ...alsoAsked(question) }))).toEqual([])
  })
})

describe('using a trait', () => {
  const loaded = (parts: Partial<Trait>) => ({ path: 'calm.yaml', hash: 'h', trait: exampleTrait(parts) })

  test('is possible in spite of warnings', () => {
    expect(() => assertTraitUsable(loaded(alsoAsked('Who talks calmly?')))).not.toThrow()
  })

  test('is refused in one line that names the first errors', () => {
    const use = () => assertTraitUsable(loaded({ rubric: 'Rate.', ladder: [high, low] }))
    expect(use).toThrow(
      expect.objectContaining({
        code: 'TRAIT_INVALID',
        message: expect.stringMatching(
          /^The trait file calm\.yaml is not valid: The rubric has no place \{question\}; The rubric has no place \{answer\}; Ladder levels must rise .*; and 1 more \(see `personascope trait check`\)\. /,
        ),
      }),
    )
  })
})
