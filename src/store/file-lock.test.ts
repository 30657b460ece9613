import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LockHolder, withFileLock } from './file-lock.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterEach(async () => await rm(directory, { recursive: true }))
const path = () => join(directory, 'locks', 'model.lock')
const other: LockHolder = { processId: process.ppid, host: hostname(), token: 'somebody' }

async function leaveLock(text: string, ageMs = 0): Promise<void> {
  await mkdir(dirname(path()), { recursive: true })
  await writeFile(path(), text)
  const time = new Date(Date.now() - ageMs)
  await utimes(path(), time, time)
}

/** The id of a process that has ended. */
function endedProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

test('work under one lock never overlaps', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    inside++
    most = Math.max(most, inside)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    inside--
  }
  await Promise.all(Array.from({ length: 4 }, () => withFileLock(path(), {}, work)))
  expect(most).toBe(1)
  expect(existsSync(path())).toBe(false)
})

test('a lock says which process holds it, and is given back when the work fails', async () => {
  const working = withFileLock(path(), {}, async () => {
    expect(JSON.parse(await readFile(path(), 'utf8'))).toMatchObject({ processId: process.pid, host: hostname() })
    throw new Error('no luck')
  })
  await expect(working).rejects.toThrow('no luck')
  expect(existsSync(path())).toBe(false)
})

describe('a lock that somebody left', () => {
  test.each([
    ['a process that has ended', () => leaveLock(JSON.stringify({ ...other, processId: endedProcess() }))],
    ['a living process that has not touched it for long', () => leaveLock(JSON.stringify(other), 120_000)],
    [
      'a process of another machine that has not touched it for long',
      () => leaveLock(JSON.stringify({ ...other, host: 'elsewhere' }), 120_000),
    ],
    [
      'this process as it was before, in a container that was started again',
      () => leaveLock(JSON.stringify({ ...other, processId: process.pid })),
    ],
    ['nobody knows who, long ago', () => leaveLock('', 120_000)],
  ])('is taken over from %s', async (_, leave) => {
    await leave()
    const result = await withFileLock(path(), { onWait: () => expect.unreachable() }, async () => 'worked')
    expect(result).toBe('worked')
  })

  test.each([
    ['a living process', JSON.stringify(other), other],
    ['a process of another machine', JSON.stringify({ ...other, host: 'elsewhere' }), { ...other, host: 'elsewhere' }],
    ['a process that is just writing who it is', '', undefined],
  ])('is respected when it is of %s', async (_, text, holder) => {
    await leaveLock(text)
    const stop = new AbortController()
    const waitedFor: (LockHolder | undefined)[] = []
    const onWait = (found: LockHolder | undefined) => {
      waitedFor.push(found)
      stop.abort()
    }
    const working = withFileLock(path(), { signal: stop.signal, onWait }, () => expect.unreachable())
    await expect(working).rejects.toMatchObject({ name: 'AbortError' })
    expect(waitedFor).toEqual([holder])
    expect(await readFile(path(), 'utf8')).toBe(text)
  })

  test('is taken over by only one of many', async () => {
    await leaveLock(JSON.stringify({ ...other, processId: endedProcess() }))
    let inside = 0
    let most = 0
    const work = async () => {
      inside++
      most = Math.max(most, inside)
      await new Promise(resolve => setImmediate(resolve))
      inside--
    }
    await Promise.all(Array.from({ length: 6 }, () => withFileLock(path(), {}, work)))
    expect(most).toBe(1)
  })
})
