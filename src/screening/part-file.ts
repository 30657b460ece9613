/**
 * Screened rows in a run's folder, part by part: JSON lines, written whole and never changed. Own answers first, then
 * the rows in order, those that could not be read among them.
 */
import { createReadStream } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { writeError, writeFileWhole } from '../store/write-file-whole.ts'
import type { EstimatedRow, OwnAnswer, ScoredRow, UnreadableRow } from './row-scores.ts'

export type PartRecord =
  | ({ readonly kind: 'own' } & OwnAnswer)
  | ({ readonly kind: 'scored' } & ScoredRow)
  | ({ readonly kind: 'estimated' } & EstimatedRow)
  | ({ readonly kind: 'unreadable' } & UnreadableRow)

/** Parts of a part, so that no folder holds more than a thousand files. */
const partsFolder = 'parts'

function partPath(folder: string, part: number): string {
  const digits = String(part).padStart(9, '0')
  return join(folder, partsFolder, digits.slice(0, 6), `${digits}.jsonl`)
}

export async function keepPart(folder: string, part: number, records: readonly PartRecord[]): Promise<void> {
  await writeFileWhole(partPath(folder, part), records.map(record => `${lineOf(record)}\n`).join(''))
}

/** Half a character, from a dataset or from cutting a text, is replaced: DuckDB reads no file that holds one. */
function lineOf(record: PartRecord): string {
  const line = JSON.stringify(record)
  if (!line.includes('\\ud')) return line
  return JSON.stringify(record, (_, value) => (typeof value === 'string' ? value.toWellFormed() : value))
}

/** Removes all parts. Stopped on the way, it leaves none that would be taken for the first of them. */
export async function removeParts(folder: string): Promise<void> {
  const removed = join(folder, 'removed-parts')
  await rm(removed, { recursive: true, force: true })
  try {
    await rename(join(folder, partsFolder), removed)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw writeError(removed, error)
  }
  await rm(removed, { recursive: true, force: true })
}

/** How many parts are there without a gap: parts are made in order. */
export async function countParts(folder: string): Promise<number> {
  const groups = (await readdir(join(folder, partsFolder)).catch(() => [])).sort()
  const last = groups.at(-1)
  if (last === undefined) return 0
  const files = (await readdir(join(folder, partsFolder, last))).filter(file => file.endsWith('.jsonl')).sort()
  return files.length === 0 ? Number(last) * 1000 : Number(files.at(-1)!.slice(0, 9)) + 1
}

export async function* readPart(folder: string, part: number): AsyncGenerator<PartRecord> {
  const lines = createInterface({
    input: createReadStream(partPath(folder, part)),
    crlfDelay: Number.POSITIVE_INFINITY,
  })
  for await (const line of lines) if (line !== '') yield JSON.parse(line) as PartRecord
}

/** All records of the first `parts` parts, in order. */
export async function* readParts(folder: string, parts: number): AsyncGenerator<PartRecord> {
  for (let part = 0; part < parts; part++) yield* readPart(folder, part)
}
