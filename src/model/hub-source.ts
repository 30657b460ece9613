import { rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { downloadFile, modelInfo, pathsInfo } from '@huggingface/hub'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { writeError } from '../store/write-file-whole.ts'
import type { HubSource } from './catalogue.ts'
import type { FetchedModel, FetchOptions } from './fetched-model.ts'
import { writeRecord } from './file-record.ts'
import { type HubAccess, hubAccess, hubFailure, isHubOffline } from './hub-access.ts'
import { addToHubCache, blobPath, isCommit } from './hub-cache.ts'
import type { ModelOrigin } from './model-origin.ts'
import { requireSpace } from './require-space.ts'
import { resumeDownload } from './resume-download.ts'
import { SourceUnavailable } from './source-unavailable.ts'
import { isHashMismatch, verifyFile } from './verify-file.ts'
import type { WantedFile } from './wanted-model.ts'

/**
 * Downloads a file of the hub into the cache that all Hugging Face tools share.
 *
 * The hub library's own download to that cache begins anew each time, so the resuming is done here; the name of the
 * unfinished file is the library's.
 * @throws SourceUnavailable, MODEL_HASH_MISMATCH, DISK_FULL, FILE_UNWRITABLE
 */
export async function fetchFromHub(
  source: HubSource,
  wanted: WantedFile,
  options: FetchOptions,
): Promise<FetchedModel> {
  if (isHubOffline()) throw new SourceUnavailable('HF_HUB_OFFLINE is set')
  const access = await hubAccess(options.signal)
  try {
    const remote = await lookUp(source, wanted, access)
    const blob = blobPath(source.repo, remote.sha256)
    await download(source, remote, blob, access, options)
    const path = await addToHubCache(source, remote.commit, blob).catch(error => {
      throw writeError(blob, error)
    })
    const { repo, revision, file } = source
    const origin: ModelOrigin = { kind: 'hub', repo, revision, commit: remote.commit, file }
    await writeRecord(path, remote.sha256, origin)
    return { path, hash: remote.sha256, size: remote.size, origin }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (PersonascopeError.is(error) || error instanceof SourceUnavailable) throw error
    throw new SourceUnavailable(hubFailure(error, access), { cause: error })
  }
}

/** A file as the hub describes it. */
interface RemoteFile {
  readonly commit: string
  /** Bytes. */
  readonly size: number
  readonly sha256: string
}

async function lookUp({ repo, revision, file }: HubSource, wanted: WantedFile, access: HubAccess): Promise<RemoteFile> {
  const [info] = await pathsInfo({ ...access, repo, revision, paths: [file] })
  if (!info) throw new SourceUnavailable(`the repository has no file ${file}`)
  const { oid: sha256 = '', size = 0 } = info.lfs ?? {}
  // The hash becomes the name of a file here.
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new SourceUnavailable('the hub names no sha256 for the file')
  if (wanted.sha256 !== null && sha256 !== wanted.sha256) {
    throw new PersonascopeError('MODEL_HASH_MISMATCH', { path: file, expected: wanted.sha256, got: sha256 })
  }
  const commit = isCommit(revision) ? revision : await commitOf(repo, revision, access)
  return { commit, size, sha256 }
}

async function commitOf(repo: string, revision: string, access: HubAccess): Promise<string> {
  const { sha } = await modelInfo({ ...access, name: repo, revision, additionalFields: ['sha'] })
  if (!isCommit(sha)) throw new SourceUnavailable('the hub names no commit for the revision')
  return sha
}

async function download(
  source: HubSource,
  remote: RemoteFile,
  blob: string,
  access: HubAccess,
  options: FetchOptions,
): Promise<void> {
  // Another tool, or a pull of another revision, may have brought the same bytes.
  if (await isVerified(blob, remote, options)) return
  const partPath = `${blob}.incomplete`
  const resumed = await fillPart(partPath, source, remote, access, options)
  try {
    await verifyOrRemove(partPath, remote, options)
  } catch (error) {
    if (!resumed || !isHashMismatch(error)) throw error
    // What lay there may have been left by a tool that does not write in order: one honest try from the beginning.
    await fillPart(partPath, source, remote, access, options)
    await verifyOrRemove(partPath, remote, options)
  }
  await rename(partPath, blob).catch(async error => {
    // Another process was as quick.
    if (!(await isVerified(blob, remote, options))) throw writeError(blob, error)
  })
}

async function verifyOrRemove(partPath: string, { sha256 }: RemoteFile, options: FetchOptions): Promise<void> {
  try {
    await verifyFile(partPath, sha256, options)
  } catch (error) {
    // A stop is no reason to lose a whole download.
    if (isHashMismatch(error)) await rm(partPath, { force: true })
    throw error
  }
}

async function isVerified(path: string, { sha256, size }: RemoteFile, options: FetchOptions): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found?.size !== size) return false
  return await verifyFile(path, sha256, options).then(
    () => true,
    error => {
      if (isHashMismatch(error)) return false
      throw error
    },
  )
}

/** @returns whether it went on from what an earlier attempt left */
async function fillPart(
  partPath: string,
  source: HubSource,
  { size, commit }: RemoteFile,
  access: HubAccess,
  { report, signal }: FetchOptions,
): Promise<boolean> {
  const there = await stat(partPath).then(
    found => found.size,
    () => 0,
  )
  await requireSpace(dirname(partPath), size - there)
  const { repo, file } = source
  // The plain way over HTTP: it resumes at any byte, and mirrors of the hub have it too.
  const content = await downloadFile({ ...access, repo, path: file, revision: commit, xet: false })
  if (!content) throw new SourceUnavailable(`the repository has no file ${file}`)
  const resumedFrom = await resumeDownload(partPath, {
    size,
    read: offset => content.slice(offset, size).stream(),
    onBytes: doneBytes => report('download', doneBytes, size),
    signal,
  })
  return resumedFrom > 0
}
