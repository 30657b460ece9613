import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { writeError } from '../store/write-file-whole.ts'

/** Who holds a lock. */
export interface LockHolder {
  readonly processId: number
  readonly host: string
  /** Tells one lock from the next of the same process. */
  readonly token: string
}

export interface LockOptions {
  readonly signal?: AbortSignal | undefined
  /** Called while another process holds the lock; undefined: it has not yet written who it is. */
  readonly onWait?: (holder: LockHolder | undefined) => void
}

const pollMs = 100
const heartbeatMs = 10_000
/** A holder that has not touched its lock for so long is gone: on another machine, or its process id was given away. */
const staleAfterMs = 60_000

/**
 * Runs `work` while no other process that uses the same lock file does. A lock whose process ended without giving it
 * back is taken over.
 * @throws FILE_UNWRITABLE, DISK_FULL, the signal's reason, or what `work` throws
 */
export async function withFileLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const holder = await acquire(path, options)
  const heartbeat = setInterval(() => void touch(path), heartbeatMs)
  heartbeat.unref()
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    await release(path, holder)
  }
}

async function acquire(path: string, { signal, onWait }: LockOptions): Promise<LockHolder> {
  const holder: LockHolder = { processId: process.pid, host: hostname(), token: randomUUID() }
  for (;;) {
    signal?.throwIfAborted()
    if (await create(path, holder)) return holder
    const found = await look(path)
    if (!found) continue
    if (isStale(found)) {
      await breakLock(path, found.text)
      continue
    }
    onWait?.(found.holder)
    await pause(pollMs, undefined, signal ? { signal } : {})
  }
}

async function create(path: string, holder: LockHolder): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'wx')
    try {
      await file.writeFile(JSON.stringify(holder))
    } catch (error) {
      // On a full disk: an empty lock would hold up everybody until it is stale.
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw writeError(path, error)
  }
}

interface FoundLock {
  readonly text: string
  readonly holder: LockHolder | undefined
  readonly ageMs: number
}

async function look(path: string): Promise<FoundLock | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return { text, holder: parseHolder(text), ageMs: Date.now() - mtimeMs }
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw writeError(path, error)
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<LockHolder>
    return typeof holder.processId === 'number' ? (holder as LockHolder) : undefined
  } catch {
    return undefined
  }
}

function isStale({ holder, ageMs }: FoundLock): boolean {
  if (ageMs > staleAfterMs) return true
  return holder?.host === hostname() && !isAlive(holder.processId)
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return !isCode(error, 'ESRCH')
  }
}

/**
 * Takes a stale lock away. Moving it first lets only one of several waiters have it; who finds that it moved a fresh
 * lock puts it back.
 */
async function breakLock(path: string, staleText: string): Promise<void> {
  const moved = `${path}.${randomUUID()}`
  try {
    await rename(path, moved)
    if ((await readFile(moved, 'utf8')) !== staleText) await link(moved, path).catch(() => {})
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw writeError(path, error)
  } finally {
    await rm(moved, { force: true })
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch(() => {})
}

async function release(path: string, { token }: LockHolder): Promise<void> {
  const found = await look(path).catch(() => undefined)
  if (found?.holder?.token === token) await rm(path, { force: true })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
