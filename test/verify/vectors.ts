/**
 * Reads thousands of damaged vector files with every reader, then files as large as the readers' limits allow, in
 * processes of their own: a catalogue error or a valid vector every time, never a crash, more than a second of
 * work for a file, or more than 200 MB of memory.
 *
 *     npm run verify:vectors [-- --rounds 10000] [--seed 1]
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, deriveSeed } from '../../src/numeric/random.ts'
import { writeLargeFiles } from '../vector-formats/large-files.ts'
import {
  damage,
  type Outcome,
  outcomeOf,
  type Reader,
  readDamaged,
  readers,
  seedsOf,
} from '../vector-formats/mutate.ts'

/** What a child says of the files it has read. */
interface Report {
  readonly files: number
  readonly read: number
  readonly refused: number
  readonly faults: readonly string[]
  /** Processor time of the slowest file. */
  readonly slowestMs: number
  readonly memoryGrowth: number
}

const slowestAllowedMs = 1000
const memoryAllowed = 200e6
/** Silence of a child for so long is a hang. */
const hangMs = 30_000
const reportEvery = 100
/** After so many damaged files the memory of a process has settled. */
const warmUpFiles = 200

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const rounds = Number(values.rounds)
const [role, series, givenPath] = positionals

if (role !== 'child') await supervise()
else if (series === 'large') await work(readOne(givenPath!), 0)
else await work(readAllDamaged(series as Reader), Math.min(warmUpFiles, rounds))

async function supervise(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'personascope-verify-'))
  const large = await writeLargeFiles(folder)
  const all = [
    ...readers.map(reader => ({ name: `damaged, ${reader}`, task: [reader], files: rounds })),
    ...large.map(path => ({ name: basename(path), task: ['large', path], files: 1 })),
  ]
  let failed = 0
  for (const { name, task, files } of all) {
    const { report, end } = await runChild(task)
    const problems = [
      ...report.faults,
      ...(end === undefined ? [] : [end]),
      ...(report.files < files ? [`only ${report.files} of ${files} files were read`] : []),
      ...(report.slowestMs > slowestAllowedMs ? [`a file took ${report.slowestMs.toFixed(0)} ms`] : []),
      ...(report.memoryGrowth > memoryAllowed ? [`memory grew by ${(report.memoryGrowth / 1e6).toFixed(0)} MB`] : []),
    ]
    if (problems.length > 0) failed++
    console.log(
      `${name}: ${report.files} files, ${report.read} read, ${report.refused} refused, ${problems.length} problems; ` +
        `slowest ${report.slowestMs.toFixed(0)} ms, memory +${(report.memoryGrowth / 1e6).toFixed(0)} MB`,
    )
    for (const problem of problems.slice(0, 5)) console.log(`  ${problem}`)
  }
  rmSync(folder, { recursive: true })
  console.log(`${all.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

/** @returns the child's last report, and how it ended where that was wrong */
async function runChild(task: readonly string[]): Promise<{ report: Report; end: string | undefined }> {
  let report: Report = { files: 0, read: 0, refused: 0, faults: [], slowestMs: 0, memoryGrowth: 0 }
  const args = ['child', ...task, '--rounds', String(rounds), '--seed', values.seed]
  const child = fork(import.meta.filename, args, { serialization: 'advanced' })
  let hung = false
  const hang = () =>
    setTimeout(() => {
      hung = true
      child.kill('SIGKILL')
    }, hangMs)
  let watchdog = hang()
  child.on('message', (message: Report) => {
    report = message
    clearTimeout(watchdog)
    watchdog = hang()
  })
  return await new Promise(resolve => {
    child.once('exit', (code, signal) => {
      clearTimeout(watchdog)
      const wrong = code === 0 ? undefined : `it ended with ${code ?? signal}`
      resolve({ report, end: hung ? `no file was finished in ${hangMs} ms` : wrong })
    })
  })
}

/** One file after the other: how it is called, and how it is read. */
type Files = AsyncIterable<{ readonly name: string; readonly read: () => Promise<Outcome> }>

async function* readAllDamaged(reader: Reader): Files {
  const folder = mkdtempSync(join(tmpdir(), 'personascope-verify-'))
  const random = createRandom(deriveSeed(Number(values.seed), reader))
  const seeds = await seedsOf(reader, folder)
  for (let round = 1; round <= rounds; round++) {
    const content = damage(reader, seeds[round % seeds.length]!, random)
    yield { name: `round ${round}`, read: () => readDamaged(reader, content, join(folder, 'file')) }
  }
  rmSync(folder, { recursive: true })
}

async function* readOne(path: string): Files {
  yield { name: basename(path), read: () => outcomeOf(path) }
}

/** @param warmUp how many files are read before memory is compared with it */
async function work(files: Files, warmUp: number): Promise<void> {
  const counts = { read: 0, refused: 0 }
  const faults: string[] = []
  let done = 0
  let slowestMs = 0
  let settledMemory = process.memoryUsage.rss()
  const report = () => {
    const memoryGrowth = done < warmUp ? 0 : Math.max(0, process.resourceUsage().maxRSS * 1024 - settledMemory)
    const message: Report = { files: done, ...counts, faults: faults.slice(0, 100), slowestMs, memoryGrowth }
    return new Promise<void>(resolve => process.send!(message, () => resolve()))
  }
  for await (const { name, read } of files) {
    const before = process.cpuUsage()
    const outcome = await read()
    const { user, system } = process.cpuUsage(before)
    slowestMs = Math.max(slowestMs, (user + system) / 1000)
    if (typeof outcome === 'string') counts[outcome]++
    else faults.push(`${name}: ${outcome.fault}`)
    done++
    if (done === warmUp) settledMemory = process.memoryUsage.rss()
    if (done % reportEvery === 0) await report()
  }
  await report()
  process.disconnect()
}
