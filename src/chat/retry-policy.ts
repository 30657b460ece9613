import type { Random } from '../numeric/random.ts'

/** How failed calls are tried again: after waits that double, with chance in them so that callers do not march in step. */
export interface RetryPolicy {
  /** The most tries of one call, the first one included. */
  readonly tries: number
  readonly firstWaitMs: number
  readonly longestWaitMs: number
  /** A server that asks for a longer wait than this counts as out of reach. */
  readonly longestAskedWaitMs: number
}

export const defaultRetryPolicy: RetryPolicy = {
  tries: 6,
  firstWaitMs: 500,
  longestWaitMs: 30_000,
  longestAskedWaitMs: 300_000,
}

/**
 * How long to wait before the next try.
 * @param failures how often the call has failed, 1 or more
 */
export function waitBeforeRetry(failures: number, policy: RetryPolicy, random: Random): number {
  const whole = Math.min(policy.firstWaitMs * 2 ** (failures - 1), policy.longestWaitMs)
  return whole * (0.5 + random.next() / 2)
}

/**
 * The wait a server asks for with `Retry-After`, in seconds or as a date, or with `retry-after-ms`.
 * @returns milliseconds from `nowMs`, never under 0; undefined where it asks for none
 */
export function askedWait(headers: Headers | undefined, nowMs: number): number | undefined {
  const milliseconds = numberOf(headers?.get('retry-after-ms'))
  if (milliseconds !== undefined) return milliseconds
  const text = headers?.get('retry-after')
  const seconds = numberOf(text)
  if (seconds !== undefined) return seconds * 1000
  const date = Date.parse(text ?? '')
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}

function numberOf(text: string | null | undefined): number | undefined {
  return text && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}
