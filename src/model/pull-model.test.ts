import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { lstat, mkdir, readFile, readlink, realpath, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { platform } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { downloadFileToCacheDir, scanCacheDir } from '@huggingface/hub'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Catalogue } from './catalogue.ts'
import { commit, contentOf, type FakeHub, file, repo, sha256Of, startFakeHub } from './fake-hub.case.ts'
import { recordPath } from './file-record.ts'
import { isolateMachine } from './isolated-machine.case.ts'
import { type PullProgress, pullModel } from './pull-model.ts'

const machine = isolateMachine()
const content = contentOf(400_000)
const hash = sha256Of(content)
const pinned = `hf:${repo}/${file}@${commit}`
const branch = `hf:${repo}/${file}`
let hub: FakeHub

beforeEach(async () => {
  hub = await startFakeHub(content)
  vi.stubEnv('HF_ENDPOINT', hub.url)
})
afterEach(async () => await hub[Symbol.asyncDispose]())

/** Where the bytes of the hub's file belong, and what is kept of them while they come. */
const blob = () => join(machine.hub, `models--${repo.replace('/', '--')}`, 'blobs', hash)
const part = () => `${blob()}.incomplete`
const snapshot = () => join(dirname(dirname(blob())), 'snapshots', commit, file)

async function failure(pulling: Promise<unknown>): Promise<PersonascopeError> {
  const error = await pulling.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!PersonascopeError.is(error)) throw new Error(`Expected a catalogue error, got ${error}`)
  return error
}

describe('a file of the hub', () => {
  test('lies under its name in the cache of all Hugging Face tools, with the hash the hub names', async () => {
    const pulled = await pullModel(pinned)
    expect(pulled).toEqual({
      id: 'small.Q8_0',
      path: snapshot(),
      hash,
      size: content.length,
      origin: `Hugging Face hub (${repo}/${file}@${commit})`,
      alreadyThere: false,
    })
    expect(content.equals(await readFile(pulled.path))).toBe(true)
    expect(await readlink(pulled.path)).toBe(join('..', '..', 'blobs', hash))
    expect(readdirSync(dirname(blob()))).toEqual([hash])
  })

  test('is there at once the second time, without the hub and without being read again', async () => {
    await pullModel(pinned)
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    const progress: PullProgress[] = []
    const again = await pullModel(pinned, { onProgress: event => progress.push(event) })
    expect(again).toMatchObject({ path: snapshot(), hash, alreadyThere: true })
    expect(progress).toEqual([])
  })

  test('of a branch is found under the branch without the network, as other tools find it', async () => {
    await pullModel(branch)
    expect(await readFile(join(dirname(dirname(blob())), 'refs', 'main'), 'utf8')).toBe(commit)
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect(await pullModel(branch)).toMatchObject({ path: snapshot(), alreadyThere: true })
  })

  test('that the hub library downloaded is found', async () => {
    vi.spyOn(console, 'debug').mockImplementation(() => {})
    await downloadFileToCacheDir({ repo, path: file, revision: commit, hubUrl: hub.url })
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect(await pullModel(pinned)).toMatchObject({ path: snapshot(), hash, alreadyThere: true })
  })

  test('of a commit is listed by the hub library, which wants all folders of the cache', async () => {
    await pullModel(pinned)
    const { repos, warnings } = await scanCacheDir()
    expect(warnings).toEqual([])
    expect(repos).toMatchObject([{ id: { name: repo }, revisions: [{ commitOid: commit, refs: [] }] }])
  })

  test('that was pulled is found by the hub library, and listed by it', async () => {
    await pullModel(branch)
    const before = hub.downloads.length
    expect(await downloadFileToCacheDir({ repo, path: file, revision: commit, hubUrl: hub.url })).toBe(snapshot())
    expect(hub.downloads.length).toBe(before)
    const { repos, warnings } = await scanCacheDir()
    expect(warnings).toEqual([])
    expect(repos).toMatchObject([{ id: { name: repo }, size: content.length, revisions: [{ refs: ['main'] }] }])
  })

  test('is not downloaded again for another revision with the same bytes', async () => {
    await pullModel(pinned)
    await pullModel(branch)
    expect(hub.downloads).toHaveLength(1)
  })

  test('in the hub’s newer storage comes the plain way, and resumes', async () => {
    hub.isXet = true
    hub.cutAfterBytes = 250_000
    expect(await pullModel(pinned)).toMatchObject({ hash })
    expect(hub.downloads.length).toBeGreaterThan(1)
    expect(hub.requests.filter(request => request.path.startsWith('/xet/'))).toEqual([])
  })

  test('that another tool left damaged in the cache is replaced', async () => {
    await mkdir(dirname(blob()), { recursive: true })
    await writeFile(blob(), Buffer.alloc(content.length))
    await mkdir(dirname(snapshot()), { recursive: true })
    await symlink(blob(), snapshot())
    expect(await pullModel(pinned)).toMatchObject({ hash, alreadyThere: false })
    expect(content.equals(await readFile(snapshot()))).toBe(true)
  })

  test('reports how far it is, up to the last byte, and then that it is verified', async () => {
    const progress: PullProgress[] = []
    await pullModel(pinned, { onProgress: event => progress.push(event) })
    const source = `Hugging Face hub (${repo})`
    const whole = { doneBytes: content.length, totalBytes: content.length, source }
    expect(progress[0]).toEqual({ phase: 'download', doneBytes: 0, totalBytes: content.length, source })
    expect(progress.filter(event => event.phase === 'download').at(-1)).toEqual({ phase: 'download', ...whole })
    expect(progress.at(-1)).toEqual({ phase: 'verify', ...whole })
    expect(progress.map(event => event.doneBytes)).toEqual(
      progress
        .filter(({ phase }) => phase === 'download')
        .map(event => event.doneBytes)
        .concat(progress.filter(({ phase }) => phase === 'verify').map(event => event.doneBytes)),
    )
  })
})

describe('a broken connection', () => {
  test('is continued within one pull, each time from where it broke', async () => {
    hub.cutAfterBytes = 150_000
    expect(await pullModel(pinned)).toMatchObject({ hash })
    expect(content.equals(await readFile(snapshot()))).toBe(true)
    expect(hub.downloads.length).toBeGreaterThanOrEqual(3)
    const starts = hub.downloads.map(({ range }) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0))
    for (const [index, start] of starts.slice(1).entries()) {
      expect(start).toBeGreaterThan(starts[index]!)
      expect(start).toBeLessThanOrEqual(starts[index]! + 150_000)
    }
  })

  test('that stays broken leaves what came, and the next pull goes on from there', async () => {
    const brokenOff = failure(
      pullModel(pinned, {
        onProgress: ({ doneBytes }) => {
          if (doneBytes > 0) hub.cutAfterBytes = 0
        },
      }),
    )
    hub.cutAfterBytes = 123_456
    expect((await brokenOff).code).toBe('MODEL_UNREACHABLE')
    expect(existsSync(snapshot())).toBe(false)
    const came = await readFile(part())
    expect(came.length).toBeGreaterThan(0)
    expect(came.equals(content.subarray(0, came.length))).toBe(true)

    hub.cutAfterBytes = undefined
    const before = hub.downloads.length
    expect(await pullModel(pinned)).toMatchObject({ hash })
    expect(hub.downloads.slice(before).map(request => request.range)).toEqual([
      `bytes=${came.length}-${content.length - 1}`,
    ])
    expect(existsSync(part())).toBe(false)
  })

  test('to a file of which something else was left is begun again once', async () => {
    await mkdir(dirname(part()), { recursive: true })
    await writeFile(part(), Buffer.alloc(200_000, 'x'))
    expect(await pullModel(pinned)).toMatchObject({ hash })
    expect(content.equals(await readFile(snapshot()))).toBe(true)
  })

  test('to a file of which more was left than it has is begun again', async () => {
    await mkdir(dirname(part()), { recursive: true })
    await writeFile(part(), Buffer.alloc(content.length + 1))
    expect(await pullModel(pinned)).toMatchObject({ hash })
  })

  test('is not continued with a server that sends the whole file for the rest of it', async () => {
    await mkdir(dirname(part()), { recursive: true })
    await writeFile(part(), content.subarray(0, 1000))
    hub.ignoresRanges = true
    const error = await failure(pullModel(pinned))
    expect(error.code).toBe('MODEL_UNREACHABLE')
    expect(error.facts['detail']).toMatch(/the server does not send parts of files/)
    expect(await readFile(part())).toEqual(content.subarray(0, 1000))
  })
})

describe('a wrong file', () => {
  test('is removed, and the error names both hashes', async () => {
    hub.claimedSha256 = 'b'.repeat(64)
    const error = await failure(pullModel(pinned))
    expect(error.code).toBe('MODEL_HASH_MISMATCH')
    expect(error.facts).toMatchObject({ expected: 'b'.repeat(64), got: hash })
    expect(readdirSync(dirname(blob()))).toEqual([])
    expect(existsSync(snapshot())).toBe(false)
  })

  test('is not even downloaded where the hub names another hash than the catalogue', async () => {
    const error = await failure(pullModel('small', { catalogue: catalogueOf({ sha256: 'c'.repeat(64) }) }))
    expect(error).toMatchObject({ code: 'MODEL_HASH_MISMATCH', facts: { expected: 'c'.repeat(64), got: hash } })
    expect(hub.downloads).toEqual([])
  })
})

test('a hub that names no proper sha256 is not believed, and nothing is written under what it names', async () => {
  hub.claimedSha256 = '../../../escaped'
  const error = await failure(pullModel(pinned))
  expect(error.facts['detail']).toMatch(/the hub names no sha256 for the file/)
  expect(existsSync(machine.hub)).toBe(false)
})

describe('a source that does not give the model says why:', () => {
  const clauses: readonly (readonly [name: string, prepare: () => void, clause: RegExp])[] = [
    ['a repository that is not there', () => (hub.status = 404), /no such repository, revision or file \(404\)/],
    ['a gated repository without a token', () => (hub.status = 401), /access denied \(401\).*set HF_TOKEN/],
    [
      'a gated repository with a token that may not',
      () => {
        hub.status = 403
        vi.stubEnv('HF_TOKEN', 'hf_secret')
      },
      /access denied \(403\): accept its licence on the hub with the account of HF_TOKEN/,
    ],
    ['a hub that is ill', () => (hub.status = 503), /answered with an error \(503\)/],
    ['a token that is none', () => vi.stubEnv('HF_TOKEN', 'secret'), /HF_TOKEN is not a Hugging Face token/],
    ['being told to stay offline', () => vi.stubEnv('HF_HUB_OFFLINE', '1'), /HF_HUB_OFFLINE is set/],
    ['a host without a name', () => vi.stubEnv('HF_ENDPOINT', 'http://hub.invalid'), /cannot be reached \(E\w+\)/],
  ]
  test.each(clauses)('%s', async (_, prepare, clause) => {
    prepare()
    const error = await failure(pullModel(pinned))
    expect(error.code).toBe('MODEL_UNREACHABLE')
    expect(error.facts['detail']).toMatch(clause)
    expect(error.message).not.toMatch(/secret|\n/)
  })

  test('a repository without the file', async () => {
    const error = await failure(pullModel(`hf:${repo}/other.gguf@${commit}`))
    expect(error.facts['detail']).toBe(`Hugging Face hub (${repo}): the repository has no file other.gguf`)
  })

  test('a port where nobody listens, at once', async () => {
    vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${await closedPort()}`)
    const start = performance.now()
    const error = await failure(pullModel(pinned))
    expect(error.facts['detail']).toMatch(/cannot be reached \(ECONNREFUSED\)/)
    expect(performance.now() - start).toBeLessThan(3000)
  })
})

describe('the hub is asked', () => {
  test('with the token of HF_TOKEN, else with the one that was stored', async () => {
    await mkdir(dirname(machine.hub), { recursive: true })
    await writeFile(join(dirname(machine.hub), 'token'), 'hf_stored\n')
    await pullModel(pinned)
    expect(new Set(hub.requests.map(request => request.authorization))).toEqual(new Set(['Bearer hf_stored']))
    hub.requests.length = 0
    vi.stubEnv('HF_TOKEN', 'hf_given')
    await pullModel(branch)
    expect(new Set(hub.requests.map(request => request.authorization))).toEqual(new Set(['Bearer hf_given']))
  })

  test('and followed to another address, which never sees the token', async () => {
    await using storage = await startFakeHub(content)
    hub.redirectTo = storage.url.replace('127.0.0.1', 'localhost')
    storage.cutAfterBytes = 300_000
    vi.stubEnv('HF_TOKEN', 'hf_secret')
    expect(await pullModel(pinned)).toMatchObject({ hash })
    expect(storage.downloads).toHaveLength(2)
    expect(storage.requests.map(request => request.authorization)).toEqual([undefined, undefined])
    expect(hub.downloads.every(request => request.authorization === 'Bearer hf_secret')).toBe(true)
  })
})

describe('stopping', () => {
  test('keeps what came, and the next pull goes on from there', async () => {
    const stop = new AbortController()
    hub.cutAfterBytes = 100_000
    hub.hold = new Promise(() => {})
    const error = await failure(
      pullModel(pinned, {
        signal: stop.signal,
        onProgress: ({ doneBytes }) => {
          if (doneBytes === 100_000) stop.abort()
        },
      }),
    )
    expect(error.code).toBe('INTERRUPTED')
    expect(error.exitCode).toBe(130)
    expect(existsSync(snapshot())).toBe(false)
    expect((await stat(part())).size).toBe(100_000)

    hub.hold = undefined
    hub.cutAfterBytes = undefined
    expect(await pullModel(pinned)).toMatchObject({ hash })
    expect(hub.downloads.at(-1)?.range).toBe(`bytes=100000-${content.length - 1}`)
  })

  test('while the file is verified keeps all of it, and nothing is downloaded again', async () => {
    // More than is read from the disk at once.
    const large = contentOf(3_000_000)
    await using largeHub = await startFakeHub(large)
    vi.stubEnv('HF_ENDPOINT', largeHub.url)
    const stop = new AbortController()
    const onProgress = ({ phase }: PullProgress) => {
      if (phase === 'verify') stop.abort()
    }
    expect((await failure(pullModel(pinned, { signal: stop.signal, onProgress }))).code).toBe('INTERRUPTED')
    expect(existsSync(snapshot())).toBe(false)
    expect(await pullModel(pinned)).toMatchObject({ hash: sha256Of(large) })
    expect(largeHub.sentBytes).toBe(large.length)
  })

  test('before it began asks nobody', async () => {
    const error = await failure(pullModel(pinned, { signal: AbortSignal.abort() }))
    expect(error.code).toBe('INTERRUPTED')
    expect(hub.requests).toEqual([])
  })
})

describe('two pulls of one model at once', () => {
  test('download it once', async () => {
    const pulled = await Promise.all([pullModel(pinned), pullModel(pinned), pullModel(pinned)])
    expect(pulled.map(model => model.hash)).toEqual([hash, hash, hash])
    expect(pulled.filter(model => !model.alreadyThere)).toHaveLength(1)
    expect(hub.sentBytes).toBe(content.length)
  })

  test('by two of its names download it once', async () => {
    const pulled = await Promise.all([pullModel(pinned), pullModel(branch)])
    expect(pulled.map(model => model.path)).toEqual([snapshot(), snapshot()])
    expect(hub.sentBytes).toBe(content.length)
  })

  test('in two processes download it once', async () => {
    const children = [pullInChild(pinned), pullInChild(pinned)]
    const results = await Promise.all(children.map(child => child.result))
    expect(results.map(model => model.hash)).toEqual([hash, hash])
    expect(results.map(model => model.alreadyThere).sort()).toEqual([false, true])
    expect(hub.sentBytes).toBe(content.length)
  })

  test('tell the one that waits whom it waits for', async () => {
    let release = () => {}
    hub.hold = new Promise(resolve => {
      release = resolve
    })
    const onProgress = ({ source }: PullProgress) => {
      if (source === `process ${process.pid}, which pulls the same model`) release()
    }
    const pulled = await Promise.all([pullModel(pinned, { onProgress }), pullModel(pinned, { onProgress })])
    expect(pulled.map(model => model.alreadyThere).sort()).toEqual([false, true])
  })

  test('of which one is killed leave the other to go on from what it brought', async () => {
    hub.cutAfterBytes = 200_000
    hub.hold = new Promise(() => {})
    const child = pullInChild(pinned)
    await child.begun
    child.process.kill('SIGKILL')
    await once(child.process, 'exit')
    expect(readdirSync(join(machine.models, 'locks'))).toHaveLength(1)

    hub.hold = undefined
    hub.cutAfterBytes = undefined
    const came = (await stat(part())).size
    expect(came).toBeGreaterThan(0)
    expect(await pullModel(pinned)).toMatchObject({ hash, alreadyThere: false })
    expect(hub.downloads.at(-1)?.range).toBe(`bytes=${came}-${content.length - 1}`)
    expect(readdirSync(join(machine.models, 'locks'))).toEqual([])
  })
})

describe('a full disk', () => {
  test.skipIf(platform() !== 'linux')('leaves nothing behind', async () => {
    await mkdir(dirname(part()), { recursive: true })
    await symlink('/dev/full', part())
    const error = await failure(pullModel(pinned))
    expect(error.code).toBe('DISK_FULL')
    expect(readdirSync(dirname(blob()))).toEqual([])
    expect(existsSync(snapshot())).toBe(false)
  })

  test('is noticed before the first byte, where the file cannot fit', async () => {
    hub.claimedSize = 2 ** 50
    const error = await failure(pullModel(pinned))
    expect(error).toMatchObject({ code: 'DISK_FULL' })
    expect(error.message).toMatch(/1125899\.91 GB needed/)
    expect(hub.downloads).toEqual([])
  })

  test('is told from a place that cannot be written at all', async () => {
    await writeFile(join(machine.directory, 'occupied'), '')
    vi.stubEnv('HF_HOME', join(machine.directory, 'occupied'))
    expect((await failure(pullModel(pinned))).code).toBe('FILE_UNWRITABLE')
  })
})

describe('a file of this machine', () => {
  const path = () => join(machine.directory, 'mine.gguf')

  test('is read once, and again only when it changed', async () => {
    await writeFile(path(), content)
    const phases: string[] = []
    const pull = () => pullModel(`file:${path()}`, { onProgress: event => phases.push(event.phase) })
    expect(await pull()).toEqual({
      id: 'mine',
      path: path(),
      hash,
      size: content.length,
      origin: 'local file',
      alreadyThere: true,
    })
    expect(phases.length).toBeGreaterThan(0)
    phases.length = 0
    expect((await pull()).hash).toBe(hash)
    expect(phases).toEqual([])

    const changed = Buffer.from(content).fill('x', 0, 10)
    await writeFile(path(), changed)
    await utimes(path(), 1, 1)
    expect((await pull()).hash).toBe(sha256Of(changed))
    expect(phases.length).toBeGreaterThan(0)
  })

  test('with the bytes of a model of the catalogue is that model', async () => {
    await writeFile(path(), content)
    expect((await pullModel(`file:${path()}`, { catalogue: catalogueOf({ sha256: hash }) })).id).toBe('small')
  })

  test('that is not there, or is a folder, or one part of several, is refused', async () => {
    expect((await failure(pullModel(`file:${path()}`))).code).toBe('FILE_NOT_FOUND')
    expect((await failure(pullModel(`file:${machine.directory}`))).code).toBe('MODEL_FILE_INVALID')
    const shard = join(machine.directory, 'big-00001-of-00003.gguf')
    await writeFile(shard, content)
    expect((await failure(pullModel(`file:${shard}`))).facts['detail']).toMatch(/part 1 of 3/)
    expect((await failure(pullModel(`hf:${repo}/big-00002-of-00003.gguf`))).facts['detail']).toMatch(/part 2 of 3/)
  })
})

describe('what is remembered of a file', () => {
  test('lies in the cache and says where it came from and when', async () => {
    await pullModel(pinned)
    const record = JSON.parse(await readFile(await recordPath(snapshot()), 'utf8'))
    expect(record).toMatchObject({
      path: await realpath(blob()),
      sha256: hash,
      size: content.length,
      mtimeMs: (await stat(blob())).mtimeMs,
      origin: { kind: 'hub', repo, revision: commit, commit, file },
    })
    expect(Math.abs(Date.parse(record.date) - Date.now())).toBeLessThan(60_000)
  })

  test('is not believed when it is damaged', async () => {
    await pullModel(pinned)
    await writeFile(await recordPath(snapshot()), '{"sha256": 3')
    const phases: string[] = []
    const again = await pullModel(pinned, { onProgress: event => phases.push(event.phase) })
    expect(again).toMatchObject({ hash, alreadyThere: true })
    expect(new Set(phases)).toEqual(new Set(['verify']))
    expect((await lstat(await recordPath(snapshot()))).size).toBeGreaterThan(100)
  })
})

function catalogueOf({ sha256 }: { sha256: string | null }): Catalogue {
  return {
    default: 'small',
    models: [
      {
        id: 'small',
        title: 'Small',
        parameters: 1,
        licence: 'MIT',
        instructionTuned: true,
        tried: true,
        file: { name: file, weightFormat: 'Q8_0', size: content.length, sha256 },
        sources: [{ kind: 'hub', repo, revision: commit, file }],
      },
    ],
  }
}

interface PullingChild {
  readonly process: ChildProcess
  /** Resolves with the first byte. */
  readonly begun: Promise<void>
  readonly result: Promise<{ readonly hash: string; readonly alreadyThere: boolean }>
}

function pullInChild(name: string): PullingChild {
  const script = fileURLToPath(new URL('./pull-in-child.case.ts', import.meta.url))
  const child = spawn(process.execPath, [script, name], { stdio: ['ignore', 'pipe', 'inherit'] })
  let markBegun = () => {}
  const begun = new Promise<void>(resolve => {
    markBegun = resolve
  })
  const result = new Promise<{ hash: string; alreadyThere: boolean }>((resolve, reject) => {
    createInterface(child.stdout!).on('line', line => {
      const said = JSON.parse(line)
      if (said.progress) markBegun()
      else resolve(said.pulled)
    })
    child.on('exit', code => reject(new Error(`the child ended with ${code}`)))
  })
  result.catch(() => {})
  return { process: child, begun, result }
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return (address as { port: number }).port
}
