/** What is claimed of the engine's speed, and whether a run bears it out. */

/** Seconds by contestant: one entry for each round it took part in, from the first on. */
export type RoundSeconds = ReadonlyMap<string, readonly number[]>

export interface Claim {
  readonly what: string
  readonly contestant: string
  /** Whom it is measured against: the fastest of these. */
  readonly against: readonly string[]
  /** The ratio of speeds that is promised; undefined where it is only stated. */
  readonly least: number | undefined
}

export interface JudgedClaim {
  readonly what: string
  readonly contestant: string
  readonly against: string
  readonly least: number | undefined
  /** Speed over the other's speed on the same work: of the rounds' ratios the median, the lowest and the highest. */
  readonly ratio: Spread
  readonly met: boolean | undefined
}

export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export const claims: readonly Claim[] = [
  { what: 'against the bare loop', contestant: 'engine', against: ['bare'], least: 1 },
  { what: 'against the reference', contestant: 'engine', against: ['float32', 'bfloat16'], least: 2 },
  { what: 'native build against the reference', contestant: 'native', against: ['float32', 'bfloat16'], least: 3 },
  { what: 'beside a busy process, against quiet', contestant: 'busy', against: ['engine'], least: 0.5 },
  { what: '16 clients, against the bare loop', contestant: 'served', against: ['bare'], least: 0.8 },
  { what: 'three traits read, against none', contestant: 'monitored', against: ['served'], least: 0.97 },
  { what: 'three forecasters read, against none', contestant: 'forecasting', against: ['served'], least: 0.97 },
  { what: 'steered, against unsteered', contestant: 'served-steered', against: ['served'], least: 0.95 },
  { what: 'steered, against unsteered', contestant: 'steered', against: ['engine'], least: undefined },
  { what: 'GPU against the reference', contestant: 'gpu', against: ['gpu-float32', 'gpu-bfloat16'], least: undefined },
  { what: 'GPU, steered, against unsteered', contestant: 'gpu-steered', against: ['gpu'], least: undefined },
  { what: 'GPU, against CPU', contestant: 'gpu', against: ['engine'], least: undefined },
  { what: 'native build, against prebuilt', contestant: 'native', against: ['engine'], least: undefined },
]

/** The claims all of whose contestants took part. */
export function judgeClaims(seconds: RoundSeconds, claimed: readonly Claim[] = claims): JudgedClaim[] {
  return claimed
    .filter(({ contestant, against }) => [contestant, ...against].every(name => seconds.has(name)))
    .map(({ what, contestant, against: rivals, least }) => {
      const medianOf = (name: string) => spreadOf(seconds.get(name)!).median
      const against = rivals.reduce((best, name) => (medianOf(name) < medianOf(best) ? name : best))
      const own = seconds.get(contestant)!
      const ratio = spreadOf(seconds.get(against)!.map((rival, round) => rival / own[round]!))
      return { what, contestant, against, least, ratio, met: least === undefined ? undefined : ratio.median >= least }
    })
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, lowest: sorted[0]!, highest: sorted.at(-1)! }
}
