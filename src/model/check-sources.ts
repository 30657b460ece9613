/** What `personascope doctor` says about where models come from and where they go. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { getHFHubCachePath } from '@huggingface/hub'
import { textOf } from '../errors/personascope-error.ts'
import { cacheDirectory } from '../store/cache-directory.ts'
import { boundedFetch, hubFailure, hubUrl, isHubOffline } from './hub-access.ts'
import { findPip } from './pip.ts'
import { freeBytes } from './require-space.ts'

export interface SourcesReport {
  readonly pip: { readonly found: true; readonly command: string; readonly version: string } | { readonly found: false }
  readonly hub: HubReport
  /** Personascope's own cache, and the one it shares with all Hugging Face tools. */
  readonly caches: readonly CacheReport[]
}

export interface HubReport {
  readonly url: string
  readonly reachable: boolean
  /** Why not. */
  readonly detail?: string
  readonly durationMs: number
}

export interface CacheReport {
  readonly path: string
  readonly writable: boolean
  /** Why not. */
  readonly detail?: string
  /** Bytes; undefined where the disk cannot be asked. */
  readonly freeBytes: number | undefined
}

const hubTimeoutMs = 3_000

/** Tries what pulling a model needs; fails at nothing. */
export async function checkSources(): Promise<SourcesReport> {
  const [pip, hub, ...caches] = await Promise.all([
    checkPip(),
    checkHub(),
    checkCache(cacheDirectory('models')),
    checkCache(getHFHubCachePath()),
  ])
  return { pip, hub, caches }
}

async function checkPip(): Promise<SourcesReport['pip']> {
  const pip = await findPip()
  return pip ? { found: true, command: pip.command.join(' '), version: pip.version } : { found: false }
}

async function checkHub(): Promise<HubReport> {
  const url = hubUrl()
  if (isHubOffline()) return { url, reachable: false, detail: 'HF_HUB_OFFLINE is set', durationMs: 0 }
  const start = performance.now()
  const durationMs = () => Math.round(performance.now() - start)
  try {
    const response = await boundedFetch(hubTimeoutMs)(`${url}/api/models?limit=1`)
    await response.body?.cancel()
    if (response.ok) return { url, reachable: true, durationMs: durationMs() }
    return { url, reachable: false, detail: `answered with an error (${response.status})`, durationMs: durationMs() }
  } catch (error) {
    return { url, reachable: false, detail: hubFailure(error, {}), durationMs: durationMs() }
  }
}

/** Tries to write where the cache is, or where it would be made. */
async function checkCache(path: string): Promise<CacheReport> {
  const place = await nearestFolder(path)
  const free = await freeBytes(place).catch(() => undefined)
  try {
    await rm(await mkdtemp(join(place, '.personascope-probe-')), { recursive: true })
    return { path, writable: true, freeBytes: free }
  } catch (error) {
    return { path, writable: false, detail: textOf(error), freeBytes: free }
  }
}

async function nearestFolder(path: string): Promise<string> {
  for (let place = resolve(path); ; place = dirname(place)) {
    if ((await stat(place).catch(() => undefined)) || place === dirname(place)) return place
  }
}
