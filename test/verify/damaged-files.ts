import { copyFile, open, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { LlamaEngine } from '../../src/engine/llama/llama-engine.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { PersonascopeError } from '../../src/errors/personascope-error.ts'
import { inspectGguf } from '../../src/model/inspect-gguf.ts'
import type { Random } from '../../src/numeric/random.ts'
import { childrenOf, memoryOf, waitUntil } from './processes.ts'
import { check, count, pick, type Rounds, type Series, type Stage, wholeBetween } from './series.ts'

/** Where the metadata and the list of tensors lie in the files that are damaged. */
const headerBytes = 1_700_000
/** The structures that sizes and types are read from. */
const firstBytes = 4000

/** Most are refused within half a second. */
const filesPerRound = 10

/** What may come of a damaged file, other than that it is loaded all the same. */
const refusals = ['ENGINE_LOAD_FAILED', 'ENGINE_CRASHED', 'MODEL_ARCHITECTURE_UNSUPPORTED', 'ENGINE_OUT_OF_MEMORY']

/** Bytes that are to stand at a place of a file. */
interface Patch {
  readonly offset: number
  readonly bytes: Buffer
}

interface Damage {
  readonly what: string
  readonly patches: readonly Patch[]
  /** Where the file is cut off. */
  readonly cutAt?: number
}

export const damagedFiles: Series = {
  name: 'damaged-files',
  what: 'cuts, overwrites or flips bits of a model file, ten times: it is refused in one line or loaded, and never ends the program',
  begin,
}

async function begin({ source, random, folder }: Stage): Promise<Rounds> {
  const path = join(folder, 'damaged.gguf')
  await copyFile(source.path, path)
  const whole = await readFile(source.path)
  const inspections: Record<string, number> = {}
  const loads: Record<string, number> = {}
  let highestBytes = 0

  const damageOne = async () => {
    const damage = chooseDamage(random, whole)
    await applyDamage(path, damage)
    try {
      await inspect(damage)
      await load(damage)
    } finally {
      await repair(path, damage, whole)
    }
  }

  const inspect = async ({ what }: Damage) => {
    const outcome = await inspectGguf(path).catch((error: unknown) => error)
    const refused = PersonascopeError.is(outcome) && outcome.code === 'MODEL_FILE_INVALID'
    check(refused || !(outcome instanceof Error), `${what}: inspecting gave ${outcome}`)
    if (refused) checkOneLine(what, outcome)
    count(inspections, refused ? 'refused' : 'understood')
  }

  const load = async ({ what }: Damage) => {
    const watch = setInterval(() => {
      for (const child of childrenOf(process.pid)) highestBytes = Math.max(highestBytes, memoryOf(child))
    }, 50)
    try {
      const outcome = await openLlamaEngine({ id: 'damaged', path, hash: '' }, { contexts: 1 }).catch(error => error)
      if (outcome instanceof Error) {
        check(PersonascopeError.is(outcome) && refusals.includes(outcome.code), `${what}: loading gave ${outcome}`)
        checkOneLine(what, outcome)
        count(loads, outcome.code)
      } else {
        count(loads, await ask(what, outcome))
      }
      await waitUntil(() => childrenOf(process.pid).length === 0, `${what}: an engine process is left`)
    } finally {
      clearInterval(watch)
    }
  }

  /** A file that loads may still hold nonsense: an answer or a refusal will do. */
  const ask = async (what: string, engine: LlamaEngine) => {
    try {
      await engine.generate({ prompt: { text: 'Once upon a time' }, maxTokens: 2 })
      return 'loaded and answered'
    } catch (error) {
      check(PersonascopeError.is(error) && error.code !== 'INTERNAL', `${what}: asking gave ${error}`)
      checkOneLine(what, error)
      return `loaded, then ${error.code}`
    } finally {
      await engine.close()
    }
  }

  return {
    round: async () => {
      for (let file = 0; file < filesPerRound; file++) await damageOne()
    },
    facts: () => ({ inspections, loads, engineHighestBytes: highestBytes }),
    [Symbol.asyncDispose]: async () => {},
  }
}

function checkOneLine(what: string, error: Error): void {
  check(!error.message.includes('\n'), `${what}: the message has several lines: ${error.message}`)
}

function chooseDamage(random: Random, whole: Buffer): Damage {
  const reach = pick(random, [firstBytes, headerBytes, headerBytes, whole.length])
  const offset = wholeBetween(random, 0, reach)
  const kind = pick(random, ['cut', 'overwrite', 'flip', 'flip'])
  if (kind === 'cut') return { what: `cut after ${offset} bytes`, patches: [], cutAt: offset }
  if (kind === 'flip') {
    const patches = Array.from({ length: wholeBetween(random, 1, 5) }, () => flipBit(random, whole, reach))
    const places = patches.map(({ offset: at, bytes }) => `${at} (now ${bytes[0]})`)
    return { what: `a bit flipped in each of the bytes ${places.join(', ')}`, patches }
  }
  const bytes = Buffer.alloc(Math.min(wholeBetween(random, 1, 65), whole.length - offset))
  const value = pick(random, [0, 255, undefined])
  for (let index = 0; index < bytes.length; index++) bytes[index] = value ?? wholeBetween(random, 0, 256)
  return { what: `at ${offset} the bytes ${bytes.toString('hex')}`, patches: [{ offset, bytes }] }
}

function flipBit(random: Random, whole: Buffer, reach: number): Patch {
  const offset = wholeBetween(random, 0, reach)
  return { offset, bytes: Buffer.of(whole[offset]! ^ (1 << wholeBetween(random, 0, 8))) }
}

async function applyDamage(path: string, { patches, cutAt }: Damage): Promise<void> {
  await writePatches(path, patches)
  if (cutAt !== undefined) await truncate(path, cutAt)
}

async function repair(path: string, { patches, cutAt }: Damage, whole: Buffer): Promise<void> {
  const missing = cutAt === undefined ? [] : [{ offset: cutAt, bytes: whole.subarray(cutAt) }]
  const former = patches.map(({ offset, bytes }) => ({ offset, bytes: whole.subarray(offset, offset + bytes.length) }))
  await writePatches(path, [...missing, ...former])
}

async function writePatches(path: string, patches: readonly Patch[]): Promise<void> {
  const file = await open(path, 'r+')
  try {
    for (const { offset, bytes } of patches) await file.write(bytes, 0, bytes.length, offset)
  } finally {
    await file.close()
  }
}
