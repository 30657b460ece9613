import { quantile } from '../../src/numeric/moments.ts'
import { createRandom } from '../../src/numeric/random.ts'

/** What was measured of the models of one arm, minus the base model. */
export interface ArmValues {
  readonly arm: string
  /** [seed][question] */
  readonly values: readonly (readonly number[])[]
}

export interface ComparedValue {
  readonly value: number
  /** 95 %, seeds and questions both resampled. */
  readonly low: number
  readonly high: number
}

export interface ComparedArms {
  readonly arms: readonly (ComparedValue & { readonly arm: string; readonly bySeed: readonly number[] })[]
  /** Every arm minus every later one, on the same questions. */
  readonly differences: readonly (ComparedValue & {
    readonly arm: string
    readonly minus: string
    readonly bySeed: readonly number[]
  })[]
}

const resamples = 4000

/**
 * Means over seeds and questions, with percentile intervals that draw seeds and questions anew, each with replacement
 * and apart from each other (the pigeonhole bootstrap of Owen 2007); the same draws for every arm, so that differences
 * are paired. With three seeds the part that comes from seeds is rough and too small: read the seeds' own values too.
 */
export function compareArms(measured: readonly ArmValues[]): ComparedArms {
  const [first] = measured
  const seeds = first!.values.length
  const questions = first!.values[0]!.length
  const random = createRandom(0)
  const draw = (count: number) => Array.from({ length: count }, () => Math.floor(random.next() * count))
  const drawn = Array.from({ length: resamples }, () => ({ seeds: draw(seeds), questions: draw(questions) }))
  const all = { seeds: [...Array(seeds).keys()], questions: [...Array(questions).keys()] }
  const meanOf = (values: ArmValues['values'], { seeds: ofSeeds, questions: of }: typeof all) => {
    let sum = 0
    for (const seed of ofSeeds) for (const question of of) sum += values[seed]![question]!
    return sum / (ofSeeds.length * of.length)
  }
  const compare = (values: ArmValues['values']) => {
    const estimates = Float64Array.from(drawn, chosen => meanOf(values, chosen))
    return {
      value: meanOf(values, all),
      low: quantile(estimates, 0.025)!,
      high: quantile(estimates, 0.975)!,
      bySeed: all.seeds.map(seed => meanOf(values, { ...all, seeds: [seed] })),
    }
  }
  return {
    arms: measured.map(({ arm, values }) => ({ arm, ...compare(values) })),
    differences: measured.flatMap((a, index) =>
      measured.slice(index + 1).map(b => ({
        arm: a.arm,
        minus: b.arm,
        ...compare(a.values.map((row, seed) => row.map((value, question) => value - b.values[seed]![question]!))),
      })),
    ),
  }
}
