import { textOf } from '../../src/errors/personascope-error.ts'
import type { Place, Rounds, Series } from './series.ts'

export interface Outcome {
  readonly what: string
  readonly rounds: number
  readonly seconds: number
  readonly failures: readonly string[]
  /** Why it did not run. */
  readonly skipped?: string
  readonly facts?: Readonly<Record<string, unknown>>
}

export interface Limits {
  readonly rounds: number
  /** After so much time no further round is begun; one always is. */
  readonly seconds: number
  readonly isStopped: () => boolean
}

/** A step that takes longer hangs. */
const longestStepMs = 240_000
/** After so many failures a series has shown what it can. */
const mostFailures = 5
const progressIntervalMs = 5000

/** Runs the rounds of a series, and goes on after a failure. Progress goes to standard error. */
export async function runSeries<Needed extends Place>(
  series: Series<Needed>,
  stage: Needed,
  { rounds, seconds, isStopped }: Limits,
): Promise<Outcome> {
  const { name, what } = series
  const skipped = series.unavailable?.()
  if (skipped) {
    say(`${name}: skipped, ${skipped}`)
    return { what, rounds: 0, seconds: 0, failures: [], skipped }
  }
  const startMs = performance.now()
  const failures: string[] = []
  let done = 0
  let hangs = false
  let shownMs = startMs
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await withinTime(work())
    } catch (error) {
      hangs ||= error instanceof Hanging
      failures.push(textOf(error))
      say(`${name}: FAILED after ${done} rounds: ${textOf(error)}`)
      return undefined
    }
  }
  const show = () => {
    shownMs = performance.now()
    say(`${name}: ${done} of ${rounds} rounds, ${failures.length} failed, ${secondsSince(startMs)} s`)
  }

  const all = await attempt(() => series.begin(stage))
  const beganMs = performance.now()
  while (all && done < rounds && !isStopped() && !hangs && failures.length < mostFailures) {
    await attempt(() => all.round())
    done++
    if (performance.now() - shownMs > progressIntervalMs) show()
    if (performance.now() - beganMs > seconds * 1000) break
  }
  const facts = all?.facts()
  if (all && !hangs) await attempt(() => finish(all))
  show()
  return { what, rounds: done, seconds: secondsSince(startMs), failures, ...(facts && { facts }) }
}

async function finish(all: Rounds): Promise<void> {
  try {
    await all.finish?.()
  } finally {
    await all[Symbol.asyncDispose]()
  }
}

class Hanging extends Error {}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Hanging(`it hangs: no end after ${longestStepMs / 1000} s`)), longestStepMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function secondsSince(startMs: number): number {
  return Math.round((performance.now() - startMs) / 1000)
}
