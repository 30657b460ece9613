import { describe, expect, test } from 'vitest'
import { parseCombination } from './parse-combination.ts'

describe('a weighted sum', () => {
  test.each([
    ['joyful', [{ weight: 1, vector: 'joyful' }]],
    [
      '0.5*joyful - 0.2*evil',
      [
        { weight: 0.5, vector: 'joyful' },
        { weight: -0.2, vector: 'evil' },
      ],
    ],
    ['-joyful', [{ weight: -1, vector: 'joyful' }]],
    ['- 2 * joyful', [{ weight: -2, vector: 'joyful' }]],
    [
      'a - -.5*b + 1e-2*c',
      [
        { weight: 1, vector: 'a' },
        { weight: 0.5, vector: 'b' },
        { weight: 0.01, vector: 'c' },
      ],
    ],
    ['passive-aggressive', [{ weight: 1, vector: 'passive-aggressive' }]],
    ['2*a/b.safetensors', [{ weight: 2, vector: 'a/b.safetensors' }]],
  ])('%s', (text, terms) => {
    expect(parseCombination(text)).toEqual(terms)
  })

  test.each([
    ['', /it is empty/],
    ['a b', /"b" stands where \+ or - is expected/],
    ['a +', /missing at its end/],
    ['-', /missing at its end/],
    ['a + + b', /stands where a vector is expected/],
    ['2*', /is no vector/],
    ['x*y', /is no vector/],
    ['0x10*a', /is no vector/],
    ['2*3*a', /is no vector/],
    ['a+b', /"a\+b" is no vector/],
  ])('"%s" is refused', (text, why) => {
    expect(() => parseCombination(text)).toThrowError(why)
  })
})
