import { expect, test } from 'vitest'
import { estimateOf, fitLineOfTrait } from './line-of-trait.ts'

/** Full readings of 2 x first + 1, in turn 0, 1 and -1 more. */
const first = Array.from({ length: 300 }, (_, row) => row / 10)
const full = first.map((value, row) => 2 * value + 1 + [0, 1, -1][row % 3]!)

test('a margin reaches as far as residuals do where no error is allowed', () => {
  const line = fitLineOfTrait('evil', first, full, [{ bound: 31, fromAbove: true }], 0)!
  expect(estimateOf(line, 5)).toBeCloseTo(11, 1)
  // Estimates are a fifth apart, residuals 1 at most.
  for (const margin of [line.above, line.below]) {
    expect(margin).toBeGreaterThan(0.7)
    expect(margin).toBeLessThan(1.05)
  }
})

test('a margin is none on a side that is not told', () => {
  const line = fitLineOfTrait('evil', first, full, [{ bound: 31, fromAbove: false }], 0)!
  expect(line.above).toBeGreaterThan(0.7)
  expect(line.below).toBe(0)
})

test('a margin holds where rows near the bound err more than others', () => {
  const odd = [...full]
  odd[100] = 40
  const line = fitLineOfTrait('evil', first, odd, [{ bound: 31, fromAbove: false }], 1)!
  expect(line.above).toBeGreaterThanOrEqual(31 - estimateOf(line, first[100]!))
})

test('a reading that never varies tells nothing', () => {
  expect(
    fitLineOfTrait(
      'evil',
      first.map(() => 1),
      full,
      [],
      0,
    ),
  ).toBeUndefined()
})

test('a margin holds for all rows that open alike, rounding or not', () => {
  // Ten openings, so ten estimates; under the bound the highest of these is wrong now and then.
  const alike = first.map((_, row) => (row % 10) / 3)
  const whole = alike.map((value, row) => 0.7 * value + (row % 30 === 8 ? 0.9 : 0))
  const line = fitLineOfTrait('evil', alike, whole, [{ bound: 2.5, fromAbove: false }], 0)!
  for (const [row, value] of whole.entries())
    if (value > 2.5) expect(estimateOf(line, alike[row]!) + line.above, `${row}`).toBeGreaterThan(2.5)
  expect(whole.some(value => value > 2.5)).toBe(true)
})
