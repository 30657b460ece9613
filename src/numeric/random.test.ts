import { describe, expect, test } from 'vitest'
import { createRandom, deriveSeed, randomFrom } from './random.ts'

describe('seeded random numbers', () => {
  test('are those of xoshiro128** (test vector of its Rust implementation, state 1, 2, 3, 4)', () => {
    const random = randomFrom(1, 2, 3, 4)
    const drawn = Array.from({ length: 10 }, () => random.next() * 2 ** 32)
    const known = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804]
    expect(drawn).toEqual(known)
  })

  test('are uniform', () => {
    const random = createRandom(5)
    const counts = new Array<number>(64).fill(0)
    for (let draw = 0; draw < 64_000; draw++) counts[Math.floor(random.next() * 64)]!++
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    expect(chiSquare).toBeLessThan(63 + 5 * Math.sqrt(126))
  })

  test('of neighbouring seeds are unrelated', () => {
    const firsts = Array.from({ length: 2000 }, (_, seed) => createRandom(seed).next())
    const mean = firsts.reduce((a, b) => a + b) / firsts.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 2000))
  })

  test('have seeds of their own for every part of a run', () => {
    const seeds = new Set<number>()
    for (let run = 0; run < 10; run++)
      for (let part = 0; part < 1000; part++) seeds.add(deriveSeed(run, `part ${part}`))
    expect(seeds.size).toBe(10_000)
    expect(deriveSeed(1, 'a')).toBe(deriveSeed(1, 'a'))
  })
})
