/**
 * The cache that all Hugging Face tools share: a file's bytes in `blobs/<hash>`, its name as a link in
 * `snapshots/<commit>/`, and in `refs/` which commit a branch was when it was last asked for.
 */
import { randomUUID } from 'node:crypto'
import { copyFile, link, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { getHFHubCachePath, getRepoFolderName, REGEX_COMMIT_HASH } from '@huggingface/hub'
import { writeFileWhole } from '../store/write-file-whole.ts'

/** A file of the hub, as it is asked for. */
export interface HubFile {
  /** Of what; a model unless told. */
  readonly type?: 'model' | 'dataset'
  /** `owner/name`. */
  readonly repo: string
  readonly revision: string
  readonly file: string
}

export interface CachedHubFile {
  /** The link with the file's name. */
  readonly path: string
  readonly commit: string
}

/** Where the file lies in the cache, whichever tool put it there; undefined where it does not. */
export async function findInHubCache(wanted: HubFile): Promise<CachedHubFile | undefined> {
  const { revision, file } = wanted
  const commit = isCommit(revision) ? revision : await readRef(wanted, revision)
  if (commit === undefined) return undefined
  const path = snapshotPath(wanted, commit, file)
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? { path, commit } : undefined
}

/** Where the bytes with this hash belong. */
export function blobPath(repo: Repo, hash: string): string {
  return join(repoDirectory(repo), 'blobs', hash)
}

/** Names bytes that lie in `blobs/`, so that every tool finds them. Returns the path of the name. */
export async function addToHubCache(added: HubFile, commit: string, blob: string): Promise<string> {
  const { revision, file } = added
  const path = snapshotPath(added, commit, file)
  await linkTo(blob, path)
  // Tools that list the cache want the folder even when it is empty.
  await mkdir(join(repoDirectory(added), 'refs'), { recursive: true })
  if (!isCommit(revision)) await writeFileWhole(refPath(added, revision), commit)
  return path
}

export function isCommit(revision: string): boolean {
  return REGEX_COMMIT_HASH.test(revision)
}

async function readRef(repo: Repo, revision: string): Promise<string | undefined> {
  const commit = (await readFile(refPath(repo, revision), 'utf8').catch(() => '')).trim()
  return isCommit(commit) ? commit : undefined
}

type Repo = Pick<HubFile, 'type' | 'repo'>

function repoDirectory({ type = 'model', repo }: Repo): string {
  return join(getHFHubCachePath(), getRepoFolderName({ type, name: repo }))
}

function snapshotPath(repo: Repo, commit: string, file: string): string {
  return join(repoDirectory(repo), 'snapshots', commit, file)
}

function refPath(repo: Repo, revision: string): string {
  return join(repoDirectory(repo), 'refs', revision)
}

/** A relative link, so that the cache can be moved; where links are not allowed a second name, else a copy. */
async function linkTo(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporaryPath = `${path}.${randomUUID()}`
  try {
    await symlink(relative(dirname(path), target), temporaryPath)
      .catch(() => link(target, temporaryPath))
      .catch(() => copyFile(target, temporaryPath))
    await rename(temporaryPath, path)
  } finally {
    await rm(temporaryPath, { force: true })
  }
}
