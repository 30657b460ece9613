import type { Claim } from '../claims.ts'

/** B and L of the work: every bare pass goes through all blocks, a screening stops after layer L. */
export const layer = 16
const blocks = 30
const leastOfEarlyExit = Number(((0.85 * blocks) / layer).toFixed(2))

export const screeningClaims: readonly Claim[] = [
  { what: 'prebuilt against the reference', contestant: 'screen', against: ['float32', 'bfloat16'], least: 1.3 },
  { what: 'native against the reference', contestant: 'screen-native', against: ['float32', 'bfloat16'], least: 2.3 },
  { what: 'against its own bare full prefill', contestant: 'screen', against: ['bare'], least: leastOfEarlyExit },
  {
    what: 'native, against its own bare full prefill',
    contestant: 'screen-native',
    against: ['bare-native'],
    least: leastOfEarlyExit,
  },
  { what: '--fast, against reading all in full', contestant: 'fast', against: ['screen'], least: 1.8 },
  {
    what: 'native with --fast, against reading all in full',
    contestant: 'fast-native',
    against: ['screen-native'],
    least: 1.8,
  },
]
