/**
 * The long verification of the experiment: twenty real runs of SmolLM2, each ended by kill -9 at a random moment and
 * resumed to the same bytes of summary.json (apart from `seconds`), rows.csv and scatter.svg. Progress goes to standard
 * error; the last line of standard output is a JSON document. Options: --count <rounds> (20), --seconds <for all of them
 * together>, --seed <number>.
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
import { interruptExperiment } from './interrupt-experiment.ts'
import { runSeries } from './run-series.ts'
import { check } from './series.ts'

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const rounds = Number(options.count)
const seed = Number(options.seed)
const seconds = Number(options.seconds ?? Number.POSITIVE_INFINITY)
check(
  Number.isInteger(rounds) && rounds > 0,
  `Expected --count to be a whole number of 1 or more, got "${options.count}".`,
)
check(Number.isInteger(seed), `Expected --seed to be a whole number, got "${options.seed}".`)
check(seconds > 0, `Expected --seconds to be a number above 0, got "${options.seconds}".`)

let stopped = false
process.on('SIGINT', () => {
  if (stopped) process.exit(130)
  stopped = true
  process.stderr.write('\nStopping after this round; again to stop at once.\n')
})

const start = performance.now()
const name = 'smollm2-135m-instruct'
const { file } = await readyModel(name)
const { id, path, hash } = await pullModel(name)
const folder = await mkdtemp(join(tmpdir(), 'personascope-experiment-'))
try {
  const stage = { file, source: { id, path, hash }, random: createRandom(deriveSeed(seed, name)), folder }
  const outcome = await runSeries(interruptExperiment, stage, { rounds, seconds, isStopped: () => stopped })
  const failed = outcome.failures.length > 0
  console.log(
    JSON.stringify({
      date: new Date().toISOString(),
      passed: !failed && !stopped,
      stopped,
      seconds: Math.round((performance.now() - start) / 1000),
      seed,
      personascope: version,
      node: process.version,
      cpu: `${cpus().length} x ${cpus()[0]?.model}`,
      library: locateLibrary().id,
      model: { id: file.id, sha256: file.hash },
      series: { [interruptExperiment.name]: outcome },
    }),
  )
  process.exitCode = failed ? 1 : stopped ? 130 : 0
} finally {
  await rm(folder, { recursive: true, force: true })
}
