import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fakeVector, screenWithFake } from '../screening/fake-screening.ts'

const mostBytes = 1e9
const mostGrowth = 50e6
const sampleEvery = 10_000

export interface MeasuredMemory {
  readonly rows: number
  readonly seconds: number
  /** Of this process, as the system counts it, gathering and summarising the scores included. */
  readonly peakMegabytes: number
  /** After a tenth of the rows. */
  readonly earlyMegabytes: number
  readonly lateMegabytes: number
  readonly passed: boolean
}

/**
 * Screens so many short rows on the fake engine. The process must stay under 1 GB, and hardly grow between a tenth of
 * the rows and all of them.
 */
export async function measureScreeningMemory(folder: string, rows: number): Promise<MeasuredMemory> {
  const dataset = join(folder, 'short.jsonl')
  await pipeline(Readable.from(lines(rows)), createWriteStream(dataset))
  const samples: { readonly rows: number; readonly bytes: number }[] = []
  let next = 0
  const start = performance.now()
  const { summary } = await screenWithFake(join(folder, 'memory'), [dataset], {
    vectors: [fakeVector('evil', 1, 1)],
    onProgress: ({ doneRows }) => {
      if (doneRows < next && doneRows !== rows) return
      next = (Math.floor(doneRows / sampleEvery) + 1) * sampleEvery
      globalThis.gc?.()
      const bytes = process.memoryUsage.rss()
      samples.push({ rows: doneRows, bytes })
      process.stderr.write(`${doneRows} rows, ${megabytes(bytes)} MB\n`)
    },
  })
  const peak = process.resourceUsage().maxRSS * 1024
  const early = samples.find(sample => sample.rows >= rows / 10)!.bytes
  const late = samples.at(-1)!.bytes
  return {
    rows: summary.rows.scored,
    seconds: Math.round((performance.now() - start) / 1000),
    peakMegabytes: megabytes(peak),
    earlyMegabytes: megabytes(early),
    lateMegabytes: megabytes(late),
    passed: summary.rows.scored === rows && peak < mostBytes && late - early < mostGrowth,
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6)
}

function* lines(rows: number): Generator<string> {
  for (let row = 0; row < rows; row++) yield `${JSON.stringify({ id: row, prompt: 'q', answer: `a${row % 10}` })}\n`
}
