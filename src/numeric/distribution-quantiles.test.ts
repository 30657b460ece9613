import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { fQuantile, normalQuantile, studentTwoSided } from './distribution-quantiles.ts'
import { betaSlope, incompleteBeta } from './incomplete-beta.ts'

const golden = readGolden<{
  readonly student: readonly (readonly [number, number, number])[]
  readonly fisher: readonly (readonly [number, number, number, number])[]
  readonly normal: readonly (readonly [number, number])[]
  readonly beta: readonly (readonly [number, number, number, number])[]
}>('distributions')

function relative(actual: number, expected: number): number {
  return expected === 0 ? Math.abs(actual) : Math.abs(actual / expected - 1)
}

describe('quantiles', () => {
  test('of Student, Fisher and the normal distribution are those of scipy', () => {
    for (const [confidence, freedom, t] of golden.student)
      expect(relative(studentTwoSided(confidence, freedom), t), `t ${confidence} ${freedom}`).toBeLessThan(1e-11)
    for (const [p, above, below, f] of golden.fisher)
      expect(relative(fQuantile(p, above, below), f), `F ${p} ${above} ${below}`).toBeLessThan(1e-11)
    for (const [p, z] of golden.normal) expect(relative(normalQuantile(p), z), `z ${p}`).toBeLessThan(1e-14)
  })

  test('of Student and Fisher agree with each other, as t squared is F with one degree above', () => {
    for (const freedom of [1, 4, 29.5, 1e4])
      expectClose(studentTwoSided(0.93, freedom) ** 2, fQuantile(0.93, 1, freedom), 1e-12)
  })

  test('reach their ends and refuse what is no probability', () => {
    expect(studentTwoSided(0, 5)).toBe(0)
    expect(fQuantile(1, 3, 5)).toBe(Number.POSITIVE_INFINITY)
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(() => studentTwoSided(95, 5)).toThrow('expected a probability in 0..1, got 95')
    expect(() => fQuantile(0.5, 3, 0)).toThrow('expected degrees of freedom above 0, got 3 and 0')
    expect(() => studentTwoSided(0.5, Number.NaN)).toThrow('degrees of freedom')
  })
})

describe('the incomplete beta function', () => {
  test('is that of scipy', () => {
    for (const [a, b, x, value] of golden.beta) expectClose(incompleteBeta(a, b, x), value, 1e-12)
  })

  test('has the slope that differences show', () => {
    for (const [a, b, x] of [
      [0.5, 3, 0.2],
      [40, 60, 0.45],
      [7, 0.5, 0.9],
    ] as const) {
      const step = 1e-5
      const slope = (incompleteBeta(a, b, x * (1 + step)) - incompleteBeta(a, b, x * (1 - step))) / (2 * step)
      expect(relative(betaSlope(a, b, x), slope)).toBeLessThan(1e-6)
    }
  })
})
