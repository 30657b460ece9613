import { describe, expect, test } from 'vitest'
import { shapeFor } from './slot-shape.ts'

const limits = { maxSlots: 16, maxTokens: 8192, contextTokens: 8192 }

describe('the shape of a context', () => {
  test.each([
    [1, { slots: 16, tokensPerSlot: 256 }],
    [256, { slots: 16, tokensPerSlot: 256 }],
    [257, { slots: 16, tokensPerSlot: 512 }],
    [513, { slots: 8, tokensPerSlot: 1024 }],
    [5000, { slots: 2, tokensPerSlot: 8192 }],
  ])('for %i tokens a sequence', (tokens, shape) => {
    expect(shapeFor(tokens, limits)).toEqual(shape)
  })

  test('never exceeds what the model was trained for, and never has less than what is needed', () => {
    expect(shapeFor(1500, { ...limits, contextTokens: 1800 })).toEqual({ slots: 4, tokensPerSlot: 1800 })
    expect(shapeFor(8192, limits).tokensPerSlot).toBe(8192)
  })
})
