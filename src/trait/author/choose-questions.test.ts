import { describe, expect, test } from 'vitest'
import { exampleTrait } from '../example-trait.case.ts'
import { chooseQuestions, splitQuestions } from './choose-questions.ts'

const choose = (...candidates: string[]) => chooseQuestions(exampleTrait(), candidates)

describe('choosing questions', () => {
  test('keeps the first of several that are nearly the same', () => {
    const { accepted, refused } = choose(
      'Where do birds sleep?',
      'Who built this?',
      'Where does a bird sleep at night?',
    )
    expect(accepted).toEqual(['Where do birds sleep?', 'Who built this?'])
    expect(refused).toEqual([
      {
        question: 'Where does a bird sleep at night?',
        reason: expect.stringContaining('is nearly extraction question 1'),
      },
    ])
  })

  test('leaves out what tells, and keeps what is near to that only', () => {
    const { accepted, refused } = choose('Are calm birds asleep?', 'Are birds asleep?')
    expect(accepted).toEqual(['Are birds asleep?'])
    expect(refused[0]).toMatchObject({
      question: 'Are calm birds asleep?',
      reason: expect.stringContaining('names the'),
    })
  })

  test('splits into halves that differ by one at most', () => {
    expect(splitQuestions(['a', 'b', 'c'])).toEqual({ extractionQuestions: ['a', 'c'], evaluationQuestions: ['b'] })
  })
})
