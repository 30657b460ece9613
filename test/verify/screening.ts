/**
 * The memory of a long screening: a million short rows (or as many as the first argument says) on the fake engine. The
 * process must stay under 1 GB, and hardly grow between a tenth of the rows and all of them.
 */
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fakeVector, screenWithFake } from '../screening/fake-screening.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const mostBytes = 1e9
const mostGrowth = 50e6

const folder = await mkdtemp(join(tmpdir(), 'personascope-verify-'))
try {
  const dataset = join(folder, 'rows.jsonl')
  await pipeline(Readable.from(lines()), createWriteStream(dataset))
  let early: number | undefined
  let late = 0
  let peak = 0
  const start = performance.now()
  const { summary } = await screenWithFake(folder, [dataset], {
    vectors: [fakeVector('evil', 1, 1)],
    onProgress: ({ doneRows }) => {
      if (doneRows % 10_000 !== 0 && doneRows !== rows) return
      globalThis.gc?.()
      const { rss } = process.memoryUsage()
      peak = Math.max(peak, rss)
      if (doneRows >= rows / 10) early ??= rss
      late = rss
    },
  })
  peak = Math.max(peak, process.memoryUsage().rss)
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
  const seconds = Math.round((performance.now() - start) / 1000)
  console.log(`${summary.rows.scored} rows in ${seconds} s: ${megabytes(peak)} at most,`)
  console.log(`${megabytes(early!)} after a tenth of the rows, ${megabytes(late)} after all.`)
  const isGood = summary.rows.scored === rows && peak < mostBytes && late - early! < mostGrowth
  console.log(isGood ? 'Passed.' : 'Failed.')
  process.exitCode = isGood ? 0 : 1
} finally {
  await rm(folder, { recursive: true })
}

function* lines(): Generator<string> {
  for (let row = 0; row < rows; row++) yield `${JSON.stringify({ id: row, prompt: 'q', answer: `a${row % 10}` })}\n`
}
