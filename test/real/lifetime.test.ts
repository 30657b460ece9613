/** Engines come and go: nothing is left behind, and a crash costs its requests only. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { copyFile, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { runNativeTask } from '../../src/engine/llama/process/run-native-task.ts'
import { modelFile } from './models.ts'

const file = modelFile('smollm2-135m-instruct', 'Q8_0')
const long = { prompt: { text: 'Once upon a time' }, maxTokens: 4000, ignoreEndOfTurn: true }
const short = { prompt: { text: 'Once upon a time' }, maxTokens: 3 }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const isRunning = (processId: number) => existsSync(`/proc/${processId}`)
async function waitUntilGone(processId: number): Promise<void> {
  for (let tries = 0; isRunning(processId); tries++) {
    if (tries > 200) throw new Error(`process ${processId} still runs after 10 s`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

describe('a crashed engine process', () => {
  test('fails its requests, is started again, and answers the next ones', async () => {
    await using engine = await openLlamaEngine(file, { contexts: 1 })
    const first = engine.processId!
    const before = await engine.generate({ ...short, sampling: { temperature: 0 } })
    const running = [
      engine.generate(long),
      engine.forward({ prompt: short.prompt, capture: { layers: 'all', promptMean: true } }),
    ]
    const ended = Promise.allSettled([running[0]])
    await running[1]
    process.kill(first, 'SIGKILL')
    expect(await ended).toMatchObject([{ status: 'rejected', reason: { code: 'ENGINE_CRASHED' } }])
    const after = await engine.generate({ ...short, sampling: { temperature: 0 } })
    expect(after.tokens).toEqual(before.tokens)
    expect(engine.processId).not.toBe(first)
  })

  test('is not started again for ever', async () => {
    await using engine = await openLlamaEngine(file, { contexts: 1 })
    for (let crash = 0; crash < 4; crash++) {
      await engine.tokenize('wait until it runs')
      const processId = engine.processId!
      process.kill(processId, 'SIGKILL')
      await waitUntilGone(processId)
    }
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(engine.processId).toBeUndefined()
    // A request is worth another try.
    expect((await engine.generate(short)).writtenTokens).toBe(3)
  })
})

describe('nothing is left', () => {
  test('of the engine process when its parent is killed, even while it works', async () => {
    const script = join(import.meta.dirname, 'open-and-exit-process.ts')
    const parent = spawn(process.execPath, [script, file.path], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const engineProcess = Number(line.toString())
    expect(isRunning(engineProcess)).toBe(true)
    parent.kill('SIGKILL')
    await waitUntilGone(engineProcess)
  })

  test('of memory, files and processes after many loads', async () => {
    const openFiles = () => readdirSync('/proc/self/fd').length
    const round = async () => {
      await using engine = await openLlamaEngine(file, { contexts: 1 })
      await engine.generate(short)
      return engine.processId!
    }
    for (let warm = 0; warm < 2; warm++) await round()
    const [memoryBefore, filesBefore] = [process.memoryUsage().rss, openFiles()]
    const processes: number[] = []
    for (let load = 0; load < 6; load++) processes.push(await round())
    expect(processes.filter(isRunning)).toEqual([])
    expect(openFiles()).toBeLessThanOrEqual(filesBefore + 1)
    // The engine's memory is the child's; what grows here would be a leak of listeners or results.
    expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(60e6)
  })
})

describe('a file that is no model', () => {
  const damage = async (name: string, change: (path: string) => Promise<void>) => {
    const path = join(folder, name)
    await copyFile(file.path, path)
    await change(path)
    return { id: name, path, hash: '' }
  }

  test.each<[string, (path: string) => Promise<void>]>([
    ['cut short', path => truncate(path, 50_000_000)],
    ['cut in its header', path => truncate(path, 2000)],
    ['of zeros', path => writeFile(path, Buffer.alloc(5000))],
    ['empty', path => truncate(path, 0)],
    [
      'with a damaged header',
      async path => {
        const handle = await open(path, 'r+')
        await handle.write(Buffer.alloc(64, 0xff), 0, 64, 16)
        await handle.close()
      },
    ],
  ])('%s is refused in one line, and the process goes on', async (what, change) => {
    const bad = await damage(what.replaceAll(' ', '-'), change)
    const error = await openLlamaEngine(bad).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: expect.stringMatching(/ENGINE_LOAD_FAILED|ENGINE_CRASHED/) })
    expect((error as Error).message).not.toContain('\n')
  })

  test('that is missing is refused', async () => {
    const missing = openLlamaEngine({ id: 'none', path: join(folder, 'none.gguf'), hash: '' })
    await expect(missing).rejects.toMatchObject({ code: 'ENGINE_LOAD_FAILED' })
  })
})

describe('a library that is not the pinned one', () => {
  test('is refused with what was expected', async () => {
    const wrong = join(folder, 'library')
    await import('node:fs/promises').then(({ mkdir }) => mkdir(wrong))
    await expect(runNativeTask({ kind: 'inspect-library', libraryDirectory: wrong })).rejects.toMatchObject({
      code: 'ENGINE_LIBRARY_MISMATCH',
    })
    for (const name of ['libggml-base.so', 'libggml.so', 'libllama.so'])
      await writeFile(join(wrong, name), 'no library')
    await expect(runNativeTask({ kind: 'inspect-library', libraryDirectory: wrong })).rejects.toMatchObject({
      code: 'ENGINE_LIBRARY_MISMATCH',
    })
  })
})
