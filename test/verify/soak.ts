/**
 * The long verification of the server: steady load, bursts, slow readers, clients that hang up, huge, malformed and
 * fuzzed bodies, and `kill -9` of the server and, where there is one, of the engine process. It fails where the server
 * ends by itself or answers with a fault, where an answer that reached a client whole is not in the store exactly once
 * and as it was sent, and where the memory of server and engine differs by more than 5 % between minutes 2 and 10.
 * Options: --seconds (600), --seed, --fake (the fake engine instead of SmolLM2). The last line of standard output is a
 * JSON document.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { TurnRecord } from '../../src/monitoring/turn-record.ts'
import { TurnStore } from '../../src/monitoring/turn-store.ts'
import { createRandom } from '../../src/numeric/random.ts'
import { openSqlite } from '../../src/store/database-sqlite.ts'
import { writeOddVector } from '../cli/odd-vector.ts'
import { childrenOf, isRunning, memoryOf, waitUntil } from './processes.ts'
import { SoakLoad } from './soak-load.ts'

interface SoakOptions {
  readonly seconds: number
  readonly seed: number
  readonly fake: boolean
}

interface MemorySample {
  readonly seconds: number
  readonly server: number
  readonly engine: number
}

const model = { fake: 'fake', real: 'smollm2-135m-instruct' }
const clients = 6
/** In ten minutes. */
const fuzzedRequests = 1000
const mostGrowth = 0.05
/** From here on memory counts, one sample a second. */
const settledSeconds = 120
const memorySamples = 60

async function soak(options: SoakOptions) {
  const { seconds, seed, fake } = options
  const folder = mkdtempSync(join(tmpdir(), 'personascope-soak-'))
  if (!fake) await writeOddVector(join(folder, 'workspace'))
  let server = await startServer(folder, fake, 0)
  const { port } = new URL(server.url)
  const load = new SoakLoad(fake ? model.fake : model.real)
  load.url = server.url
  const elapsed = startClock()
  const goesOn = () => elapsed() < seconds
  const working = Promise.all([
    ...Array.from({ length: clients }, (_, client) => load.keepAsking(createRandom(seed + client), goesOn)),
    keepBursting(load, seed + clients, goesOn),
    keepFuzzing(load, options, elapsed),
  ])
  // What fails is met below, not as unhandled while the server is watched.
  working.catch(() => {})
  const failure = working.then(
    () => undefined,
    error => error as unknown,
  )
  const kills = [{ at: 0.08, kind: 'server' }, ...(fake ? [] : [{ at: 0.12, kind: 'engine' }])]
  const memory: MemorySample[] = []
  let finishedBefore = 0
  while (goesOn() && (await Promise.race([failure, pause(Math.min(1000, seconds * 10))])) === undefined) {
    if (server.child.exitCode !== null) throw new Error(`the server ended by itself: ${server.heard()}`)
    const [next] = kills
    if (!next || elapsed() < next.at * seconds) {
      if (!next) memory.push({ seconds: elapsed(), ...mebibytesOf(server.child.pid!) })
      continue
    }
    kills.shift()
    finishedBefore = load.finished.size
    load.count(`${next.kind} killed`)
    const engines = childrenOf(server.child.pid!)
    if (next.kind === 'engine') for (const engine of engines) process.kill(engine, 'SIGKILL')
    else {
      await end(server.child, 'SIGKILL')
      // An engine process must not outlive its server.
      for (const engine of engines) await waitUntil(() => !isRunning(engine), 'an engine process outlived its server')
      server = await startServer(folder, fake, Number(port))
    }
  }
  await working
  if (load.finished.size === finishedBefore) throw new Error('nothing was answered after the last kill')
  const health = await fetch(`${server.url}/health`)
  if (health.status !== 200) throw new Error('the server is not well')
  const code = await end(server.child, fake ? 'SIGKILL' : 'SIGTERM')
  if (!fake && code !== 0) throw new Error(`the server ended with ${code}: ${server.heard()}`)
  const path = fake ? join(folder, 'turns.sqlite') : join(folder, 'workspace', 'turns.sqlite')
  await using store = await TurnStore.open(openSqlite(path))
  const stored = await Array.fromAsync(store.turns())
  assertStored(load.finished, stored)
  const report = {
    seconds,
    seed,
    engine: fake ? model.fake : model.real,
    finished: load.finished.size,
    stored: stored.length,
    fuzzed: load.fuzzed,
    counts: load.counts,
    residentMebibytes: memoryReport(memory),
  }
  console.log(JSON.stringify(report))
  if (load.fuzzed < wantedFuzzed(seconds)) throw new Error(`only ${load.fuzzed} fuzzed requests were sent`)
  if (seconds >= 600 && !report.residentMebibytes) throw new Error('the memory was not watched')
  const growth = report.residentMebibytes?.growth ?? 0
  if (Math.abs(growth) > mostGrowth) throw new Error(`the memory changed by ${(growth * 100).toFixed(1)} %`)
  rmSync(folder, { recursive: true, force: true })
}

/** @returns tells the seconds since now, without those during which this process was stopped */
function startClock(): () => number {
  let last = performance.now()
  let countedMs = 0
  const tick = () => {
    const now = performance.now()
    countedMs += Math.min(now - last, 1000)
    last = now
  }
  setInterval(tick, 100).unref()
  return () => countedMs / 1000
}

async function keepBursting(load: SoakLoad, seed: number, goesOn: () => boolean): Promise<void> {
  const random = createRandom(seed)
  while (goesOn()) {
    await load.burst(random, 40)
    for (let second = 0; second < 10 && goesOn(); second++) await pause(1000)
  }
}

/** As many as the time asks for, a few at a time; the last ones may come late. */
async function keepFuzzing(load: SoakLoad, options: SoakOptions, elapsed: () => number): Promise<void> {
  const clientSeeds = [1000, 1001, 1002].map(more => options.seed + more)
  await Promise.all(clientSeeds.map(seed => fuzzOn(load, { ...options, seed }, elapsed)))
}

async function fuzzOn(load: SoakLoad, { seconds, seed }: SoakOptions, elapsed: () => number): Promise<void> {
  const random = createRandom(seed)
  const wanted = wantedFuzzed(seconds)
  while (load.fuzzed < wanted && elapsed() < seconds * 2) {
    if (load.fuzzed > (wanted * elapsed()) / seconds) await pause(100)
    else await load.fuzz(random)
  }
}

function wantedFuzzed(seconds: number): number {
  return Math.ceil((fuzzedRequests * seconds) / 600)
}

/** @throws where an answer that came whole is not stored exactly once, as it came, with its readings */
function assertStored(finished: ReadonlyMap<string, string>, stored: readonly TurnRecord[]): void {
  if (finished.size === 0) throw new Error('no answer was ever finished')
  const byNumber = Map.groupBy(stored, ({ text }) => /#\d+#/.exec(text!.prompt)?.[0] ?? '')
  for (const [number, text] of finished) {
    const turns = byNumber.get(number) ?? []
    if (turns.length !== 1) throw new Error(`the answer ${number} is stored ${turns.length} times`)
    if (turns[0]!.text!.response !== text) throw new Error(`the answer ${number} is not stored as it was sent`)
    if (Object.keys(turns[0]!.readings).length === 0) throw new Error(`the answer ${number} has no readings`)
  }
}

/** Means of the first and the last minute of what counts; undefined where the run was too short to say anything. */
function memoryReport(memory: readonly MemorySample[]) {
  const settled = memory.filter(({ seconds }) => seconds >= settledSeconds)
  if (settled.length < 3 * memorySamples) return undefined
  const meanOf = (samples: readonly MemorySample[], of: 'server' | 'engine') =>
    samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length
  const about = (samples: readonly MemorySample[]) => ({
    server: meanOf(samples, 'server'),
    engine: meanOf(samples, 'engine'),
  })
  const [first, last] = [about(settled.slice(0, memorySamples)), about(settled.slice(-memorySamples))]
  const growth = (last.server + last.engine) / (first.server + first.engine) - 1
  return { first, last, peak: Math.max(...settled.map(({ server, engine }) => server + engine)), growth }
}

async function startServer(folder: string, fake: boolean, port: number) {
  const root = join(import.meta.dirname, '../..')
  const options = ['--port', String(port), '--trait', 'odd', '--store-text', '--queue', '8']
  const args = fake
    ? [join(root, 'test/verify/soak-server.ts'), folder, String(port)]
    : [join(root, 'src/cli/main.ts'), '--workspace', join(folder, 'workspace'), 'serve', ...options]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let heard = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      heard = `${heard}${text}`.slice(-4000)
      const found = /Serving \S+ at (\S+)\/v1/.exec(heard)
      if (found) resolve(found[1]!)
    })
    child.once('exit', () => reject(new Error(`the server did not start: ${heard}`)))
  })
  return { child, url, heard: () => heard }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  child.kill(signal)
  return await ended
}

/** In memory; the engine is the server's child. */
function mebibytesOf(processId: number) {
  const engine = childrenOf(processId).reduce((sum, id) => sum + memoryOf(id), 0)
  return { server: memoryOf(processId) / 2 ** 20, engine: engine / 2 ** 20 }
}

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, fake: { type: 'boolean' } },
})
await soak({
  seconds: Number(values.seconds ?? 600),
  seed: Number(values.seed ?? 1),
  fake: values.fake ?? false,
})
