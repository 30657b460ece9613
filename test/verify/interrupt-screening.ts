import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { writeRandomDataset, writeToldDataset } from '../screening/fake-screening.ts'
import { check, count, type Place, type Rounds, type Series } from './series.ts'

export const interruptScreening: Series<Place> = {
  name: 'interrupt-screening',
  what: 'ends a screening on the fake engine by kill -9 at a random moment: the same command goes on to the same bytes',
  begin: place => begin(place, { write: writeRandomDataset, more: [] }),
}

export const interruptFastScreening: Series<Place> = {
  name: 'interrupt-fast-screening',
  what: 'the same with --fast, on rows whose beginning tells the whole',
  begin: place => begin(place, { write: writeToldDataset, more: ['fast'] }),
}

const rows = 4000
const childPath = join(import.meta.dirname, '../screening/screen-in-child.ts')
const results = ['scores.parquet', 'summary.json', 'report.html', 'unreadable.jsonl']

interface Kind {
  readonly write: (path: string, count: number) => Promise<void>
  /** What the screening process is told beside folder and dataset. */
  readonly more: readonly string[]
}

async function begin({ random, folder: place }: Place, { write, more }: Kind): Promise<Rounds> {
  const folder = await mkdtemp(join(place, 'screening-'))
  const dataset = join(folder, 'rows.jsonl')
  await write(dataset, rows)
  const screen = (where: string, killAfterMs?: number) =>
    screenInChild([join(folder, where), dataset, ...more], killAfterMs)
  const reference = await screen('whole')
  check(reference.code === 0, `the uninterrupted screening ended with ${reference.code}`)
  const wanted = await resultsIn(await runIn(join(folder, 'whole')))
  const outcomes: Record<string, number> = {}
  let rounds = 0

  const round = async () => {
    const where = `killed-${++rounds}`
    const { code } = await screen(where, random.next() * reference.scoringMs)
    check(code === null || code === 0, `expected the screening to be killed or to end well, got ${code}`)
    const run = await runIn(join(folder, where))
    count(outcomes, code === 0 ? 'ended before the kill' : await stateOf(run))
    const resumed = await screen(where)
    check(resumed.code === 0, `the resumed screening ended with ${resumed.code}`)
    const found = await resultsIn(run)
    for (const name of results)
      check(found[name]!.equals(wanted[name]!), `${name} has other bytes than without the kill`)
  }
  return { round, facts: () => ({ rows, ...outcomes }), [Symbol.asyncDispose]: async () => {} }
}

/** @returns the exit code, null where it was killed, and how long it took from the first progress on */
async function screenInChild(args: readonly string[], killAfterMs?: number) {
  const child = spawn(process.execPath, [childPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const began = new Promise<void>(resolve => child.stdout.once('data', () => resolve()))
  // What is not read would hold the child up.
  child.stdout.resume()
  await Promise.race([began, ended])
  const start = performance.now()
  if (killAfterMs !== undefined) {
    await Promise.race([pause(killAfterMs), ended])
    child.kill('SIGKILL')
  }
  return { code: await ended, scoringMs: performance.now() - start }
}

async function runIn(folder: string): Promise<string> {
  const runs = join(folder, '.personascope', 'runs')
  const names = await readdir(runs)
  check(names.length === 1, `expected one run in ${runs}, found ${names.length}`)
  return join(runs, names[0]!)
}

/** How far a killed run had come. */
async function stateOf(run: string): Promise<string> {
  const names = new Set(await readdir(run, { recursive: true }))
  if (names.has('summary.json')) return 'killed with the summary written'
  if (names.has('scores.parquet')) return 'killed with the scores gathered'
  const phase = [...names]
    .flatMap(name => /^fast.([\w-]+)$/.exec(name)?.[1] ?? [])
    .sort()
    .at(-1)
  if (phase !== undefined && !names.has('parts')) return `killed in or after ${phase}`
  const parts = [...names].filter(name => /^parts.*\.jsonl$/.test(name)).length
  const quarter = Math.floor((4 * parts * 256) / rows) + 1
  return parts === 0 ? 'killed before the first part' : `killed in quarter ${Math.min(4, quarter)} of the rows`
}

async function resultsIn(run: string): Promise<Record<string, Buffer>> {
  return Object.fromEntries(
    await Promise.all(results.map(async name => [name, await readFile(join(run, name))] as const)),
  )
}
