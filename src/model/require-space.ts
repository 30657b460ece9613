import { mkdir, statfs } from 'node:fs/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { writeError } from '../store/write-file-whole.ts'

/**
 * Makes the folder and checks that it can take so many more bytes, before the first one is fetched.
 * @throws DISK_FULL, FILE_UNWRITABLE
 */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
  let free: number
  try {
    await mkdir(directory, { recursive: true })
    free = await freeBytes(directory)
  } catch (error) {
    throw writeError(directory, error)
  }
  if (free < bytes) {
    throw new PersonascopeError('DISK_FULL', {
      path: `${directory} (${inGigabytes(bytes)} needed, ${inGigabytes(free)} free)`,
    })
  }
}

/** Bytes an ordinary user may still write on the disk that holds a path. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

function inGigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`
}
