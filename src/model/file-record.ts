import { realpath, stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { z } from 'zod'
import { cacheDirectory } from '../store/cache-directory.ts'
import { sha256, sha256OfFile } from '../store/hash.ts'
import { readJsonFile, writeJsonFile } from '../store/json-file.ts'
import type { ModelOrigin } from './model-origin.ts'

const origin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hub'), repo: z.string(), revision: z.string(), commit: z.string(), file: z.string() }),
  z.object({ kind: z.literal('pythonPackage'), requirements: z.array(z.string()) }),
  z.object({ kind: z.literal('file') }),
])

const fileRecord = z.object({
  path: z.string(),
  sha256: z.string(),
  /** Bytes. */
  size: z.number(),
  /** When the file was last changed; with the size it says whether the hash still holds. */
  mtimeMs: z.number(),
  origin,
  /** When the hash was computed, ISO 8601. */
  date: z.string(),
})

/** What is remembered of a model file, so that its hash is not computed again at every start. */
export type FileRecord = z.infer<typeof fileRecord>

/**
 * What is known of a file, from its record where size and time of change still agree, else by reading the file, which
 * is then recorded under `origin`.
 * @throws the signal's reason
 */
export async function recordOf(
  path: string,
  origin: ModelOrigin,
  { onBytes, signal }: { onBytes?: (doneBytes: number, size: number) => void; signal?: AbortSignal | undefined } = {},
): Promise<FileRecord> {
  const known = await readRecord(path)
  if (known) return known
  const { size } = await stat(path)
  let doneBytes = 0
  const hash = await sha256OfFile(path, count => {
    signal?.throwIfAborted()
    doneBytes += count
    onBytes?.(doneBytes, size)
  })
  return await writeRecord(path, hash, origin)
}

/** The record of a file; undefined where there is none, or where the file was changed since. */
export async function readRecord(path: string): Promise<FileRecord | undefined> {
  const record = fileRecord.safeParse(await readJsonFile(await recordPath(path)).catch(() => undefined))
  if (!record.success) return undefined
  const { size, mtimeMs } = await stat(path)
  return record.data.size === size && record.data.mtimeMs === mtimeMs ? record.data : undefined
}

/** Records a file's hash. A record that cannot be written is no failure: the hash is computed again next time. */
export async function writeRecord(path: string, hash: string, origin: ModelOrigin): Promise<FileRecord> {
  const { size, mtimeMs } = await stat(path)
  const kept = origin.kind === 'pythonPackage' ? { ...origin, requirements: [...origin.requirements] } : origin
  const record = {
    path: await realpath(path),
    sha256: hash,
    size,
    mtimeMs,
    origin: kept,
    date: new Date().toISOString(),
  }
  await writeJsonFile(await recordPath(path), record).catch(() => {})
  return record
}

/** Beside a file of Personascope's own cache; for any other file in the cache, under the hash of its path. */
export async function recordPath(path: string): Promise<string> {
  const models = cacheDirectory('models')
  if (!relative(models, path).startsWith('..')) return `${path}.json`
  return cacheDirectory('models', 'records', `${sha256(await realpath(path)).slice(0, 32)}.json`)
}
