import { rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { downloadFile } from '@huggingface/hub'
import { writeError } from '../store/write-file-whole.ts'
import type { FetchOptions } from './fetched-model.ts'
import type { HubAccess } from './hub-access.ts'
import type { HubFile } from './hub-cache.ts'
import { requireSpace } from './require-space.ts'
import { resumeDownload } from './resume-download.ts'
import { SourceUnavailable } from './source-unavailable.ts'
import { isHashMismatch, verifyFile } from './verify-file.ts'

/** A file as the hub describes it. */
export interface RemoteFile {
  readonly commit: string
  /** Bytes. */
  readonly size: number
  /** sha256 where the hub keeps the file apart (LFS), else its name in git; see `verifyFile`. */
  readonly hash: string
}

/**
 * Brings a file of the hub to `blob`, from where an earlier attempt stopped, and checks its hash.
 *
 * The hub library's own download to that cache begins anew each time, so the resuming is done here; the name of the
 * unfinished file is the library's.
 * @throws SourceUnavailable, MODEL_HASH_MISMATCH, DISK_FULL, FILE_UNWRITABLE, what the hub library throws
 */
export async function downloadFromHub(
  source: Omit<HubFile, 'revision'>,
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

async function verifyOrRemove(partPath: string, { hash }: RemoteFile, options: FetchOptions): Promise<void> {
  try {
    await verifyFile(partPath, hash, options)
  } catch (error) {
    // A stop is no reason to lose a whole download.
    if (isHashMismatch(error)) await rm(partPath, { force: true })
    throw error
  }
}

async function isVerified(path: string, { hash, size }: RemoteFile, options: FetchOptions): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found?.size !== size) return false
  return await verifyFile(path, hash, options).then(
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
  source: Omit<HubFile, 'revision'>,
  { size, commit }: RemoteFile,
  access: HubAccess,
  { report, signal }: FetchOptions,
): Promise<boolean> {
  const there = await stat(partPath).then(
    found => found.size,
    () => 0,
  )
  await requireSpace(dirname(partPath), size - there)
  const { type = 'model', repo, file } = source
  // The plain way over HTTP: it resumes at any byte, and mirrors of the hub have it too.
  const content = await downloadFile({
    ...access,
    repo: { type, name: repo },
    path: file,
    revision: commit,
    xet: false,
  })
  if (!content) throw new SourceUnavailable(`the repository has no file ${file}`)
  const resumedFrom = await resumeDownload(partPath, {
    size,
    read: offset => content.slice(offset, size).stream(),
    onBytes: doneBytes => report('download', doneBytes, size),
    signal,
  })
  return resumedFrom > 0
}
