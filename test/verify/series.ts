/** What the long verifications are made of: series of rounds, each of which does some harm and looks. */
import type { ModelFile } from '../../src/engine/llama/open-llama-engine.ts'
import type { Random } from '../../src/numeric/random.ts'

/** What every series gets. */
export interface Place {
  readonly random: Random
  /** A folder of the series' own, gone afterwards. */
  readonly folder: string
}

/** What those on a real model get. */
export interface Stage extends Place {
  /** The weights that are loaded. */
  readonly file: ModelFile
  /** The file they were made from, as it was pulled. */
  readonly source: ModelFile
}

export interface Series<Needed extends Place = Stage> {
  readonly name: string
  /** What one round does. */
  readonly what: string
  /** Why it cannot run on this machine; undefined where it can. */
  readonly unavailable?: () => string | undefined
  readonly begin: (stage: Needed) => Promise<Rounds>
}

export interface Rounds extends AsyncDisposable {
  /** Throws where something is not as it should be. */
  round(): Promise<void>
  /** Looks at what all rounds together have left; throws likewise. */
  finish?(): Promise<void>
  /** Numbers for the report. */
  facts(): Readonly<Record<string, unknown>>
}

/** Throws unless the condition holds. */
export function check(condition: unknown, complaint: string): asserts condition {
  if (!condition) throw new Error(complaint)
}

/** A whole number of `from` up to, not including, `to`. */
export function wholeBetween(random: Random, from: number, to: number): number {
  return from + Math.floor(random.next() * (to - from))
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[wholeBetween(random, 0, choices.length)]!
}

/** Adds one to a count kept by name. */
export function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
