/**
 * Reads thousands of damaged vector files with every reader, each reader in a process of its own: a catalogue error or
 * a valid vector every time, never a crash, more than a second of work, or more than 200 MB of memory.
 *
 *     npm run verify:vectors [-- --rounds 10000] [--seed 1]
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, deriveSeed } from '../../src/numeric/random.ts'
import { damage, type Reader, readDamaged, readers, seedsOf } from '../vector-formats/mutate.ts'

/** What a child says of the rounds it has done. */
interface Report {
  readonly rounds: number
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
/** Before this many rounds the memory has not settled. */
const warmUpRounds = 200

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const rounds = Number(values.rounds)

if (positionals[0] === 'child') await work(positionals[1] as Reader)
else await supervise()

async function supervise(): Promise<void> {
  let failed = 0
  for (const reader of readers) {
    const { report, end } = await runChild(reader)
    const problems = [
      ...report.faults,
      ...(end === undefined ? [] : [end]),
      ...(report.rounds < rounds ? [`only ${report.rounds} of ${rounds} files were read`] : []),
      ...(report.slowestMs > slowestAllowedMs ? [`a file took ${report.slowestMs.toFixed(0)} ms`] : []),
      ...(report.memoryGrowth > memoryAllowed ? [`memory grew by ${(report.memoryGrowth / 1e6).toFixed(0)} MB`] : []),
    ]
    if (problems.length > 0) failed++
    console.log(
      `${reader}: ${report.rounds} files, ${report.read} read, ${report.refused} refused, ${problems.length} problems; ` +
        `slowest ${report.slowestMs.toFixed(0)} ms, memory +${(report.memoryGrowth / 1e6).toFixed(0)} MB`,
    )
    for (const problem of problems.slice(0, 5)) console.log(`  ${problem}`)
  }
  console.log(`${readers.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

/** @returns the child's last report, and how it ended where that was wrong */
async function runChild(reader: Reader): Promise<{ report: Report; end: string | undefined }> {
  let report: Report = { rounds: 0, read: 0, refused: 0, faults: [], slowestMs: 0, memoryGrowth: 0 }
  const args = ['child', reader, '--rounds', String(rounds), '--seed', values.seed]
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
      const end = hung
        ? `no file was finished in ${hangMs} ms`
        : code === 0
          ? undefined
          : `it ended with ${code ?? signal}`
      resolve({ report, end })
    })
  })
}

async function work(reader: Reader): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'personascope-verify-'))
  const random = createRandom(deriveSeed(Number(values.seed), reader))
  const seeds = await seedsOf(reader, folder)
  const counts = { read: 0, refused: 0 }
  const faults: string[] = []
  let slowestMs = 0
  let settledMemory = 0
  for (let round = 1; round <= rounds; round++) {
    const content = damage(reader, seeds[round % seeds.length]!, random)
    const before = process.cpuUsage()
    const outcome = await readDamaged(reader, content, join(folder, 'file'))
    const { user, system } = process.cpuUsage(before)
    slowestMs = Math.max(slowestMs, (user + system) / 1000)
    if (typeof outcome === 'string') counts[outcome]++
    else faults.push(`round ${round}: ${outcome.fault}`)
    if (round === Math.min(warmUpRounds, rounds)) settledMemory = process.memoryUsage.rss()
    if (round % reportEvery === 0 || round === rounds) {
      const memoryGrowth = settledMemory === 0 ? 0 : Math.max(0, process.resourceUsage().maxRSS * 1024 - settledMemory)
      await new Promise<void>(resolve => {
        process.send!({ rounds: round, ...counts, faults: faults.slice(0, 100), slowestMs, memoryGrowth }, () =>
          resolve(),
        )
      })
    }
  }
  rmSync(folder, { recursive: true })
  process.disconnect()
}
