import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { commit, file as hubFile, repo, startFakeHub } from '../../src/model/fake-hub.case.ts'
import { cacheDirectory } from '../../src/store/cache-directory.ts'
import { sha256OfFile } from '../../src/store/hash.ts'
import { type Interruption, runInterrupted } from './interrupted-command.ts'
import { check, count, pick, type Rounds, type Series, type Stage } from './series.ts'

export const interruptPull: Series = {
  name: 'interrupt-pull',
  what: 'stops `model pull` at a random moment by Ctrl-C or kill -9, while it downloads, verifies or converts: the same command goes on to the same bytes',
  begin,
}

async function begin({ source, random, folder }: Stage): Promise<Rounds> {
  const hub = await startFakeHub(await readFile(source.path))
  const caches = join(folder, 'caches')
  const pull = (interruption?: Interruption) => {
    const environment = {
      HF_ENDPOINT: hub.url,
      HF_HOME: join(caches, 'hugging-face'),
      PERSONASCOPE_CACHE: join(caches, 'personascope'),
    }
    return runInterrupted(['model', 'pull', `hf:${repo}/${hubFile}@${commit}`], folder, environment, interruption)
  }
  const notesPath = join(caches, 'personascope/machine.json')
  const clean = async (notes: Uint8Array) => {
    await rm(caches, { recursive: true, force: true })
    await mkdir(join(caches, 'personascope'), { recursive: true })
    await writeFile(notesPath, notes)
  }
  await clean(await readFile(cacheDirectory('machine.json')))
  const reference = await pull()
  // Which format is fastest here is known then: measuring it again is no part of this. The machine's own notes may be of
  // a native build, which these caches do not have.
  const notes = await readFile(notesPath)
  check(reference.code === 0, `the uninterrupted command ended with ${reference.code}: ${reference.stderr}`)
  const wanted = await hashes(caches)
  const outcomes: Record<string, number> = {}
  /** How long the whole takes when the machine has nothing else to do. */
  let shortestMs = reference.durationMs

  const round = async () => {
    await clean(notes)
    let stops = 0
    for (;;) {
      const signal = pick(random, ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGKILL'] as const)
      const interruption = { signal, afterMs: random.next() * shortestMs }
      const { code, stderr, durationMs } = await pull(stops < 3 ? interruption : undefined)
      if (code === 0 && stops === 0) shortestMs = Math.min(shortestMs, durationMs)
      if (code === 0) break
      stops++
      count(outcomes, `${signal}: ${code === undefined ? 'ended by the signal' : `exit code ${code}`}`)
      check(stops <= 3, `the uninterrupted command ended with ${code}: ${stderr}`)
      check(code === undefined || code === 130, `expected exit code 130 after ${signal}, got ${code}: ${stderr}`)
      for (const [name, hash] of Object.entries(await hashes(caches))) {
        check(wanted[name] === hash, `${name} stands under its final name, but is another file`)
      }
    }
    count(outcomes, `finished after ${stops} stops`)
    const there = await hashes(caches)
    check(
      JSON.stringify(there) === JSON.stringify(wanted),
      `expected ${JSON.stringify(wanted)}, got ${JSON.stringify(there)}`,
    )
    const parts = (await readdir(caches, { recursive: true })).filter(name =>
      /part|incomplete|lock$/.test(basename(name)),
    )
    check(parts.length === 0, `left behind: ${parts}`)
  }
  return { round, facts: () => outcomes, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() }
}

/** The sha256 of every model under its final name. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const models = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.gguf')).sort()
  const entries: [string, string][] = []
  for (const name of models) entries.push([name, await sha256OfFile(join(folder, name))])
  return Object.fromEntries(entries)
}
