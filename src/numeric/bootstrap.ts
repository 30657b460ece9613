import { quantile } from './moments.ts'
import { createRandom } from './random.ts'

export interface BootstrapOptions {
  /** How many clusters there are: what was drawn independently, such as questions. Their rows stay together. */
  readonly clusters: number
  /**
   * The statistic of one resample. `chosen` holds as many cluster numbers as there are clusters, some of them more than
   * once; it is reused for the next resample, so it must not be kept. See `resampleRows`.
   */
  readonly statistic: (chosen: Int32Array) => number | undefined
  /** Default 2000. */
  readonly resamples?: number
  readonly seed: number
  /** Default 0.95. */
  readonly confidence?: number
}

export interface BootstrapInterval {
  readonly low: number
  readonly high: number
  /** Resamples in which the statistic was defined. */
  readonly resamples: number
}

/**
 * A percentile interval from whole clusters drawn with replacement (Efron 1979; the cluster bootstrap of Davison and
 * Hinkley 1997, 3.8). The same seed gives the same interval.
 * @returns undefined with fewer than two clusters, or where the statistic is undefined in half of the resamples or more
 */
export function bootstrapInterval(options: BootstrapOptions): BootstrapInterval | undefined {
  const { clusters, statistic, resamples = 2000, seed, confidence = 0.95 } = options
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`expected a confidence in 0..1, got ${confidence}`)
  if (clusters < 2) return undefined
  const random = createRandom(seed)
  const chosen = new Int32Array(clusters)
  const drawn = new Float64Array(resamples)
  let defined = 0
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < clusters; i++) chosen[i] = Math.floor(random.next() * clusters)
    const value = statistic(chosen)
    if (value !== undefined && !Number.isNaN(value)) drawn[defined++] = value
  }
  if (defined * 2 <= resamples) return undefined
  const values = drawn.subarray(0, defined)
  const low = quantile(values, (1 - confidence) / 2)!
  const high = quantile(values, (1 + confidence) / 2)!
  return { low, high, resamples: defined }
}
