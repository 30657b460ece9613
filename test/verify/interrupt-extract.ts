import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadTrait } from '../../src/trait/load-trait.ts'
import { type Interruption, runInterrupted } from './interrupted-command.ts'
import { check, count, pick, type Rounds, type Series, type Stage } from './series.ts'

export const interruptExtract: Series = {
  name: 'interrupt-extract',
  what: 'stops `vector extract` at a random moment by Ctrl-C or kill -9: the same command goes on to the same bytes',
  begin,
}

/** 130 answers: two whole parts and a bit. */
const questions = Array.from({ length: 65 }, (_, index) => `What of ${index}?`)

async function begin({ file, random, folder }: Stage): Promise<Rounds> {
  const { trait } = await loadTrait('joyful', join(folder, 'no-traits'))
  const short = {
    ...trait,
    name: 'short',
    contrastivePrompts: [{ positive: 'Be happy.', negative: 'Be sad.' }],
    extractionQuestions: questions,
  }
  // JSON is YAML too.
  await writeFile(join(folder, 'short.yaml'), JSON.stringify(short))
  const extract = (workspace: string, interruption?: Interruption) => {
    const names = ['--model', `file:${file.path}`, '--workspace', workspace]
    const settings = ['--judge', 'none', '--max-tokens', '3', '--contexts', '2', '--threads', '1']
    return runInterrupted([...names, 'vector', 'extract', 'short.yaml', ...settings], folder, {}, interruption)
  }
  const reference = await extract('whole')
  check(reference.code === 0, `the uninterrupted command ended with ${reference.code}: ${reference.stderr}`)
  const wanted = await vectorBytes(join(folder, 'whole'))
  const outcomes: Record<string, number> = {}
  /** How long the whole takes when the machine has nothing else to do. */
  let shortestMs = reference.durationMs

  const round = async () => {
    const workspace = join(folder, 'stopped')
    await rm(workspace, { recursive: true, force: true })
    let stops = 0
    for (;;) {
      const signal = pick(random, ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGKILL'] as const)
      const interruption = { signal, afterMs: random.next() * shortestMs }
      const { code, stderr, durationMs } = await extract('stopped', stops < 2 ? interruption : undefined)
      if (code === 0 && stops === 0) shortestMs = Math.min(shortestMs, durationMs)
      if (code === 0) break
      stops++
      count(outcomes, `${signal}: ${code === undefined ? 'ended by the signal' : `exit code ${code}`}`)
      check(stops <= 2, `the uninterrupted command ended with ${code}: ${stderr}`)
      check(code === undefined || code === 130, `expected exit code 130 after ${signal}, got ${code}: ${stderr}`)
    }
    count(outcomes, `finished after ${stops} stops`)
    check((await vectorBytes(workspace)).equals(wanted), 'the vector has other bytes than without the stops')
  }
  return { round, facts: () => outcomes, [Symbol.asyncDispose]: async () => {} }
}

/** The tensors, without the header that says when they were made. */
async function vectorBytes(workspace: string): Promise<Buffer> {
  const files = await readdir(workspace, { recursive: true })
  const vectors = files.filter(name => name.endsWith('short.safetensors'))
  check(vectors.length === 1, `expected one vector in ${workspace}, found ${vectors.length}`)
  const content = await readFile(join(workspace, vectors[0]!))
  return content.subarray(8 + Number(content.readBigUInt64LE()))
}
