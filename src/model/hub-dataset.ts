import { readFile, stat } from 'node:fs/promises'
import { datasetInfo, type ListFileEntry, listFiles } from '@huggingface/hub'
import { z } from 'zod'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { cacheDirectory } from '../store/cache-directory.ts'
import { withFileLock } from '../store/file-lock.ts'
import { sha256 } from '../store/hash.ts'
import { readJsonFile, writeJsonFile } from '../store/json-file.ts'
import { writeError } from '../store/write-file-whole.ts'
import { choosePart, datasetParts, matches, rowFiles } from './dataset-parts.ts'
import type { FetchOptions } from './fetched-model.ts'
import { type HubAccess, hubAccess, hubFailure, isHubOffline } from './hub-access.ts'
import { addToHubCache, blobPath, findInHubCache, isCommit } from './hub-cache.ts'
import type { HubDatasetName } from './hub-dataset-name.ts'
import { downloadFromHub } from './hub-download.ts'
import type { PullOptions } from './pull-progress.ts'
import { SourceUnavailable } from './source-unavailable.ts'

/** The files of a dataset's rows on this machine. */
export interface PulledDataset {
  /** The commit they are of. */
  readonly commit: string
  /** For example `default/train`; undefined where files were named. */
  readonly part: string | undefined
  /** In the order of their names. */
  readonly paths: readonly string[]
  /** Whether nothing had to be fetched. */
  readonly alreadyThere: boolean
}

/** Of which files the rows of a name are, as it was found when they were fetched. */
const record = z.object({ commit: z.string(), part: z.string().optional(), files: z.array(z.string()).min(1) })

/** A card is a few pages. */
const mostCardBytes = 2 ** 20

/**
 * Brings the rows of a dataset of the hub to this machine, into the cache all Hugging Face tools share. What is here
 * already is not asked for again, even where the branch it came from has moved on: the same name stays the same rows.
 * @throws HUB_DATASET_UNREACHABLE, HUB_DATASET_PART_UNKNOWN, MODEL_HASH_MISMATCH, DISK_FULL, FILE_UNWRITABLE, INTERRUPTED
 */
export async function pullDataset(name: HubDatasetName, options: PullOptions = {}): Promise<PulledDataset> {
  const here = await findPulled(name)
  if (here) return here
  const key = sha256(JSON.stringify([name.repo, name.revision])).slice(0, 12)
  const lock = cacheDirectory('datasets', 'locks', `${key}.lock`)
  try {
    return await withFileLock(
      lock,
      { signal: options.signal },
      async () => (await findPulled(name)) ?? (await fetchDataset(name, options)),
    )
  } catch (error) {
    if (options.signal?.aborted) {
      const detail = ` while getting ${name.text}; what was downloaded is kept`
      throw new PersonascopeError('INTERRUPTED', { detail }, { cause: error })
    }
    if (!(error instanceof SourceUnavailable)) throw error
    throw new PersonascopeError('HUB_DATASET_UNREACHABLE', { dataset: name.text, detail: error.message })
  }
}

function recordPath({ repo, revision, wanted }: HubDatasetName): string {
  return cacheDirectory('datasets', `${sha256(JSON.stringify([repo, revision, wanted])).slice(0, 32)}.json`)
}

async function findPulled(name: HubDatasetName): Promise<PulledDataset | undefined> {
  const known = record.safeParse(await readJsonFile(recordPath(name)).catch(() => undefined))
  if (!known.success) return undefined
  const { commit, part, files } = known.data
  const paths = []
  for (const file of files) {
    const found = await findInHubCache({ type: 'dataset', repo: name.repo, revision: commit, file })
    if (!found) return undefined
    paths.push(found.path)
  }
  return { commit, part, paths, alreadyThere: true }
}

async function fetchDataset(name: HubDatasetName, { onProgress, signal }: PullOptions): Promise<PulledDataset> {
  if (isHubOffline()) throw new SourceUnavailable('HF_HUB_OFFLINE is set, and it is not on this machine yet')
  const access = await hubAccess(signal)
  const options: FetchOptions = {
    report: (phase, doneBytes, totalBytes) =>
      onProgress?.({ phase, doneBytes, totalBytes, source: `Hugging Face hub (${name.repo})` }),
    signal,
  }
  try {
    const commit = await commitOf(name, access)
    const entries = await entriesOf(name, commit, access)
    const { part, files } = await choose(name, entries, file => bring(name, file, commit, access, options))
    const paths = []
    for (const file of files) paths.push(await bring(name, entries.get(file)!, commit, access, options))
    await writeJsonFile(recordPath(name), { commit, ...(part !== undefined && { part }), files })
    return { commit, part, paths, alreadyThere: false }
  } catch (error) {
    signal?.throwIfAborted()
    if (PersonascopeError.is(error) || error instanceof SourceUnavailable) throw error
    throw new SourceUnavailable(hubFailure(error, access), { cause: error })
  }
}

async function commitOf({ repo, revision }: HubDatasetName, access: HubAccess): Promise<string> {
  if (isCommit(revision)) return revision
  const { sha } = await datasetInfo({ ...access, name: repo, revision, additionalFields: ['sha'] })
  if (!isCommit(sha)) throw new SourceUnavailable('the hub names no commit for the revision')
  return sha
}

type Entries = ReadonlyMap<string, ListFileEntry>

async function entriesOf({ repo }: HubDatasetName, commit: string, access: HubAccess): Promise<Entries> {
  const entries = new Map<string, ListFileEntry>()
  const listed = listFiles({ ...access, repo: { type: 'dataset', name: repo }, revision: commit, recursive: true })
  for await (const entry of listed) if (entry.type === 'file' && isSafe(entry.path)) entries.set(entry.path, entry)
  return entries
}

/** What the hub names becomes a path of the cache. */
function isSafe(path: string): boolean {
  return !path.startsWith('/') && !path.includes('\\') && !path.split('/').some(name => name === '' || name === '..')
}

/** @throws HUB_DATASET_PART_UNKNOWN, SourceUnavailable where no file can be read */
async function choose(
  { text, wanted }: HubDatasetName,
  entries: Entries,
  bringFile: (entry: ListFileEntry) => Promise<string>,
): Promise<{ readonly part: string | undefined; readonly files: readonly string[] }> {
  const paths = [...entries.keys()]
  const readable = rowFiles(paths)
  if (readable.length === 0) {
    const kinds = 'JSON lines, JSON, CSV, TSV or Parquet'
    throw new SourceUnavailable(`it has no file of rows that can be read (${kinds})${parquetHint(text)}`)
  }
  const unknown = (available: readonly string[]) =>
    new PersonascopeError('HUB_DATASET_PART_UNKNOWN', { dataset: text, available: listed(available) })
  if (wanted.kind === 'files') {
    const files = readable.filter(path => matches(path, wanted.pattern))
    if (files.length === 0) throw unknown(readable)
    return { part: undefined, files }
  }
  const card = entries.get('README.md')
  const cardText = card && card.size <= mostCardBytes ? await readFile(await bringFile(card), 'utf8') : undefined
  const found = choosePart(datasetParts(paths, cardText), wanted.names)
  if ('available' in found) throw unknown(found.available)
  return { part: `${found.config}/${found.split}`, files: [...found.files].sort() }
}

/** The hub converts most datasets to Parquet, on a branch of their own. */
function parquetHint(text: string): string {
  return text.includes('convert/parquet') ? '' : '; try the hub’s conversion: @refs/convert/parquet'
}

const mostNamed = 20

function listed(names: readonly string[]): string {
  const rest = names.length - mostNamed
  return `${names.slice(0, mostNamed).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** @returns the path of the file in the cache */
async function bring(
  { repo, revision }: HubDatasetName,
  { path: file, size, oid, lfs }: ListFileEntry,
  commit: string,
  access: HubAccess,
  options: FetchOptions,
): Promise<string> {
  const hash = lfs?.oid ?? oid ?? ''
  // The hash becomes the name of a file here.
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) throw new SourceUnavailable(`the hub names no hash for ${file}`)
  const bytes = lfs?.size ?? size
  const source = { type: 'dataset', repo, revision, file } as const
  const known = await findInHubCache({ ...source, revision: commit })
  if (known && (await stat(known.path)).size === bytes) return known.path
  const blob = blobPath(source, hash)
  await downloadFromHub(source, { commit, size: bytes, hash }, blob, access, options)
  return await addToHubCache(source, commit, blob).catch(error => {
    throw writeError(blob, error)
  })
}
