import { describe, expect, test } from 'vitest'
import { createRandom } from '../numeric/random.ts'
import { askedWait, defaultRetryPolicy, waitBeforeRetry } from './retry-policy.ts'

describe('the wait before another try', () => {
  test('doubles up to its longest, and is between half of that and all of it', () => {
    const random = createRandom(3)
    for (let failures = 1; failures < 30; failures++) {
      const whole = Math.min(500 * 2 ** (failures - 1), 30_000)
      const wait = waitBeforeRetry(failures, defaultRetryPolicy, random)
      expect(wait).toBeGreaterThanOrEqual(whole / 2)
      expect(wait).toBeLessThan(whole)
    }
  })

  test('is what the server asks for: in milliseconds, in seconds, or until a date', () => {
    const now = Date.parse('2030-01-01T00:00:00Z')
    const asked = (headers: Record<string, string>) => askedWait(new Headers(headers), now)
    expect(asked({ 'retry-after': '2' })).toBe(2000)
    expect(asked({ 'retry-after': '0.5' })).toBe(500)
    expect(asked({ 'retry-after-ms': '250', 'retry-after': '2' })).toBe(250)
    expect(asked({ 'retry-after': 'Tue, 01 Jan 2030 00:00:09 GMT' })).toBe(9000)
    expect(asked({ 'retry-after': 'Mon, 31 Dec 2029 23:59:00 GMT' })).toBe(0)
    expect(asked({ 'retry-after': 'soon' })).toBeUndefined()
    expect(asked({})).toBeUndefined()
    expect(askedWait(undefined, now)).toBeUndefined()
  })
})
