import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { writeError } from './write-file-whole.ts'

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
/** Tokens of the locks that this process holds. */
const held = new Set<string>()

/** A lock that was taken, until it is given back. */
export interface HeldLock {
  readonly release: () => Promise<void>
}

/**
 * Runs `work` while no other process that uses the same lock file does. A lock whose process ended without giving it
 * back is taken over.
 * @throws FILE_UNWRITABLE, DISK_FULL, the signal's reason, or what `work` throws
 */
export async function withFileLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const { release } = await acquire(path, options)
  try {
    return await work()
  } finally {
    await release()
  }
}

async function acquire(path: string, { signal, onWait }: LockOptions): Promise<HeldLock> {
  for (;;) {
    signal?.throwIfAborted()
    const lock = await tryFileLock(path)
    if ('release' in lock) return lock
    onWait?.(lock.holder)
    await pause(pollMs, undefined, signal ? { signal } : {})
  }
}

/**
 * Takes a lock, or says at once who holds it. A lock whose process ended without giving it back is taken over.
 * @throws FILE_UNWRITABLE, DISK_FULL
 */
export async function tryFileLock(path: string): Promise<HeldLock | { readonly holder: LockHolder | undefined }> {
  const own: LockHolder = { processId: process.pid, host: hostname(), token: randomUUID() }
  for (;;) {
    if (await create(path, own)) return hold(path, own)
    const found = await look(path)
    if (!found) continue
    if (!isStale(found)) return { holder: found.holder }
    await breakLock(path, found.text)
  }
}

function hold(path: string, own: LockHolder): HeldLock {
  held.add(own.token)
  const heartbeat = setInterval(() => void touch(path), heartbeatMs)
  heartbeat.unref()
  return {
    async release() {
      clearInterval(heartbeat)
      held.delete(own.token)
      await removeOwn(path, own)
    },
  }
}

async function create(path: string, own: LockHolder): Promise<boolean> {
  const written = `${path}.${own.token}`
  try {
    await mkdir(dirname(path), { recursive: true })
    // Linked into place with its content: a process that is killed leaves no lock of nobody.
    await writeFile(written, JSON.stringify(own))
    await link(written, path)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw writeError(path, error)
  } finally {
    await rm(written, { force: true })
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
  if (holder?.host !== hostname()) return false
  // In a container that was started again the id of the earlier process is this one's.
  return holder.processId === process.pid ? !held.has(holder.token) : !isAlive(holder.processId)
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

async function removeOwn(path: string, { token }: LockHolder): Promise<void> {
  const found = await look(path).catch(() => undefined)
  if (found?.holder?.token === token) await rm(path, { force: true })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
