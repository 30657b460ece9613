import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type Catalogue, type CatalogueModel, shippedCatalogue } from './catalogue.ts'
import { closestFirst } from './closest-first.ts'

/** What a model's name says where to find it. */
export type ModelName =
  | { readonly kind: 'catalogue'; readonly model: CatalogueModel }
  /** A GGUF file on this machine; the path is absolute. */
  | { readonly kind: 'file'; readonly path: string }
  /** A GGUF file of a hub repository. */
  | { readonly kind: 'hub'; readonly repo: string; readonly revision: string; readonly file: string }

/** Longer names are no names; the check keeps the search for close matches cheap. */
const longestName = 1000
const hubName = /^hf:([\w.-]+\/[\w.-]+)\/([^@]+\.gguf)(?:@(.+))?$/i

/**
 * Reads a model's name: an id of the catalogue, `file:<path>` or `hf:<owner>/<repo>/<path>.gguf[@<revision>]`.
 * @throws MODEL_UNKNOWN naming what exists, the closest first
 */
export function parseModelName(text: string, catalogue: Catalogue = shippedCatalogue()): ModelName {
  const name = text.trim()
  const path = name.startsWith('file:') ? parsePath(name.slice('file:'.length)) : undefined
  if (path !== undefined) return { kind: 'file', path }
  const hub = parseHubName(name)
  if (hub) return hub
  const model = catalogue.models.find(entry => entry.id === name.toLowerCase())
  if (model) return { kind: 'catalogue', model }
  const ids = catalogue.models.map(entry => entry.id)
  const available = closestFirst(name.slice(0, longestName), ids).join(', ')
  throw new PersonascopeError('MODEL_UNKNOWN', { model: name.slice(0, longestName), available })
}

function parsePath(path: string): string | undefined {
  if (path.startsWith('//')) return parseFileUrl(`file:${path}`)
  // The shell leaves the ~ of `file:~/model.gguf` alone.
  if (path.startsWith('~/')) return join(homedir(), path.slice(2))
  return path === '' ? undefined : resolve(path)
}

function parseFileUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

function parseHubName(name: string): ModelName | undefined {
  const [, repo, file, revision = 'main'] = hubName.exec(name) ?? []
  if (repo === undefined || file === undefined) return undefined
  // Both become paths in the cache.
  return [...repo.split('/'), ...file.split('/'), ...revision.split('/')].every(isSafeSegment)
    ? { kind: 'hub', repo, revision, file }
    : undefined
}

function isSafeSegment(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !/[\\:\s]/.test(segment) && !segment.includes('\0')
}
