/** What lies in the folder of a finished screening. */
import { createWriteStream } from 'node:fs'
import { access, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { readJsonFile } from '../store/json-file.ts'
import type { RunManifest } from '../store/run-folder.ts'
import { replaceWhole } from '../store/write-file-whole.ts'
import { readParts } from './part-file.ts'
import type { ScreeningSummary } from './score-statistics.ts'
import { scoresPath } from './scores-file.ts'
import type { ScreeningPlan } from './screening-plan.ts'

/** The manifest's kind. */
export const screeningKind = 'screen'

export interface StoredScreening {
  readonly folder: string
  readonly plan: ScreeningPlan
  readonly summary: ScreeningSummary
}

export function summaryPath(folder: string): string {
  return join(folder, 'summary.json')
}

/** Where the rows that could not be read are listed. */
export function unreadablePath(folder: string): string {
  return join(folder, 'unreadable.jsonl')
}

/**
 * Reads a finished screening.
 * @param runs the folder of all runs
 * @param run the run's folder, or its name in `runs`
 * @throws SCREENING_UNKNOWN, FILE_INVALID
 */
export async function readScreening(runs: string, run: string): Promise<StoredScreening> {
  for (const folder of [run, join(runs, run)]) {
    const manifest = await readJsonFile<RunManifest<ScreeningPlan>>(join(folder, 'manifest.json'))
    if (!manifest) continue
    const unknown = (detail: string) => new PersonascopeError('SCREENING_UNKNOWN', { run, detail })
    if (manifest.kind !== screeningKind) throw unknown(`the run is of the kind ${manifest.kind}`)
    const summary = await readJsonFile<ScreeningSummary>(summaryPath(folder))
    if (!summary || !(await isFinished(folder))) throw unknown('the run was begun and not finished')
    return { folder, plan: manifest.plan, summary }
  }
  throw new PersonascopeError('SCREENING_UNKNOWN', { run, detail: 'there is no such run' })
}

/** Whether a run's folder holds all that a screening ends with. The summary is written last. */
export async function isFinished(folder: string): Promise<boolean> {
  const files = [scoresPath(folder), unreadablePath(folder), summaryPath(folder)]
  return await Promise.all(files.map(path => access(path))).then(
    () => true,
    () => false,
  )
}

/** Writes the rows that could not be read into a file of their own, each with where it stands and the reason. */
export async function writeUnreadable(folder: string, parts: number, plan: ScreeningPlan): Promise<void> {
  const path = unreadablePath(folder)
  await replaceWhole(path, async temporaryPath => {
    await pipeline(Readable.from(linesOf(folder, parts, plan)), createWriteStream(temporaryPath, { flags: 'wx' }))
  })
}

/**
 * Throws DATASET_ROW_INVALID for the first row that could not be read, also where an earlier call that was not strict
 * kept it aside.
 */
export async function refuseUnreadable(folder: string): Promise<void> {
  await using file = await open(unreadablePath(folder))
  for await (const text of file.readLines()) {
    const { file: path, line, reason } = JSON.parse(text) as UnreadableLine
    throw new PersonascopeError('DATASET_ROW_INVALID', { path, line, fault: reason })
  }
}

/** A line of the list of unreadable rows. */
interface UnreadableLine {
  readonly file: string
  readonly line: number
  readonly reason: string
  readonly text: string
}

async function* linesOf(folder: string, parts: number, { files }: ScreeningPlan): AsyncGenerator<string> {
  for await (const record of readParts(folder, parts)) {
    if (record.kind !== 'unreadable') continue
    const { file, line, fault, text } = record
    const unreadable: UnreadableLine = { file: files[file]!.path, line, reason: fault, text }
    yield `${JSON.stringify(unreadable)}\n`
  }
}
