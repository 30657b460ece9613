import { describe, expect, test } from 'vitest'
import { candidates, choose } from './choose-contexts.ts'

const measured = (contexts: number, threadsPerContext: number, speed: number) => ({
  options: { contexts, threadsPerContext },
  speed,
})

describe('contexts x threads', () => {
  test('are one thread a context where more threads are hardly faster', () => {
    expect(choose([measured(2, 1, 332), measured(1, 2, 371)])).toEqual({ contexts: 2, threadsPerContext: 1 })
  })

  test('are more threads a context where these are clearly faster', () => {
    expect(choose([measured(4, 1, 100), measured(2, 2, 140), measured(1, 4, 150)])).toEqual({
      contexts: 2,
      threadsPerContext: 2,
    })
  })

  test('are tried from the most contexts to the fewest', () => {
    expect(candidates(2)).toEqual([
      { contexts: 2, threadsPerContext: 1 },
      { contexts: 1, threadsPerContext: 2 },
    ])
  })
})
