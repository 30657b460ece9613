import type { ScoresReader } from './scores-file.ts'

/** Thresholds to choose from, and how many rows lie above each. */
export interface ThresholdStops {
  /** Evenly spaced round numbers, ascending, as they can be given to a filter; at least two. */
  readonly bounds: readonly number[]
  readonly above: readonly number[]
  /** Rows that have a score. */
  readonly total: number
}

const mostStops = 300
/** A spread below this part of the values is rounding. */
const rounding = 1e-9

/**
 * Thresholds over all scores of a column, counted exactly. Few rows far out do not stretch the steps: the ends are at
 * most half the range of all but the outermost 0.2 % beyond these; what lies farther out is counted with the ends.
 * @returns undefined where the scores do not differ
 */
export async function thresholdStops(scores: ScoresReader, column: string): Promise<ThresholdStops | undefined> {
  const [spread = []] = await scores.query(`SELECT count(v), min(v), max(v), quantile_cont(v, 0.001),
    quantile_cont(v, 0.999) FROM (SELECT ${column} AS v FROM scores)`)
  const [total, min, max, low, high] = spread as number[]
  if (!total || !(max! - min! > rounding * Math.max(Math.abs(min!), Math.abs(max!)))) return undefined
  const room = (high! - low!) / 2
  const bounds = roundSteps(Math.max(min!, low! - room), Math.min(max!, high! + room))
  const counts = bounds.map(bound => `count(*) FILTER (${column} > (${bound})::DOUBLE)`)
  const [above = []] = await scores.query(`SELECT ${counts.join(', ')} FROM scores`)
  return { bounds, above: above as number[], total }
}

/** Multiples of 1, 2, 2.5 or 5 times a power of ten, from at or under `low` to at or over `high`. */
function roundSteps(low: number, high: number): number[] {
  const least = (high - low) / (mostStops - 2)
  const power = 10 ** Math.floor(Math.log10(least))
  const step = power * ([1, 2, 2.5, 5, 10].find(factor => factor * power >= least) ?? 10)
  const first = Math.floor(low / step)
  const last = Math.max(first + 1, Math.ceil(high / step))
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)))
}
