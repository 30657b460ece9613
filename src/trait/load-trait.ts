import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { sha256, stableStringify } from '../store/hash.ts'
import { type Trait, traitSchema } from './trait.ts'

export interface LoadedTrait {
  readonly trait: Trait
  readonly path: string
  /** sha256 of the content: equal for files that differ in comments and layout only. */
  readonly hash: string
}

export interface TraitEntry {
  readonly name: string
  readonly path: string
  readonly origin: 'workspace' | 'built-in'
}

const builtInDirectory = fileURLToPath(new URL('../../assets/traits/', import.meta.url))

/**
 * A trait by name, from the workspace's traits first, then from the built-in ones; or by the path of a file.
 * @param directory the workspace's folder of traits
 * @throws TRAIT_UNKNOWN, TRAIT_INVALID
 */
export async function loadTrait(nameOrPath: string, directory: string): Promise<LoadedTrait> {
  if (/\.(ya?ml|json)$/.test(nameOrPath)) return await readTrait(nameOrPath, nameOrPath)
  for (const { name, path } of await listTraits(directory))
    if (name === nameOrPath) return await readTrait(path, nameOrPath)
  const available = (await listTraits(directory)).map(entry => entry.name).join(', ')
  throw new PersonascopeError('TRAIT_UNKNOWN', { trait: nameOrPath, available })
}

/** The traits there are, by file name; a trait of the workspace stands before a built-in one of the same name. */
export async function listTraits(directory: string): Promise<TraitEntry[]> {
  const found = new Map<string, TraitEntry>()
  for (const [origin, folder] of [
    ['workspace', directory],
    ['built-in', builtInDirectory],
  ] as const) {
    for (const file of (await readdir(folder).catch(() => [])).sort()) {
      const name = basename(file).replace(/\.(ya?ml|json)$/, '')
      if (name !== file && !found.has(name)) found.set(name, { name, path: join(folder, file), origin })
    }
  }
  return [...found.values()]
}

async function readTrait(path: string, asked: string): Promise<LoadedTrait> {
  const invalid = (detail: string) => new PersonascopeError('TRAIT_INVALID', { path, detail })
  let content: string
  try {
    content = await readFile(path, 'utf8')
  } catch (error) {
    throw new PersonascopeError('FILE_NOT_FOUND', { path: asked, kind: 'trait file' }, { cause: error })
  }
  let value: unknown
  try {
    // JSON is YAML too.
    value = parse(content)
  } catch (error) {
    throw invalid(textOf(error).split('\n')[0]!)
  }
  const parsed = traitSchema.safeParse(value)
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error).replaceAll('\n', ' '))
  return { trait: parsed.data, path, hash: sha256(stableStringify(parsed.data)) }
}
