/**
 * A folder that long work is done in, part by part: what was finished stays, and the same command goes on with the
 * rest. One process at a time.
 */
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { tryFileLock } from './file-lock.ts'
import { sha256, stableStringify } from './hash.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'
import { writeError } from './write-file-whole.ts'

/** What a run is: equal plans are the same run. */
export interface RunManifest<Plan> {
  readonly kind: string
  readonly plan: Plan
  readonly planHash: string
  readonly createdAt: string
}

export interface RunFolder<Plan> extends AsyncDisposable {
  readonly path: string
  readonly id: string
  readonly manifest: RunManifest<Plan>
  /** Whether the run had been begun before. */
  readonly resumed: boolean
}

/**
 * Opens the run of a plan, or begins it, and holds it against other processes until it is disposed.
 * @param runs the folder that holds all runs
 * @param name the beginning of the run's id; the plan's hash is its end
 * @throws RUN_IN_USE, DISK_FULL, FILE_UNWRITABLE
 */
export async function openRun<Plan>(runs: string, kind: string, name: string, plan: Plan): Promise<RunFolder<Plan>> {
  const { id, path, planHash } = runOf(runs, kind, name, plan)
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    throw writeError(path, error)
  }
  const release = await holdRun(path, id)
  const known = await readJsonFile<RunManifest<Plan>>(join(path, 'manifest.json'))
  const manifest = known ?? { kind, plan, planHash, createdAt: new Date().toISOString() }
  if (!known) await writeJsonFile(join(path, 'manifest.json'), manifest)
  return { path, id, manifest, resumed: known !== undefined, [Symbol.asyncDispose]: release }
}

/** Where the run of a plan is, or would be. */
export function runOf(
  runs: string,
  kind: string,
  name: string,
  plan: unknown,
): { readonly id: string; readonly path: string; readonly planHash: string } {
  const planHash = sha256(stableStringify({ kind, plan }))
  const id = `${name}-${planHash.slice(0, 10)}`
  return { id, path: join(runs, id), planHash }
}

/** Marks the run as worked on by this process. A mark whose process is gone is taken over. */
async function holdRun(path: string, run: string): Promise<() => Promise<void>> {
  const lock = await tryFileLock(join(path, 'in-use'))
  if ('release' in lock) return lock.release
  const { processId = 'another', host } = lock.holder ?? {}
  const where = host === undefined || host === hostname() ? 'this machine' : host
  throw new PersonascopeError('RUN_IN_USE', { run, processId, where })
}
