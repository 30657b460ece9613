import { describe, expect, test } from 'vitest'
import { coherenceRubric, parseScore, rubricMessages } from './judge-prompt.ts'

describe('what a judge is asked', () => {
  test('is the rubric with question and answer in their places, every time they stand there', () => {
    const [message] = rubricMessages('{question} | {answer} | {question} | {other}', { question: 'Q', answer: 'A' })
    expect(message).toEqual({ role: 'user', content: 'Q | A | Q | {other}' })
  })

  test('takes question and answer as they are, whatever stands in them', () => {
    const item = { question: 'Say {answer}!', answer: "$& {question} $1 $' \\1" }
    expect(rubricMessages('<{question}><{answer}>', item)[0]!.content).toBe(`<${item.question}><${item.answer}>`)
  })

  test('has places for both in the coherence rubric', () => {
    const [message] = rubricMessages(coherenceRubric, { question: 'the question', answer: 'the answer' })
    expect(message!.content).toContain('[Question]\nthe question\n')
    expect(message!.content).toContain('[Answer]\nthe answer\n')
    expect(message!.content).not.toMatch(/[{}]/)
  })
})

describe('a score read from text', () => {
  test.each([
    ['85', 85],
    [' 85.\n', 85],
    ['Score: 85', 85],
    ['**85**', 85],
    ['85/100', 85],
    ['I would say 85 out of 100.', 85],
    ['100', 100],
    ['100/100', 100],
    ['0', 0],
    ['85 - yes, 85', 85],
  ])('finds the number in "%s"', (text, value) => {
    expect(parseScore(text)).toEqual({ status: 'scored', value, method: 'parsed' })
  })

  test.each([
    ['', 'no number'],
    ['The answer is joyful', 'no number'],
    ['between 60 and 80', 'more than one number'],
    ['7 out of 10', 'more than one number'],
    ['85.5', 'no integer'],
    ['-5', 'no integer'],
    ['050', 'no integer'],
    ['101', 'no integer'],
    ['1,000', 'no integer'],
  ])('refuses "%s" with a reason', (text, reason) => {
    expect(parseScore(text)).toMatchObject({ status: 'unscored', reason: expect.stringContaining(reason) })
  })
})
