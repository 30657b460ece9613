import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'

/**
 * Writes a file so that readers see either the old content or the whole new one: to a temporary name beside it,
 * synced, then renamed. A failed write leaves nothing behind.
 * @throws DISK_FULL, FILE_UNWRITABLE
 */
export async function writeFileWhole(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  await replaceWhole(path, async temporaryPath => {
    const file = await open(temporaryPath, 'wx')
    try {
      const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content
      for (const part of parts) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
  })
}

/**
 * Runs `write` on a temporary path beside `path` and moves the result into place when it succeeded.
 * For files that something else writes: a library, a download.
 * @throws DISK_FULL, FILE_UNWRITABLE, or what `write` throws if that is a catalogue error
 */
export async function replaceWhole(path: string, write: (temporaryPath: string) => Promise<void>): Promise<void> {
  const temporaryPath = `${path}.${randomBytes(6).toString('hex')}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    await write(temporaryPath)
    await rename(temporaryPath, path)
  } catch (error) {
    await rm(temporaryPath, { force: true, recursive: true }).catch(() => {})
    throw writeError(path, error)
  }
}

/** A failed write as a catalogue error. */
export function writeError(path: string, error: unknown): PersonascopeError {
  if (PersonascopeError.is(error)) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new PersonascopeError('DISK_FULL', { path }, { cause: error })
  return new PersonascopeError('FILE_UNWRITABLE', { path, detail: textOf(error) }, { cause: error })
}
