// As one object: a Node too old to have glob must get as far as saying so.
import fs from 'node:fs/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type DatasetFile, lookAtFile } from './dataset-file.ts'

/**
 * The files that paths and globs name, each once: in the order of the patterns, those of one glob by name.
 * @throws FILE_NOT_FOUND where a pattern names none, FILE_INVALID
 */
export async function findDatasets(patterns: readonly string[]): Promise<DatasetFile[]> {
  const paths = new Set<string>()
  for (const pattern of patterns) for (const path of await filesOf(pattern)) paths.add(path)
  return await Promise.all([...paths].map(lookAtFile))
}

async function filesOf(pattern: string): Promise<string[]> {
  if (!/[*?[{]/.test(pattern)) return [pattern]
  const found: string[] = []
  for await (const path of fs.glob(pattern)) found.push(path)
  if (found.length === 0) throw new PersonascopeError('FILE_NOT_FOUND', { path: pattern, kind: 'dataset' })
  return found.sort()
}
