import { realpath, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { cacheDirectory } from '../store/cache-directory.ts'
import type { FetchedModel, FetchOptions } from './fetched-model.ts'
import { recordOf, recordPath } from './file-record.ts'
import { findInHubCache } from './hub-cache.ts'
import type { ModelOrigin } from './model-origin.ts'
import type { WantedModel } from './wanted-model.ts'

/** A model file found on this machine. */
export interface LocatedModel {
  readonly path: string
  /** Whether it lies in Personascope's own cache; else in the one all Hugging Face tools share. */
  readonly own: boolean
  readonly origin: ModelOrigin
}

/** Where Personascope's own cache keeps a model that does not come from the hub. */
export function ownPath({ id, file }: Pick<WantedModel, 'id' | 'file'>): string {
  return join(cacheDirectory('models'), id, file.name)
}

/** The files on this machine that should be the model, by their names alone. */
export async function locateModel(wanted: WantedModel): Promise<LocatedModel[]> {
  const located: LocatedModel[] = []
  for (const source of wanted.sources) {
    if (source.kind === 'hub') {
      const cached = await findInHubCache(source)
      const { repo, revision, file } = source
      if (cached)
        located.push({
          path: cached.path,
          own: false,
          origin: { kind: 'hub', repo, revision, file, commit: cached.commit },
        })
    } else {
      const path = ownPath(wanted)
      const origin: ModelOrigin = { kind: 'pythonPackage', requirements: source.parts.map(part => part.requirement) }
      if (await isFile(path)) located.push({ path, own: true, origin })
    }
  }
  return located
}

/**
 * The model on this machine, verified; undefined where it is not here. A damaged file of the own cache is removed.
 * @throws the signal's reason
 */
export async function findPulled(
  wanted: WantedModel,
  { report, signal }: FetchOptions,
): Promise<FetchedModel | undefined> {
  for (const { path, own, origin } of await locateModel(wanted)) {
    const onBytes = (doneBytes: number, size: number) => report('verify', doneBytes, size)
    const record = await recordOf(path, origin, { onBytes, signal }).catch(() => undefined)
    signal?.throwIfAborted()
    // Gone in the meantime, or not to be read: as good as not here.
    if (!record) continue
    const expected = wanted.file.sha256 ?? (await hashInName(path)) ?? record.sha256
    if (record.sha256 === expected) return { path, hash: record.sha256, size: record.size, origin: record.origin }
    if (own) await Promise.all([rm(path, { force: true }), rm(await recordPath(path), { force: true })])
  }
  return undefined
}

/** The hub's cache names the bytes of a file by their sha256. */
async function hashInName(path: string): Promise<string | undefined> {
  const name = basename(await realpath(path))
  return /^[0-9a-f]{64}$/.test(name) ? name : undefined
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}
