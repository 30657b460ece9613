/**
 * The speed of the engine, as ratios measured in one run on the same work; see docs/speed.md. A table for people, then
 * as the last line of standard output one JSON document.
 *
 *     npm run bench -- [--only engine,bare] [--rounds 5] [--quick] [--force] [--model smollm2-135m-instruct]
 *     npm run bench -- --serving      of the server instead, on the default model
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatTable } from '../src/cli/format.ts'
import { type JudgedClaim, judgeClaims, spreadOf } from './claims.ts'
import { Contender } from './contender.ts'
import type { Job } from './contender-process.ts'
import { type Contestant, commandFor, contestantProcesses, contestantsHere, servingContestants } from './contestants.ts'
import { describeOthers, isQuiet, measureOthers } from './machine-watch.ts'
import { type Entry, runRounds, type Turns } from './run-rounds.ts'
import { fullWorkload, quickServingWorkload, quickWorkload, servingWorkload } from './workload.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    serving: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    model: { type: 'string', default: 'smollm2-135m-instruct' },
  },
})
type ChosenEntry = Entry & { readonly contestant: Contestant }

const note = (text: string) => process.stderr.write(`${text}\n`)
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5))
const workload = chooseWorkload()
const chosen = chooseContestants(options.only?.split(','))

if (!options.force) await requireQuietMachine()
const contenders = new Map<Contestant['process'], Contender>()
const directory = mkdtempSync(join(tmpdir(), 'personascope-bench-'))
try {
  await startContenders()
  const entries = chosen.map((contestant): ChosenEntry => {
    const turns: Turns = { seconds: [], othersCores: [], redone: 0 }
    return { contestant, contender: contenders.get(contestant.process)!, turns }
  })
  await runRounds(entries, { rounds, sequences: workload.prompts.length, force: options.force, note })
  report(entries)
} finally {
  for (const contender of contenders.values()) await contender.stop()
  rmSync(directory, { recursive: true })
}

function chooseWorkload() {
  if (options.serving) return options.quick ? quickServingWorkload : servingWorkload
  return options.quick ? quickWorkload : fullWorkload
}

function chooseContestants(wanted: readonly string[] | undefined): Contestant[] {
  const there = options.serving ? servingContestants : contestantsHere()
  const unknown = wanted?.find(name => !there.some(contestant => contestant.name === name))
  if (unknown === undefined) return there.filter(({ name }) => wanted?.includes(name) ?? true)
  const names = there.map(({ name }) => name).join(', ')
  note(`--only expected some of ${names}; got "${unknown}".`)
  process.exit(2)
}

/** A ratio measured beside somebody else's work says nothing. */
async function requireQuietMachine(): Promise<void> {
  const others = await measureOthers(3)
  if (isQuiet(others)) return
  note(`The machine is busy: ${describeOthers(others)}.`)
  note('Wait until it is quiet, or measure all the same with --force.')
  process.exit(2)
}

async function startContenders(): Promise<void> {
  const wanted = new Set<Contestant['process']>(chosen.map(contestant => contestant.process))
  const knowing = ['engine', 'native', 'gpu', 'served', 'monitored', 'forecasting']
  if (![...wanted].some(process => knowing.includes(process))) wanted.add('engine')
  let weightsPath = ''
  for (const process of contestantProcesses) {
    if (!wanted.has(process)) continue
    note(`Starting ${process} ...`)
    const jobPath = join(directory, `${process}.json`)
    writeFileSync(jobPath, JSON.stringify({ ...workload, model: options.model, weightsPath } satisfies Job))
    const contender = await Contender.start(await commandFor(process, jobPath, note))
    contenders.set(process, contender)
    weightsPath = String(contender.about['weightsPath'] ?? weightsPath)
  }
}

function report(entries: readonly ChosenEntry[]): void {
  const seconds = new Map(entries.map(({ contestant, turns }) => [contestant.name, turns.seconds]))
  // Claims are about the whole work on a quiet machine: anything else is no verdict.
  const disturbed = new Set(
    entries
      .filter(({ turns }) => turns.othersCores.some(cores => !isQuiet({ cores })))
      .map(entry => entry.contestant.name),
  )
  const judged = judgeClaims(seconds).map(claim => {
    const counts = !options.quick && !disturbed.has(claim.contestant) && !disturbed.has(claim.against)
    return counts ? claim : { ...claim, met: undefined }
  })
  const sequences = workload.prompts.length
  const writtenTokens = sequences * workload.writtenTokens
  console.log(
    `${sequences} sequences, ${workload.prompts[0]!.length} prompt tokens, ${workload.writtenTokens} new tokens each; ${rounds} rounds, interleaved\n`,
  )
  console.log(contestantTable(entries, writtenTokens))
  console.log(`\n${claimTable(judged)}\n`)
  const served = entries.filter(({ turns }) => turns.facts)
  if (served.length > 0) console.log(`${clientsTable(served)}\n`)
  console.log(
    JSON.stringify({
      bench: options.serving ? 'serving' : 'speed',
      date: new Date().toISOString(),
      machine: { cpu: cpus()[0]?.model, cores: availableParallelism() },
      model: options.model,
      work: {
        sequences,
        sideBySide: workload.sideBySide,
        promptTokens: workload.prompts[0]!.length,
        writtenTokens: workload.writtenTokens,
      },
      rounds,
      quick: options.quick,
      contenders: Object.fromEntries([...contenders].map(([name, { about }]) => [name, about])),
      turns: Object.fromEntries(entries.map(({ contestant, turns }) => [contestant.name, turns])),
      claims: judged,
    }),
  )
}

function contestantTable(entries: readonly ChosenEntry[], writtenTokens: number): string {
  const rows = entries.map(({ contestant: { name, what }, turns: { seconds, othersCores, redone } }) => {
    const { median, lowest, highest } = spreadOf(seconds)
    const others = Math.max(...othersCores).toFixed(2)
    const range = `${lowest.toFixed(2)}..${highest.toFixed(2)}`
    return [name, median.toFixed(2), range, Math.round(writtenTokens / median), others, redone, what]
  })
  return formatTable(['', 'seconds', 'range', 'new tokens/s', 'others, cores', 'redone', ''], rows)
}

/** What clients waited for their first token, and what they themselves took of the machine. */
function clientsTable(entries: readonly ChosenEntry[]): string {
  const rows = entries.map(({ contestant, turns: { facts = [], seconds } }) => {
    const waits = facts.flatMap(({ firstTokenMs }) => firstTokenMs as number[]).sort((a, b) => a - b)
    const at = (share: number) => Math.round(waits[Math.ceil(share * waits.length) - 1]!)
    const cpu = facts.map(({ clientsCpuSeconds }) => clientsCpuSeconds as number)
    const cores = cpu.reduce((sum, one) => sum + one, 0) / seconds.reduce((sum, one) => sum + one, 0)
    return [contestant.name, at(0.5), at(0.95), waits.length, cores.toFixed(3)]
  })
  return formatTable(['', 'first token p50, ms', 'p95, ms', 'requests', "clients' own CPU, cores"], rows)
}

function claimTable(judged: readonly JudgedClaim[]): string {
  const rows = judged.map(({ contestant, what, against, least, ratio, met }) => [
    `${contestant} / ${against}`,
    ratio.median.toFixed(2),
    `${ratio.lowest.toFixed(2)}..${ratio.highest.toFixed(2)}`,
    least ?? '',
    least === undefined ? '' : met === undefined ? 'no verdict' : met ? 'met' : 'missed',
    what,
  ])
  return formatTable(['speed of', 'ratio', 'range', 'at least', '', ''], rows)
}
