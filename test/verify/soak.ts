/**
 * The long verification of the server: steady load, bursts, slow readers, clients that hang up, huge, malformed and
 * fuzzed bodies, and `kill -9` of the server and, where there is one, of the engine process. Afterwards every answer
 * whose last part reached a client must be in the store exactly once. Options: --seconds (600), --seed, --fake (the
 * fake engine instead of SmolLM2). The last line of standard output is a JSON document.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { TurnStore } from '../../src/monitoring/turn-store.ts'
import { createRandom, type Random } from '../../src/numeric/random.ts'
import { openSqlite } from '../../src/store/database-sqlite.ts'

interface SoakOptions {
  readonly seconds: number
  readonly seed: number
  readonly fake: boolean
}

const model = { fake: 'fake', real: 'smollm2-135m-instruct' }
const clients = 6

/** @throws where the server ended by itself, or the store is not as it should be */
async function soak({ seconds, seed, fake }: SoakOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'personascope-soak-'))
  const load = new Load(fake ? model.fake : model.real)
  let server = await startServer(folder, fake, 0)
  const { port } = new URL(server.url)
  load.url = server.url
  const begun = performance.now()
  const share = () => (performance.now() - begun) / (seconds * 1000)
  const counts: Record<string, number> = {}
  const memory: { readonly share: number; readonly mebibytes: number }[] = []
  const working = Array.from({ length: clients }, (_, client) =>
    keepAsking(load, createRandom(seed + client), counts, () => share() < 1),
  )
  const nextKills: { at: number; kind: 'server' | 'engine' }[] = [{ at: 0.1, kind: 'server' }]
  if (!fake) nextKills.push({ at: 0.15, kind: 'engine' })
  while (share() < 1) {
    await pause(Math.min(1000, seconds * 10))
    if (server.child.exitCode !== null) throw new Error(`the server ended by itself: ${server.heard()}`)
    if (share() >= 0.2) memory.push({ share: share(), mebibytes: residentMebibytes(server.child.pid!) })
    if (nextKills.length === 0 || share() < nextKills[0]!.at) continue
    const { kind } = nextKills.shift()!
    count(counts, `${kind} killed`)
    if (kind === 'engine') for (const child of childrenOf(server.child.pid!)) process.kill(child, 'SIGKILL')
    if (kind !== 'server') continue
    const ended = new Promise(resolve => server.child.once('close', resolve))
    server.child.kill('SIGKILL')
    await ended
    server = await startServer(folder, fake, Number(port))
  }
  await Promise.all(working)
  const alive = await fetch(`${server.url}/health`)
  server.child.kill(fake ? 'SIGKILL' : 'SIGTERM')
  await new Promise(resolve => server.child.once('close', resolve))
  const path = fake ? join(folder, 'turns.sqlite') : join(folder, 'workspace', 'turns.sqlite')
  await using store = await TurnStore.open(openSqlite(path))
  const stored = new Set((await Array.fromAsync(store.turns())).map(({ id }) => id))
  const missing = [...load.finished].filter(id => !stored.has(id))
  if (missing.length > 0) throw new Error(`${missing.length} of ${load.finished.size} whole answers are not stored`)
  if (alive.status !== 200) throw new Error('the server is not well')
  if (load.finished.size === 0) throw new Error('no answer was ever finished')
  if ((await store.count()) !== stored.size) throw new Error('a turn is stored twice')
  const [first, last] = [memory[0]?.mebibytes, memory.at(-1)?.mebibytes]
  rmSync(folder, { recursive: true, force: true })
  return {
    seconds,
    seed,
    engine: fake ? 'fake' : model.real,
    finished: load.finished.size,
    stored: stored.size,
    counts,
    residentMebibytes: { first, last },
  }
}

/** What clients do, and which answers they have whole. */
class Load {
  url = ''
  readonly finished = new Set<string>()
  readonly #model: string

  constructor(modelName: string) {
    this.#model = modelName
  }

  async whole(random: Random): Promise<number> {
    const response = await this.#post(this.#body(random))
    const text = await response.text()
    if (response.status === 200) this.finished.add(`${(JSON.parse(text) as { id: string }).id}-0`)
    return response.status
  }

  async streamed(random: Random, how: 'steady' | 'slow' | 'leaves'): Promise<number> {
    const response = await this.#post({ ...this.#body(random), stream: true })
    if (how === 'leaves' && response.body) {
      const reader = response.body.getReader()
      await reader.read()
      await reader.cancel()
      return 0
    }
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      if (how === 'slow') await pause(20)
    }
    const id = /"id":"([^"]+)"/.exec(text)?.[1]
    if (id && text.includes('data: [DONE]')) this.finished.add(`${id}-0`)
    return response.status
  }

  async malformed(random: Random): Promise<number> {
    const body = JSON.stringify(this.#body(random))
    const kind = Math.floor(random.next() * 4)
    const text = [
      body.slice(0, Math.floor(random.next() * body.length)),
      `{"model":"${'x'.repeat(3 << 20)}"}`,
      '['.repeat(200_000),
      JSON.stringify({
        ...this.#body(random),
        [['n', 'stop', 'messages', 'personascope'][kind]!]: random.next() * 1e9,
      }),
    ][kind]!
    const response = await this.#post(text)
    await response.text()
    if (response.status === 200) throw new Error(`was answered: ${text.slice(0, 100)}`)
    return response.status
  }

  #body(random: Random) {
    const tokens = 1 + Math.floor(random.next() * 30)
    const messages = [{ role: 'user', content: 'Hello. '.repeat(1 + Math.floor(random.next() * 10)) }]
    return { model: this.#model, messages, max_completion_tokens: tokens, seed: Math.floor(random.next() * 1e6) }
  }

  async #post(body: unknown): Promise<Response> {
    return await fetch(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }
}

async function keepAsking(
  load: Load,
  random: Random,
  counts: Record<string, number>,
  goesOn: () => boolean,
): Promise<void> {
  while (goesOn()) {
    const kind = random.next()
    try {
      const status =
        kind < 0.3
          ? await load.whole(random)
          : kind < 0.85
            ? await load.streamed(random, kind < 0.55 ? 'steady' : kind < 0.7 ? 'slow' : 'leaves')
            : await load.malformed(random)
      count(counts, status === 0 ? 'hung up' : `status ${status}`)
      if (status === 500) throw new Error('a fault of the server')
    } catch (error) {
      // While the server is down nothing can be reached.
      if (!(error instanceof TypeError)) throw error
      count(counts, 'cut off')
      await pause(50)
    }
  }
}

async function startServer(folder: string, fake: boolean, port: number) {
  const root = join(import.meta.dirname, '../..')
  const args = fake
    ? [join(root, 'test/verify/soak-server.ts'), folder, String(port)]
    : [join(root, 'src/cli/main.ts'), '--workspace', join(folder, 'workspace'), 'serve', '--port', String(port)]
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

function childrenOf(processId: number): number[] {
  return readdirSync(`/proc/${processId}/task`).flatMap(task =>
    readFileSync(`/proc/${processId}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

function residentMebibytes(processId: number): number {
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1]
  return Math.round(Number(kibibytes) / 1024)
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, fake: { type: 'boolean' } },
})
const report = await soak({
  seconds: Number(values.seconds ?? 600),
  seed: Number(values.seed ?? 1),
  fake: values.fake ?? false,
})
console.log(JSON.stringify(report))
