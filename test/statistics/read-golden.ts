import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

/** What `make_fixture.py` wrote about one topic; the type says what the test needs of it. */
export function readGolden<Golden>(topic: string): Golden {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'golden', `${topic}.json`), 'utf8'))
}

/** Fails unless the numbers agree to a part of their size (or of 1, for smaller ones). */
export function expectClose(
  actual: number | ArrayLike<number> | undefined,
  expected: number | ArrayLike<number>,
  tolerance = 1e-9,
): void {
  if (typeof expected === 'number') {
    expect(actual).toBeTypeOf('number')
    const difference = Math.abs((actual as number) - expected) / Math.max(1, Math.abs(expected))
    expect(difference, `${actual} against ${expected}`).toBeLessThan(tolerance)
    return
  }
  const values = actual as ArrayLike<number>
  expect(values).toHaveLength(expected.length)
  for (let i = 0; i < expected.length; i++) expectClose(values[i], expected[i]!, tolerance)
}
