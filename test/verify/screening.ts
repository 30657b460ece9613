/**
 * The long verification of screening, on the fake engine: the memory of a million short rows, and twenty screenings
 * without and twenty with --fast, each ended by kill -9 at a random moment and resumed to the same bytes. Progress goes
 * to standard error; the last line of standard output is a JSON document. Options: --rows <for the memory> (1000000;
 * 0: not measured), --count <kills> (20; 0: none), --seed <number>.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom } from '../../src/numeric/random.ts'
import { version } from '../../src/workbench/version.ts'
import { interruptFastScreening, interruptScreening } from './interrupt-screening.ts'
import { runSeries } from './run-series.ts'
import { measureScreeningMemory } from './screening-memory.ts'
import { check } from './series.ts'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    count: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
for (const [name, value] of Object.entries(options))
  check(/^\d+$/.test(value), `Expected --${name} to be a whole number, got "${value}".`)
const rows = Number(options.rows)
const rounds = Number(options.count)
const seed = Number(options.seed)

let stopped = false
process.on('SIGINT', () => {
  if (stopped) process.exit(130)
  stopped = true
  process.stderr.write('\nStopping after this round; again to stop at once.\n')
})

const folder = await mkdtemp(join(tmpdir(), 'personascope-verify-'))
try {
  const memory = rows > 0 ? await measureScreeningMemory(folder, rows) : undefined
  const limits = { rounds, seconds: Number.POSITIVE_INFINITY, isStopped: () => stopped }
  const series = rounds > 0 ? [interruptScreening, interruptFastScreening] : []
  const kills = []
  for (const each of series)
    kills.push([each.name, await runSeries(each, { random: createRandom(seed), folder }, limits)] as const)
  const failed = memory?.passed === false || kills.some(([, { failures }]) => failures.length > 0)
  console.log(
    JSON.stringify({
      date: new Date().toISOString(),
      passed: !failed && !stopped,
      stopped,
      seed,
      personascope: version,
      node: process.version,
      cpu: `${cpus().length} x ${cpus()[0]?.model}`,
      ...(memory && { memory }),
      series: Object.fromEntries(kills),
    }),
  )
  process.exitCode = failed ? 1 : stopped ? 130 : 0
} finally {
  await rm(folder, { recursive: true, force: true })
}
