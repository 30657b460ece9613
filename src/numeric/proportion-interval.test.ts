import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { wilsonInterval } from './proportion-interval.ts'

describe('the Wilson interval', () => {
  test('is that of statsmodels', () => {
    const golden = readGolden<(readonly [number, number, number, number, number])[]>('proportion-interval')
    for (const [successes, n, confidence, low, high] of golden) {
      const found = wilsonInterval(successes, n, confidence)!
      expectClose([found.low, found.high], [low, high], 1e-13)
    }
  })

  test('ends exactly at 0 and at 1', () => {
    expect(wilsonInterval(0, 9)!.low).toBe(0)
    expect(wilsonInterval(9, 9)!.high).toBe(1)
  })

  test('is undefined without trials, and refuses more successes than trials', () => {
    expect(wilsonInterval(0, 0)).toBeUndefined()
    expect(() => wilsonInterval(5, 4)).toThrow('expected 0 to 4 successes, got 5')
  })
})
