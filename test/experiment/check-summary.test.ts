/** The analysis against scipy, statsmodels and pingouin, which read the same rows.csv (check_summary.py). */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { analyseExperiment, type ExperimentAnalysis } from '../../src/experiment/analyse-experiment.ts'
import type { ExperimentRows } from '../../src/experiment/experiment-rows.ts'
import type { Estimate } from '../../src/experiment/resampled-correlation.ts'
import { answersToCsv } from '../../src/experiment/rows-to-csv.ts'
import { readRows } from './read-rows.ts'

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file)

/** Every number of `expected`, beside the one at the same place of `found`. */
function numbersOf(expected: unknown, found: unknown, path = ''): [path: string, expected: unknown, found: unknown][] {
  if (typeof expected !== 'object' || expected === null) return [[path, expected, found]]
  return Object.entries(expected).flatMap(([key, value]) =>
    numbersOf(value, (found as Record<string, unknown> | undefined)?.[key], `${path}/${key}`),
  )
}

describe.each(['balanced', 'unbalanced'])('rows that are %s', name => {
  let rows: ExperimentRows
  let analysis: ExperimentAnalysis
  let expected: { readonly correlation: Record<string, Estimate> }
  beforeAll(async () => {
    rows = await readRows(fixture(`${name}.csv`))
    analysis = analyseExperiment(rows, 0)
    expected = JSON.parse(await readFile(fixture(`${name}.json`), 'utf8'))
  })

  test('are read back as they were written', async () => {
    expect(answersToCsv(rows)).toBe(await readFile(fixture(`${name}.csv`), 'utf8'))
  })

  test('give the same figures to nine digits', () => {
    const { line, answerLine, ...found } = analysis
    const all = numbersOf(expected, { ...found, calibration: { line, answerLine } })
    const exact = all.filter(([path]) => !/\/(low|high|permutationP)$/.test(path))
    expect(exact.length).toBeGreaterThan(50)
    for (const [path, wanted, value] of exact) {
      if (typeof wanted !== 'number') expect(value, path).toBe(wanted)
      else expect(Math.abs((value as number) - wanted), path).toBeLessThan(1e-9 * Math.max(1, Math.abs(wanted)))
    }
  })

  test('give about the same intervals and p-values, which depend on draws', () => {
    for (const key of ['perAnswer', 'perCondition', 'withinLevel'] as const) {
      expect(Math.abs(analysis.correlation[key]!.low - expected.correlation[key]!.low), key).toBeLessThan(0.03)
      expect(Math.abs(analysis.correlation[key]!.high - expected.correlation[key]!.high), key).toBeLessThan(0.03)
    }
    const p = expected.correlation['permutationP'] as unknown as number
    expect(Math.abs(analysis.correlation.permutationP! - p)).toBeLessThan(0.02)
  })
})
