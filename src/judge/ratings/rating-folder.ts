/** Where samples and their ratings are: a folder for each in the workspace's `ratings`, with `key.json` and `ratings.jsonl`. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { readJsonFile, writeJsonFile } from '../../store/json-file.ts'
import { type RatingKey, ratingKeySchema } from './rating-sample.ts'
import { RatingStore } from './rating-store.ts'

/**
 * Keeps a key, unless that sample was drawn before.
 * @returns its path
 * @throws DISK_FULL, FILE_UNWRITABLE
 */
export async function keepKey(folder: string, key: RatingKey): Promise<string> {
  const path = join(folder, key.id, 'key.json')
  if ((await readJsonFile(path)) === undefined) await writeJsonFile(path, key)
  return path
}

export function ratingStoreOf(folder: string, id: string): RatingStore {
  return new RatingStore(join(folder, id, 'ratings.jsonl'))
}

/**
 * The keys of all samples, the latest drawn last.
 * @throws FILE_INVALID
 */
export async function readKeys(folder: string): Promise<RatingKey[]> {
  const names = await readdir(folder).catch(() => [])
  const keys: RatingKey[] = []
  for (const name of names) {
    const path = join(folder, name, 'key.json')
    const value = await readJsonFile(path)
    if (value === undefined) continue
    const { data, error } = ratingKeySchema.safeParse(value)
    if (!data)
      throw new PersonascopeError('FILE_INVALID', { path, kind: 'key of ratings', detail: error!.issues[0]!.message })
    keys.push(data)
  }
  return keys.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
}

/**
 * The key of a sample.
 * @param id as `ratings draw` said it; undefined where there is one sample only
 * @throws RATING_SAMPLE_UNKNOWN, FILE_INVALID
 */
export async function findKey(folder: string, id: string | undefined): Promise<RatingKey> {
  const keys = await readKeys(folder)
  const found = id === undefined ? (keys.length === 1 ? keys[0] : undefined) : keys.find(key => key.id === id)
  if (found) return found
  const available = keys.map(key => `${key.id} (${key.kind} of ${key.run})`).join(', ') || 'none'
  throw new PersonascopeError('RATING_SAMPLE_UNKNOWN', { sample: id ?? '', available })
}
