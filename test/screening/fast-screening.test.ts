/** The cascade (`--fast`) from end to end on the fake engine. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDuckDb, sqlText } from '../../src/dataset/parquet.ts'
import { drawCalibrationRows, fewestRows } from '../../src/screening/cascade/screen-in-cascade.ts'
import { parseAbove, parseAmount } from '../../src/screening/score-condition.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { filterDataset } from '../../src/workbench/filter-dataset.ts'
import type { FinishedScreening, ScreenOptions } from '../../src/workbench/screen-dataset.ts'
import { fakeVectors, fastRules, screenWithFake, writeToldDataset } from './fake-screening.ts'

const rows = fewestRows + 40
let folder: string
let told: string
let full: FinishedScreening
let fast: FinishedScreening

const vectors = fakeVectors.slice(0, 1)
const screen = (where: string, dataset: string, more: Partial<ScreenOptions> = {}) =>
  screenWithFake(join(folder, where), [dataset], { vectors, ...more })
const filter = (where: string, run: string, rule?: string) =>
  filterDataset({
    workspace: openWorkspace(join(folder, where, '.personascope')),
    run,
    rulesOf: plan => (rule === undefined ? [] : [parseAmount('--drop-top', rule, plan)]),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  told = join(folder, 'told.jsonl')
  await writeToldDataset(told, rows)
  full = await screen('full', told)
  fast = await screen('fast', told, { fast: { rules: fastRules } })
}, 120_000)
afterAll(async () => await rm(folder, { recursive: true }))

async function readScores(runPath: string): Promise<Record<string, unknown>[]> {
  await using database = await openDuckDb()
  const result = await database.runAndReadAll(`SELECT * FROM read_parquet(${sqlText(join(runPath, 'scores.parquet'))})`)
  return result.getRowObjectsJson() as Record<string, unknown>[]
}

const finalFiles = ['scores.parquet', 'summary.json', 'report.html', 'unreadable.jsonl', 'cascade.json']
const readFinal = (runPath: string) => Promise.all(finalFiles.map(file => readFile(join(runPath, file), 'base64')))

describe('a cascade', () => {
  test('where the beginning tells the whole decides as the full pass, and reads a part of the rows', async () => {
    const { fast: outcome } = fast.summary
    expect(outcome).toMatchObject({ kind: 'cascade', calibrationRows: 256 })
    expect(outcome!.agreement!.rows).toBe(1024)
    expect(outcome!.agreement!.same.low).toBeGreaterThan(0.99)
    expect(outcome!.agreement!.found!.of).toBeGreaterThan(20)
    const decided = await filter('fast', fast.runPath)
    const wanted = await filter('full', full.runPath, 'evil=5%')
    expect(decided.flagged).toBe(Math.ceil(rows * 0.05))
    for (const side of ['kept', 'flagged'] as const)
      expect(await readFile(decided.files[0]![side].path, 'utf8'), side).toBe(
        await readFile(wanted.files[0]![side].path, 'utf8'),
      )
  })

  test('says of every row which pass scored it, and gives read rows the scores of the full pass', async () => {
    const [of, whole] = [await readScores(fast.runPath), await readScores(full.runPath)]
    const estimated = of.filter(({ pass }) => pass === 'first')
    expect(estimated.length).toBe(fast.summary.fast!.rows.estimated)
    expect(estimated.length).toBeGreaterThan(rows / 4)
    let largest = 0
    for (const [row, scores] of of.entries()) {
      if (scores['pass'] === 'full') {
        expect(scores).toEqual(whole[row])
        continue
      }
      expect(scores).toMatchObject({ row: String(row), tokens: null, evil_max: null, evil_cosine: null, responses: 1 })
      largest = Math.max(
        largest,
        Math.abs((scores['evil_projection'] as number) - (whole[row]!['evil_projection'] as number)),
      )
    }
    // Estimates are none of the projections they stand for, and near them.
    expect(largest).toBeGreaterThan(1e-3)
    expect(largest).toBeLessThan(1)
    expect(whole.every(({ pass }) => pass === 'full')).toBe(true)
    expect(await readFile(fast.reportPath, 'utf8')).toContain('Some rows were estimated')
  })

  test('decides nothing but what it was made for', async () => {
    await expect(filter('fast', fast.runPath, 'evil=6%')).rejects.toMatchObject({ code: 'SCREENING_DECIDED' })
    await expect(filter('full', full.runPath)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect(await filter('fast', fast.runPath, 'evil=5%')).toMatchObject({ flagged: Math.ceil(rows * 0.05) })
  })

  test('made for a bound flags the rows above it', async () => {
    const bound = full.summary.traits[0]!.spreads.projection!.p95
    const rules = [{ kind: 'above', trait: 'evil', measure: 'projection', bound }] as const
    const { runPath, summary } = await screen('above', told, { fast: { rules } })
    expect(summary.fast!.kind).toBe('cascade')
    const decided = await filter('above', runPath)
    const wanted = await filterDataset({
      workspace: openWorkspace(join(folder, 'full', '.personascope')),
      run: full.runPath,
      rulesOf: plan => [parseAbove(`evil=${bound}`, plan)],
    })
    expect(await readFile(decided.files[0]!.flagged.path, 'utf8')).toBe(
      await readFile(wanted.files[0]!.flagged.path, 'utf8'),
    )
  })

  test('where the beginning misleads is given up, and every row is read in full', async () => {
    const calibration = new Set(drawCalibrationRows(rows, 0))
    const lies = new Set(
      Array.from({ length: rows }, (_, row) => row).filter(row => row % 20 === 3 && !calibration.has(row)),
    )
    const dataset = join(folder, 'lies.jsonl')
    await writeToldDataset(dataset, rows, lies)
    const given = await screen('lies', dataset, { fast: { rules: fastRules } })
    expect(given.summary.fast).toMatchObject({ kind: 'fallback', rows: { readInFull: rows, estimated: 0 } })
    expect(given.summary.fast!.agreement!.same.low).toBeLessThan(0.99)
    const whole = await screen('lies', dataset)
    expect(await readScores(given.runPath)).toEqual(await readScores(whole.runPath))
    // With all rows read, it decides anything.
    expect(await filter('lies', given.runPath, 'evil=6%')).toMatchObject({ flagged: Math.ceil(rows * 0.06) })
  })

  test('of few rows reads them in full and says so', async () => {
    const { summary, reportPath } = await screen('few', told, { fast: { rules: fastRules }, settings: { limit: 30 } })
    expect(summary.fast).toEqual({ kind: 'small', rows: { readInFull: 30, estimated: 0 } })
    expect(await readFile(reportPath, 'utf8')).toContain('saves nothing on so few rows')
  })

  test('refuses what needs every row read in full', async () => {
    for (const more of [
      { settings: { ownAnswerTokens: 4 } },
      { settings: { labelColumn: 'label' } },
      { settings: { groupColumn: 'group' } },
      { baseline: 'ordinary' },
    ])
      await expect(screen('refused', told, { fast: { rules: fastRules }, ...more })).rejects.toMatchObject({
        code: 'OPTION_INVALID',
      })
    await expect(screen('refused', told, { fast: { rules: [] } })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  test('killed again and again goes on and ends in the same bytes as one that was not', {
    timeout: 120_000,
  }, async () => {
    const start = () =>
      spawn(process.execPath, [join(import.meta.dirname, 'screen-in-child.ts'), join(folder, 'killed'), told, 'fast'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    // Found by what is on the disk, so that every phase is met however fast the machine is.
    for (const phase of ['full-1', 'first-8', 'full-2', 'full-3']) {
      const child = start()
      child.stdout.resume()
      const ended = new Promise<number | null>(resolve => child.once('close', resolve))
      while (!(await filesUnder(join(folder, 'killed'))).some(file => file.includes(join('fast', phase))))
        await pause(5)
      child.kill('SIGKILL')
      expect(await ended, phase).toBeNull()
    }
    const killed = await screen('killed', told, { fast: { rules: fastRules } })
    expect(killed.reusedRows).toBeGreaterThan(rows)
    expect(await readFinal(killed.runPath)).toEqual(await readFinal(fast.runPath))
    expect((await readdir(killed.runPath)).sort()).toEqual([...finalFiles, 'manifest.json'].sort())
  })
})

async function filesUnder(path: string): Promise<string[]> {
  return await readdir(path, { recursive: true }).catch(() => [])
}
