import { readFile } from 'node:fs/promises'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { writeFileWhole } from './write-file-whole.ts'

/**
 * Reads a JSON file.
 * @returns undefined where there is no such file
 * @throws FILE_INVALID if it is not JSON
 */
export async function readJsonFile<T>(path: string): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    return JSON.parse(text) as T
  } catch (error) {
    throw new PersonascopeError('FILE_INVALID', { path, kind: 'JSON file', detail: textOf(error) })
  }
}

/** Writes a value as indented JSON, whole or not at all. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  await writeFileWhole(path, `${JSON.stringify(value, null, 2)}\n`)
}
