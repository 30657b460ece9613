import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { writeError } from '../store/write-file-whole.ts'

export interface DownloadSettings {
  /** How many bytes the whole has. */
  readonly size: number
  /** The bytes from `offset` on. */
  readonly read: (offset: number) => ReadableStream<Uint8Array>
  readonly onBytes: (doneBytes: number) => void
  readonly signal?: AbortSignal | undefined
  /** How long a connection may stay silent. Default 30 s. */
  readonly silenceMs?: number
  /** How long to wait before a connection that brought nothing is tried again. Default 500 ms. */
  readonly pauseMs?: number
}

/** After so many connections in a row that brought no byte the source is given up. */
const mostFruitlessConnections = 3

/**
 * Downloads into `partPath`, from where an earlier attempt stopped, and through broken connections as long as each
 * brings something. The part stays when it fails, except on a full disk.
 *
 * Every byte is written at its own position: two processes that by bad luck fill the same part write the same bytes.
 * @returns how many bytes were there before
 * @throws DISK_FULL, FILE_UNWRITABLE, the signal's reason, or why the connection failed
 */
export async function resumeDownload(partPath: string, settings: DownloadSettings): Promise<number> {
  const file = await openPart(partPath)
  try {
    const before = await usableBytes(file, settings.size)
    await fill(file, partPath, before, settings)
    await file.sync()
    return before
  } catch (error) {
    if (PersonascopeError.is(error) && error.code === 'DISK_FULL') await rm(partPath, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function openPart(partPath: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(partPath), { recursive: true })
    return await open(partPath, constants.O_RDWR | constants.O_CREAT)
  } catch (error) {
    throw writeError(partPath, error)
  }
}

/** A part longer than the whole is of something else. */
async function usableBytes(file: FileHandle, size: number): Promise<number> {
  const { size: there } = await file.stat()
  if (there <= size) return there
  await file.truncate(0)
  return 0
}

async function fill(file: FileHandle, partPath: string, before: number, settings: DownloadSettings): Promise<void> {
  const { size, onBytes, signal, pauseMs = 500 } = settings
  let doneBytes = before
  let fruitless = 0
  onBytes(doneBytes)
  while (doneBytes < size) {
    const start = doneBytes
    let failure: unknown = new Error('the connection ended early')
    try {
      for await (const chunk of chunksFrom(start, settings)) {
        if (doneBytes + chunk.length > size) throw new Error('the server sends more than it announced')
        await writeAt(file, partPath, chunk, doneBytes)
        doneBytes += chunk.length
        onBytes(doneBytes)
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (PersonascopeError.is(error)) throw error
      failure = error
    }
    if (doneBytes === size) return
    fruitless = doneBytes > start ? 0 : fruitless + 1
    if (fruitless === mostFruitlessConnections) throw failure
    if (fruitless > 0) await pause(pauseMs, undefined, signal ? { signal } : {})
  }
}

async function* chunksFrom(offset: number, { read, silenceMs = 30_000 }: DownloadSettings): AsyncGenerator<Uint8Array> {
  const reader = read(offset).getReader()
  try {
    for (;;) {
      const { done, value } = await withTimeout(reader.read(), silenceMs)
      if (done) return
      yield value
    }
  } finally {
    // Also closes the connection, when reading stopped before its end.
    await reader.cancel().catch(() => {})
  }
}

async function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no data for ${timeoutMs / 1000} s`)), timeoutMs)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}

async function writeAt(file: FileHandle, partPath: string, chunk: Uint8Array, position: number): Promise<void> {
  try {
    for (let written = 0; written < chunk.length; ) {
      written += (await file.write(chunk, written, chunk.length - written, position + written)).bytesWritten
    }
  } catch (error) {
    throw writeError(partPath, error)
  }
}
