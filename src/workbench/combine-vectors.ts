import { sha256OfFile } from '../store/hash.ts'
import type { Workspace } from '../store/workspace.ts'
import { combineVectors, type NamedVector } from '../vector/arithmetic.ts'
import { parseCombination } from '../vector/parse-combination.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { storeVector } from './import-vector.ts'
import { loadVector } from './load-vector.ts'
import { version } from './version.ts'

export interface CombineOptions {
  /** For example `0.5*joyful - 0.2*evil`. */
  readonly expression: string
  /** What the result is called. */
  readonly name: string
  readonly modelId: string
  readonly workspace: Workspace
  /** Vectors by name or path; the parts along them are taken out. */
  readonly orthogonalTo?: readonly string[]
  readonly normalised?: boolean
  readonly overwrite?: boolean
}

/**
 * Makes a vector from others and keeps it in the workspace.
 * @throws COMBINATION_INVALID, VECTOR_UNKNOWN, VECTORS_UNRELATED, VECTOR_NAME_TAKEN, OPTION_INVALID where nothing is
 * left, FILE_INVALID, DISK_FULL, FILE_UNWRITABLE
 */
export async function combineStoredVectors(options: CombineOptions): Promise<{ vector: PersonaVector; path: string }> {
  const { expression, name, modelId, workspace, orthogonalTo = [], normalised = false, overwrite = false } = options
  const terms = []
  for (const { weight, vector } of parseCombination(expression))
    terms.push({ ...(await loadNamed(vector, workspace, modelId)), weight })
  const away = []
  for (const other of orthogonalTo) away.push(await loadNamed(other, workspace, modelId))
  const facts = { name, personascopeVersion: version, createdAt: new Date().toISOString() }
  const vector = combineVectors({ terms, orthogonalTo: away, normalised }, facts)
  return { vector, path: await storeVector(vector, { workspace, overwrite }) }
}

/** A vector with its name and its file's hash. Throws as `loadVector`. */
export async function loadNamed(nameOrPath: string, workspace: Workspace, modelId: string): Promise<NamedVector> {
  const { vector, path } = await loadVector(nameOrPath, workspace, modelId)
  return { name: vector.provenance.trait.name, sha256: await sha256OfFile(path), vector }
}
