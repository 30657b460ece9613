import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { bootstrapInterval } from './bootstrap.ts'
import { pearson } from './correlation.ts'
import { meanOf } from './moments.ts'
import { createRandom, type Random } from './random.ts'
import { clusterRows, resampleRows, takeRows } from './resample-rows.ts'

const golden = readGolden<{
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly cluster: readonly number[]
  readonly seed: number
  readonly resamples: number
  readonly indices: readonly (readonly number[])[]
  readonly values: readonly number[]
  readonly interval95: readonly [number, number]
  readonly interval80: readonly [number, number]
}>('bootstrap')

/** Clusters by number, as the fixture draws them. */
const rowsOfCluster = Array.from({ length: Math.max(...golden.cluster) + 1 }, (_, cluster) =>
  golden.cluster.flatMap((of, row) => (of === cluster ? [row] : [])),
)

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

describe('the bootstrap', () => {
  test('gives the interval of one written in numpy on the same draws', () => {
    const { x, y, seed, resamples } = golden
    const drawn: number[][] = []
    const values: number[] = []
    const statistic = (chosen: Int32Array) => {
      const rows = resampleRows(rowsOfCluster, chosen)
      const r = pearson(takeRows(x, rows), takeRows(y, rows))
      drawn.push([...chosen])
      values.push(r!)
      return r
    }
    const interval = bootstrapInterval({ clusters: rowsOfCluster.length, statistic, resamples, seed })!
    expect(drawn.slice(0, golden.indices.length)).toEqual(golden.indices)
    expectClose(values, golden.values)
    expectClose([interval.low, interval.high], golden.interval95)
    expect(interval.resamples).toBe(resamples)
    const narrow = bootstrapInterval({ clusters: rowsOfCluster.length, statistic, resamples, seed, confidence: 0.8 })!
    expectClose([narrow.low, narrow.high], golden.interval80)
  })

  test('covers the truth about as often as it says when clusters differ, where rows taken singly do not', () => {
    const [clusters, perCluster, trials] = [25, 4, 200]
    const random = createRandom(11)
    const covered = { clusters: 0, rows: 0 }
    for (let trial = 0; trial < trials; trial++) {
      const means = Array.from({ length: clusters }, () => normal(random))
      const values = Float64Array.from({ length: clusters * perCluster }, (_, i) => {
        return means[Math.floor(i / perCluster)]! + 0.5 * normal(random)
      })
      const rows = clusterRows(Array.from(values, (_, i) => Math.floor(i / perCluster)))
      const options = { resamples: 200, seed: trial }
      const whole = bootstrapInterval({
        clusters,
        statistic: chosen => meanOf(takeRows(values, resampleRows(rows, chosen))),
        ...options,
      })!
      const single = bootstrapInterval({
        clusters: values.length,
        statistic: chosen => meanOf(takeRows(values, chosen)),
        ...options,
      })!
      if (whole.low <= 0 && whole.high >= 0) covered.clusters++
      if (single.low <= 0 && single.high >= 0) covered.rows++
    }
    expect(covered.clusters / trials).toBeGreaterThan(0.88)
    expect(covered.clusters / trials).toBeLessThan(0.99)
    expect(covered.rows / trials).toBeLessThan(0.75)
  })

  test('leaves out resamples without a statistic, and says how many were used', () => {
    let calls = 0
    const statistic = () => (calls++ % 4 === 0 ? undefined : calls)
    expect(bootstrapInterval({ clusters: 5, statistic, resamples: 100, seed: 1 })!.resamples).toBe(75)
    const seldom = { clusters: 5, statistic: () => (calls++ % 4 === 0 ? calls : undefined), resamples: 100, seed: 1 }
    expect(bootstrapInterval(seldom)).toBeUndefined()
    const never = { clusters: 5, statistic: () => undefined, resamples: 100, seed: 1 }
    expect(bootstrapInterval(never)).toBeUndefined()
    expect(bootstrapInterval({ ...never, statistic: () => Number.NaN })).toBeUndefined()
  })

  test('is undefined for one cluster, and refuses a confidence in per cent', () => {
    const one = { clusters: 1, statistic: () => 1, seed: 1 }
    expect(bootstrapInterval(one)).toBeUndefined()
    expect(() => bootstrapInterval({ ...one, confidence: 95 })).toThrow('expected a confidence in 0..1, got 95')
  })
})

describe('rows of clusters', () => {
  test('are found, drawn again and taken in order', () => {
    const clusters = clusterRows(['b', 'a', 'b', 'c', 'a'])
    expect(clusters).toEqual([[0, 2], [1, 4], [3]])
    const rows = resampleRows(clusters, Int32Array.of(2, 0, 0))
    expect([...rows]).toEqual([3, 0, 2, 0, 2])
    expect([...takeRows([10, 11, 12, 13, 14], rows)]).toEqual([13, 10, 12, 10, 12])
  })
})
