import { describe, expect, test } from 'vitest'
import { parseSteering } from './parse-steering.ts'

describe('steering on the command line', () => {
  test.each([
    ['joyful=1.5', { vector: 'joyful', layer: undefined, amount: 1.5 }],
    ['joyful@16=-2', { vector: 'joyful', layer: 16, amount: -2 }],
    ['a/b.safetensors@3=+.5', { vector: 'a/b.safetensors', layer: 3, amount: 0.5 }],
    [' x=1e-2 ', { vector: 'x', layer: undefined, amount: 0.01 }],
  ])('%s', (text, wish) => {
    expect(parseSteering(text)).toEqual(wish)
  })

  test.each([
    '',
    'joyful',
    'joyful=',
    '=1',
    'joyful@=1',
    'joyful@x=1',
    'joyful@1.5=1',
    'joyful=1.5.2',
    'joyful=NaN',
    'joyful=0x10',
    'two words=1',
  ])('"%s" is refused', text => {
    expect(() => parseSteering(text)).toThrowError(/vector/)
  })
})
