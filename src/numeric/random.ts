/**
 * Seeded random numbers. The same seed gives the same numbers on every machine and in every version:
 * results that name their seed can be made again.
 */

/** A source of uniform numbers in [0, 1) with 32 random bits each. */
export interface Random {
  next(): number
}

/**
 * xoshiro128** seeded through splitmix32 (Blackman and Vigna, prng.di.unimi.it).
 * @param seed any integer; only its low 32 bits count, so use `deriveSeed` for composed seeds
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const splitmix = () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  return randomFrom(splitmix(), splitmix(), splitmix(), splitmix())
}

/** xoshiro128** from its four words of state, not all zero. */
export function randomFrom(a: number, b: number, c: number, d: number): Random {
  return {
    next() {
      const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
      const shifted = b << 9
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= shifted
      d = rotateLeft(d, 11)
      return scrambled / 0x1_0000_0000
    },
  }
}

/**
 * A seed for one part of a run, from the run's seed and the part's name: parts are independent of each other
 * and of the order in which they run (FNV-1a over the text, then a final mix).
 * @returns an unsigned 32-bit integer
 */
export function deriveSeed(seed: number, part: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (const byte of new TextEncoder().encode(part)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
