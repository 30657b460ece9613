/**
 * The long verification of the engine: loads, crashes, kills, aborts, damaged files, a full disk, interruptions, each
 * many times and at random moments. Progress goes to standard error; the last line of standard output is a JSON
 * document. Options: --count <rounds of each series> (50), --seconds <for all of them together>, --only <series,...>,
 * --seed <number>.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { locateLibrary } from '../../src/engine/llama/native/locate-library.ts'
import { pullModel } from '../../src/model/pull-model.ts'
import { createRandom, deriveSeed } from '../../src/numeric/random.ts'
import { readyModel } from '../../src/workbench/open-model.ts'
import { version } from '../../src/workbench/version.ts'
import { abort } from './abort.ts'
import { damagedFiles } from './damaged-files.ts'
import { fullDisk } from './full-disk.ts'
import { interruptExtract } from './interrupt-extract.ts'
import { interruptPull } from './interrupt-pull.ts'
import { killEngine } from './kill-engine.ts'
import { killParent } from './kill-parent.ts'
import { loads } from './loads.ts'
import { type Outcome, runSeries } from './run-series.ts'
import { check, type Series } from './series.ts'

const allSeries = [loads, killEngine, killParent, abort, damagedFiles, fullDisk, interruptPull, interruptExtract]

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '50' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const rounds = Number(options.count)
const seed = Number(options.seed)
const chosen = options.only?.split(',') ?? allSeries.map(({ name }) => name)
const series = allSeries.filter(({ name }) => chosen.includes(name))
check(
  Number.isInteger(rounds) && rounds > 0,
  `Expected --count to be a whole number of 1 or more, got "${options.count}".`,
)
check(Number.isInteger(seed), `Expected --seed to be a whole number, got "${options.seed}".`)
check(
  series.length === chosen.length,
  `Expected --only to name some of ${allSeries.map(({ name }) => name).join(', ')}.`,
)
const secondsEach = options.seconds === undefined ? Number.POSITIVE_INFINITY : Number(options.seconds) / series.length
check(secondsEach > 0, `Expected --seconds to be a number above 0, got "${options.seconds}".`)

let stopped = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopped) process.exit(130)
    stopped = true
    process.stderr.write('\nStopping after this round; again to stop at once.\n')
  })
}

const start = performance.now()
const name = 'smollm2-135m-instruct'
const { file } = await readyModel(name)
const pulled = await pullModel(name)
const outcomes: Record<string, Outcome> = {}
for (const one of series) outcomes[one.name] = await runOne(one)
const failures = Object.values(outcomes).reduce((sum, outcome) => sum + outcome.failures.length, 0)
console.log(
  JSON.stringify({
    date: new Date().toISOString(),
    passed: failures === 0 && !stopped,
    stopped,
    seconds: Math.round((performance.now() - start) / 1000),
    seed,
    personascope: version,
    node: process.version,
    cpu: `${cpus().length} x ${cpus()[0]?.model}`,
    library: locateLibrary().id,
    model: { id: file.id, sha256: file.hash },
    series: outcomes,
  }),
)
process.exitCode = failures > 0 ? 1 : stopped ? 130 : 0

async function runOne(one: Series): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), `personascope-${one.name}-`))
  try {
    const random = createRandom(deriveSeed(seed, one.name))
    const source = { id: pulled.id, path: pulled.path, hash: pulled.hash }
    return await runSeries(
      one,
      { file, source, random, folder },
      { rounds, seconds: secondsEach, isStopped: () => stopped },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
