import { describe, expect, test } from 'vitest'
import { createRandom } from '../numeric/random.ts'
import { type AnswerProjection, pairedShift } from './paired-shift.ts'

function answers(values: readonly number[]): AnswerProjection[] {
  return values.map((projection, question) => ({ question, projection }))
}

describe('the finetuning shift', () => {
  test('pairs questions, so that how far questions lie apart does not widen the interval', () => {
    const random = createRandom(1)
    const base = Array.from({ length: 20 }, () => 1000 * random.next())
    const tuned = base.map(value => value + 2 + 0.1 * random.next())
    const shift = pairedShift(answers(base), answers(tuned), 7)!
    expect(shift.shift).toBeGreaterThan(2)
    expect(shift.low!).toBeGreaterThan(2)
    expect(shift.high!).toBeLessThan(2.1)
  })

  test('counts each question once and leaves out what only one model answered', () => {
    const base = [...answers([1, 5]), { question: 9, projection: 1e6 }]
    const tuned = [...answers([2, 8]), { question: 1, projection: 10 }, { question: 1, projection: 12 }]
    expect(pairedShift(base, tuned, 7)).toMatchObject({ questions: 2, shift: 3 })
  })

  test('is zero against itself, minus itself when swapped, and the same for the same seed', () => {
    const [a, b] = [answers([1, 4, 9, 16]), answers([2, 3, 5, 7])]
    expect(pairedShift(a, a, 7)).toEqual({ questions: 4, shift: 0, low: 0, high: 0 })
    expect(pairedShift(a, b, 7)!.shift).toBe(-pairedShift(b, a, 7)!.shift)
    expect(pairedShift(a, b, 7)).toEqual(pairedShift(a, b, 7))
  })

  test('has no interval with one question, and is not defined without a shared one', () => {
    expect(pairedShift(answers([1]), answers([3]), 7)).toEqual({
      questions: 1,
      shift: 2,
      low: undefined,
      high: undefined,
    })
    expect(pairedShift(answers([1]), [{ question: 4, projection: 1 }], 7)).toBeUndefined()
  })
})
