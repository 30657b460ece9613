import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRun } from './run-folder.ts'

let runs: string
beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(runs, { recursive: true }))

describe('a run folder', () => {
  test('is the same one for an equal plan, whatever the order of its keys', async () => {
    const first = await openRun(runs, 'k', 'name', { a: 1, b: { c: 2, d: 3 } })
    await first[Symbol.asyncDispose]()
    const second = await openRun(runs, 'k', 'name', { b: { d: 3, c: 2 }, a: 1 })
    await second[Symbol.asyncDispose]()
    expect(second).toMatchObject({ path: first.path, resumed: true })
    expect(first.resumed).toBe(false)
    expect(second.manifest).toEqual(first.manifest)
  })

  test('is another one for another plan', async () => {
    const ids = new Set<string>()
    for (const plan of [{ a: 1 }, { a: 2 }, { a: '1' }]) {
      await using run = await openRun(runs, 'k', 'name', plan)
      ids.add(run.id)
    }
    expect(ids.size).toBe(3)
  })

  test('is held by one at a time', async () => {
    await using run = await openRun(runs, 'k', 'held', {})
    const second = openRun(runs, 'k', 'held', {})
    await expect(second).rejects.toMatchObject({ code: 'RUN_IN_USE', facts: { run: run.id, processId: process.pid } })
  })

  test('is taken over from a process that is gone', async () => {
    const first = await openRun(runs, 'k', 'orphan', {})
    // Above any process id that Linux hands out.
    const gone = { processId: 99999999, host: hostname(), token: 'gone' }
    await writeFile(join(first.path, 'in-use'), JSON.stringify(gone))
    await using second = await openRun(runs, 'k', 'orphan', {})
    expect(second.resumed).toBe(true)
  })
})
