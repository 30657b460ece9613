/** What became of a cascade: goes into the summary. */
import { join } from 'node:path'
import { readJsonFile, writeJsonFile } from '../../store/json-file.ts'
import type { LineOfTrait } from './line-of-trait.ts'

export interface CascadeOutcome {
  /**
   * `cascade`: some rows were estimated only. Else all were read in full: `small` because there are too few rows,
   * `no-gain` because too many would have had to be read again, `fallback` because the agreement could not be shown.
   */
  readonly kind: 'cascade' | 'small' | 'no-gain' | 'fallback'
  /** The most tokens of a response that the first pass read. */
  readonly firstTokens?: number
  readonly calibrationRows?: number
  readonly lines?: readonly LineOfTrait[]
  readonly agreement?: CascadeAgreement
  readonly rows: { readonly readInFull: number; readonly estimated: number }
}

/** On rows drawn at random and read in full for this alone: does the cascade decide as the full pass does? */
export interface CascadeAgreement {
  readonly rows: number
  readonly same: ShareOfRows
  /** Of the rows that full readings take out: how many the cascade takes out. */
  readonly found: ShareOfRows | undefined
}

/** A count with the 95 % interval of its share (Wilson). */
export interface ShareOfRows {
  readonly count: number
  readonly of: number
  readonly low: number
  readonly high: number
}

const pathIn = (folder: string) => join(folder, 'cascade.json')

export async function keepOutcome(folder: string, outcome: CascadeOutcome): Promise<void> {
  await writeJsonFile(pathIn(folder), outcome)
}

/** The outcome of a run's cascade; undefined without one. */
export async function readOutcome(folder: string): Promise<CascadeOutcome | undefined> {
  return await readJsonFile<CascadeOutcome>(pathIn(folder))
}
