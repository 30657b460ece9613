import { describe, expect, test } from 'vitest'
import { analyseShift, levelOf, type ShiftAnswer } from './analyse-shift.ts'

/** One answer a question: its projections on two vectors, and its score. */
function answers(rows: readonly (readonly [number, number, number?] | null)[]): ShiftAnswer[] {
  return rows.map((row, question) => ({ question, projections: row && [row[0], row[1]], score: row?.[2] }))
}

describe('the shift of a tuned model', () => {
  const base = [
    answers([
      [1, 10, 20],
      [3, 30, 40],
    ]),
    answers([
      [0, 5],
      [2, 5],
    ]),
  ]
  const tuned = [
    answers([
      [2, 10, 50],
      [6, 20, 40],
    ]),
    answers([
      [1, 8],
      [1, 4],
    ]),
  ]

  test('is tuned minus base for every vector on the questions of every trait', () => {
    const { matrix, traits } = analyseShift(base, tuned, 7)
    // ((2-1) + (6-3)) / 2, ((10-10) + (20-30)) / 2; ((1-0) + (1-2)) / 2, ((8-5) + (4-5)) / 2
    expect(matrix.map(row => row.map(cell => cell!.shift))).toEqual([
      [2, -5],
      [0, 1],
    ])
    expect(traits.map(({ projection }) => projection)).toEqual([matrix[0]![0], matrix[1]![1]])
  })

  test('has the standard deviation of the base answers beside it, none where they do not differ', () => {
    const { matrix } = analyseShift(base, tuned, 7)
    expect(matrix[0]![0]!.baseDeviation).toBeCloseTo(Math.sqrt(2), 12)
    expect(matrix[0]![1]!.baseDeviation).toBeCloseTo(Math.sqrt(200), 12)
    expect(matrix[1]![1]!.baseDeviation).toBeNull()
  })

  test('has a change of score where there are scores, of the questions that both have one for', () => {
    const { traits } = analyseShift(base, tuned, 7)
    expect(traits[0]!.score).toMatchObject({ questions: 2, shift: 15 })
    expect(traits[1]!.score).toBeNull()
  })

  test('leaves empty answers out and says how many there were', () => {
    const silent = answers([null, [4, 0, 0]])
    expect(analyseShift([base[0]!], [silent], 7).traits[0]!.projection).toMatchObject({
      questions: 1,
      shift: 1,
      low: null,
      high: null,
    })
    expect(levelOf(silent, 0)).toEqual({ answers: 2, empty: 1, meanProjection: 4, meanScore: 0, scored: 1 })
    expect(analyseShift([base[0]!], [answers([null, null])], 7).traits[0]!.projection).toBeNull()
  })
})
