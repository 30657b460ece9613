import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeEngine } from '../../src/engine/fake/fake-engine.ts'
import { convert } from '../../src/engine/llama/tuning/prepare-weights.ts'
import { PersonascopeError } from '../../src/errors/personascope-error.ts'
import { commit, contentOf, file as hubFile, repo, sha256Of, startFakeHub } from '../../src/model/fake-hub.case.ts'
import { inspectGguf } from '../../src/model/inspect-gguf.ts'
import { type PullProgress, pullModel } from '../../src/model/pull-model.ts'
import { sha256OfFile } from '../../src/store/hash.ts'
import { readSafetensors } from '../../src/store/safetensors.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { loadTrait } from '../../src/trait/load-trait.ts'
import { extractVector } from '../../src/workbench/extract-vector.ts'
import { check, count, type Rounds, type Series, type Stage, wholeBetween } from './series.ts'
import { mountSmallDisk, type SmallDisk, smallDiskUnavailable } from './small-disk.ts'

export const fullDisk: Series = {
  name: 'full-disk',
  what: 'lets the disk run full at a random byte of a run, a conversion or a download: nothing half-written is left, and with room the same call succeeds',
  unavailable: () => smallDiskUnavailable(join(tmpdir(), `personascope-small-disk-${process.pid}`)),
  begin,
}

const roomBytes = 400e6

async function begin({ source, random, folder }: Stage): Promise<Rounds> {
  const outcomes: Record<string, number> = {}
  const { weightFormat } = await inspectGguf(source.path)
  const content = contentOf(2_000_000)

  const extract = async (path: string) => {
    await using engine = new FakeEngine()
    const trait = await loadTrait('joyful', join(folder, 'no-traits'))
    const settings = { maxTokens: 4 }
    const extracted = await extractVector({ engine, trait, workspace: openWorkspace(path), judge: 'none', settings })
    return (await readSafetensors(extracted.path)).tensors
  }
  const wantedTensors = JSON.stringify(await extract(join(folder, 'whole')))

  const wantedWeights = await convert(source, weightFormat, 'Q8_0', join(folder, 'weights'))

  const works: Readonly<Record<string, (disk: SmallDisk) => Promise<void>>> = {
    extract: async disk => {
      check(JSON.stringify(await extract(join(disk.path, 'w'))) === wantedTensors, 'the vector is another one')
    },
    convert: async disk => {
      const converted = await convert(source, weightFormat, 'Q8_0', disk.path)
      check((await sha256OfFile(converted.path)) === wantedWeights.hash, 'the converted file is another one')
    },
    pull: async disk => {
      await using hub = await startFakeHub(content)
      process.env['HF_ENDPOINT'] = hub.url
      process.env['HF_HOME'] = join(disk.path, 'hugging-face')
      process.env['PERSONASCOPE_CACHE'] = join(disk.path, 'cache')
      // What somebody else writes to the disk while the download runs.
      const ballast = join(disk.path, 'ballast')
      let filled = false
      const onProgress = ({ phase, doneBytes }: PullProgress) => {
        if (filled || phase !== 'download' || doneBytes === 0) return
        filled = true
        fill(ballast, random.next() * sizes['pull']!)
      }
      try {
        const pulled = await pullModel(`hf:${repo}/${hubFile}@${commit}`, { onProgress })
        check((await sha256OfFile(pulled.path)) === sha256Of(content), 'the pulled file is another one')
      } finally {
        rmSync(ballast, { force: true })
      }
    },
  }
  /** A little more than each needs. */
  const sizes: Readonly<Record<string, number>> = {
    extract: 1.3 * (await bytesIn(join(folder, 'whole'))),
    convert: 160e6,
    pull: 1.5 * content.length,
  }

  const fillUp = async (name: string, work: (disk: SmallDisk) => Promise<void>) => {
    const environment = { ...process.env }
    using disk = mountSmallDisk(join(folder, 'disk'), wholeBetween(random, 8192, Math.ceil(sizes[name]!)))
    try {
      const outcome = await work(disk).catch((error: unknown) => error)
      const isFull = PersonascopeError.is(outcome) && outcome.code === 'DISK_FULL'
      check(isFull || !(outcome instanceof Error), `expected DISK_FULL of ${name}, got ${outcome}`)
      if (isFull) await checkNothingHalf(disk.path)
      count(outcomes, `${name}: ${isFull ? 'disk full' : 'it fitted'}`)
      disk.resize(roomBytes)
      await work(disk)
    } finally {
      restore(environment)
    }
  }

  const round = async () => {
    for (const [name, work] of Object.entries(works)) await fillUp(name, work)
  }
  return { round, facts: () => outcomes, [Symbol.asyncDispose]: async () => {} }
}

function restore(environment: NodeJS.ProcessEnv): void {
  for (const name of ['HF_ENDPOINT', 'HF_HOME', 'PERSONASCOPE_CACHE']) {
    if (environment[name] === undefined) delete process.env[name]
    else process.env[name] = environment[name]
  }
}

/** Fills the disk with so many bytes, or as many as it takes. */
function fill(path: string, bytes: number): void {
  const file = openSync(path, 'w')
  try {
    for (let written = 0; written < bytes; ) written += writeSync(file, Buffer.alloc(65_536))
  } catch {
    // Full, as wanted.
  } finally {
    closeSync(file)
  }
}

/** Whatever stands under a final name is whole. */
async function checkNothingHalf(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    check(!entry.name.endsWith('.part'), `${path} is left`)
    if (entry.name.endsWith('.safetensors')) await readSafetensors(path)
    if (entry.name.endsWith('.json')) JSON.parse(await readFile(path, 'utf8'))
    if (entry.name.endsWith('.jsonl'))
      (await readFile(path, 'utf8'))
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
    check(!entry.name.endsWith('.gguf'), `${path} is left`)
  }
}

/** How much the files of a folder take on a disk of blocks of 4096 bytes. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const sizes = await Promise.all(entries.map(entry => stat(join(entry.parentPath, entry.name))))
  return sizes.reduce((sum, { size }) => sum + Math.ceil(size / 4096) * 4096, 0)
}
