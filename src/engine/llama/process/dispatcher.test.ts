import { describe, expect, test } from 'vitest'
import type { PreparedForward } from '../../request/prepared-request.ts'
import { splitEvenly } from './dispatcher.ts'

const item = (id: number, tokens: number) => {
  const request: PreparedForward = {
    kind: 'forward',
    tokens: new Array<number>(tokens).fill(1),
    promptLength: tokens,
    boundaries: [],
    steering: [],
    capture: undefined,
    responseLogprobs: false,
  }
  return { id, request }
}

describe('a group of requests', () => {
  test('is split into neighbouring parts of about equal tokens', () => {
    const items = [100, 100, 10, 10, 10, 70, 100].map((tokens, id) => item(id, tokens))
    const parts = splitEvenly(items, 2)
    expect(parts.map(part => part.map(({ id }) => id))).toEqual([
      [0, 1],
      [2, 3, 4, 5, 6],
    ])
  })

  test('keeps every request once, whatever the number of parts', () => {
    for (const parts of [1, 2, 3, 7, 40]) {
      const items = Array.from({ length: 23 }, (_, id) => item(id, 1 + ((id * 7) % 13)))
      expect(
        splitEvenly(items, parts)
          .flat()
          .map(({ id }) => id),
      ).toEqual(items.map(({ id }) => id))
    }
  })
})
