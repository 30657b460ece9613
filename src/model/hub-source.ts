import { modelInfo, pathsInfo } from '@huggingface/hub'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { writeError } from '../store/write-file-whole.ts'
import type { HubSource } from './catalogue.ts'
import type { FetchedModel, FetchOptions } from './fetched-model.ts'
import { writeRecord } from './file-record.ts'
import { type HubAccess, hubAccess, hubFailure, isHubOffline } from './hub-access.ts'
import { addToHubCache, blobPath, isCommit } from './hub-cache.ts'
import { downloadFromHub, type RemoteFile } from './hub-download.ts'
import type { ModelOrigin } from './model-origin.ts'
import { SourceUnavailable } from './source-unavailable.ts'
import type { WantedFile } from './wanted-model.ts'

/**
 * Downloads a file of the hub into the cache that all Hugging Face tools share.
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
    const blob = blobPath(source, remote.hash)
    await downloadFromHub(source, remote, blob, access, options)
    const path = await addToHubCache(source, remote.commit, blob).catch(error => {
      throw writeError(blob, error)
    })
    const { repo, revision, file } = source
    const origin: ModelOrigin = { kind: 'hub', repo, revision, commit: remote.commit, file }
    await writeRecord(path, remote.hash, origin)
    return { path, hash: remote.hash, size: remote.size, origin }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (PersonascopeError.is(error) || error instanceof SourceUnavailable) throw error
    throw new SourceUnavailable(hubFailure(error, access), { cause: error })
  }
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
  return { commit, size, hash: sha256 }
}

async function commitOf(repo: string, revision: string, access: HubAccess): Promise<string> {
  const { sha } = await modelInfo({ ...access, name: repo, revision, additionalFields: ['sha'] })
  if (!isCommit(sha)) throw new SourceUnavailable('the hub names no commit for the revision')
  return sha
}
