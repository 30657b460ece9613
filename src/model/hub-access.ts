/** How the hub is reached: the settings Hugging Face's own tools use, and patience with limits. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { HUB_URL, HubApiError } from '@huggingface/hub'
import { textOf } from '../errors/personascope-error.ts'

/** What every call of the hub library is given. */
export interface HubAccess {
  readonly hubUrl: string
  readonly accessToken?: string
  readonly fetch: typeof fetch
}

/** How long the hub may take to begin an answer. */
export const answerTimeoutMs = 6_000

export async function hubAccess(signal?: AbortSignal): Promise<HubAccess> {
  const accessToken = await hubToken()
  return { hubUrl: hubUrl(), ...(accessToken && { accessToken }), fetch: boundedFetch(answerTimeoutMs, signal) }
}

/** HF_ENDPOINT, else the hub library's own address. */
export function hubUrl(): string {
  return (process.env['HF_ENDPOINT'] || HUB_URL).replace(/\/+$/, '')
}

/** Whether HF_HUB_OFFLINE forbids asking the hub. */
export function isHubOffline(): boolean {
  return /^(1|on|yes|true)$/i.test(process.env['HF_HUB_OFFLINE'] ?? '')
}

/** HF_TOKEN, else what `hf auth login` stored. */
async function hubToken(): Promise<string | undefined> {
  const { HF_TOKEN, HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME } = process.env
  if (HF_TOKEN) return HF_TOKEN.trim()
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface')
  const stored = await readFile(HF_TOKEN_PATH || join(home, 'token'), 'utf8').catch(() => '')
  return stored.trim() || undefined
}

/** A fetch that gives up when no answer begins in time, and does not take a whole file for the rest of one. */
export function boundedFetch(timeoutMs: number, signal?: AbortSignal): typeof fetch {
  return async (input, init) => {
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
    try {
      const signals = signal ? [patience.signal, signal] : [patience.signal]
      const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) })
      if (response.status === 200 && asksForTheRest(init)) {
        await response.body?.cancel()
        throw new Error('the server does not send parts of files')
      }
      return response
    } finally {
      clearTimeout(timer)
    }
  }
}

function asksForTheRest(init: RequestInit | undefined): boolean {
  return /^bytes=[1-9]/.test(new Headers(init?.headers).get('range') ?? '')
}

/** Why a call to the hub failed, in one clause. */
export function hubFailure(error: unknown, { accessToken }: Pick<HubAccess, 'accessToken'>): string {
  if (error instanceof HubApiError) return statusClause(error.statusCode, accessToken !== undefined)
  if (error instanceof TypeError && error.message.includes('token must start with')) {
    return 'HF_TOKEN is not a Hugging Face token: it must start with hf_'
  }
  // The library's streams fail with the text of an error, not the error.
  if (typeof error === 'string') {
    const [, status] = /status (\d{3})/.exec(error) ?? []
    return status ? statusClause(Number(status), accessToken !== undefined) : `the connection broke (${error})`
  }
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error) return `cannot be reached (${'code' in cause ? cause.code : cause.message})`
  return textOf(error)
}

function statusClause(status: number, hasToken: boolean): string {
  if (status === 401 || status === 403) {
    return hasToken
      ? `access denied (${status}): accept its licence on the hub with the account of HF_TOKEN`
      : `access denied (${status}): the repository is gated, private or misspelt; accept its licence on the hub and set HF_TOKEN`
  }
  if (status === 404) return 'no such repository, revision or file (404)'
  if (status === 429) return 'too many requests (429)'
  return `answered with an error (${status})`
}
