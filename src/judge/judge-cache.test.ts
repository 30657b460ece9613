import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { judgeWell, startFakeOpenAi } from './fake-openai.case.ts'
import { callKey, JudgeCache } from './judge-cache.ts'
import type { JudgeCall, JudgeReply, JudgeTransport } from './judge-transport.ts'

let directory: string
let folders = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'personascope-judge-'))
})
afterAll(async () => await rm(directory, { recursive: true }))
const newFolder = () => join(directory, String(folders++))
const pathIn = (folder: string) => join(folder, 'judge-calls.jsonl')

const transport: JudgeTransport = {
  id: 'somewhere#model',
  model: 'model',
  settings: { seed: 0 },
  isUnknown: false,
  askAll: async () => {},
}
const call = (content: string): JudgeCall => ({ messages: [{ role: 'user', content }], wants: 'number' })
const reply: JudgeReply = { text: '50', candidates: [{ text: '50', logprob: -0.1 }], promptTokens: 9, writtenTokens: 1 }
const keep = (cache: JudgeCache, content: string) =>
  cache.keep(callKey(transport, call(content)), transport, call(content), reply)
const get = (cache: JudgeCache, content: string) => cache.get(callKey(transport, call(content)))

describe('the memory of a judge', () => {
  test('brings back what was answered, and keeps who said it, to what and when', async () => {
    const folder = newFolder()
    await keep(await JudgeCache.open(folder), 'a')
    const cache = await JudgeCache.open(folder)
    expect(get(cache, 'a')).toEqual(reply)
    expect(get(cache, 'b')).toBeUndefined()
    const record = JSON.parse(await readFile(pathIn(folder), 'utf8'))
    expect(record).toMatchObject({ judge: 'somewhere#model', model: 'model', reply })
    expect(record.promptHash).toMatch(/^[0-9a-f]{64}$/)
    expect(Date.parse(record.createdAt)).toBeGreaterThan(0)
  })

  test('tells calls apart by all that decides the answer', () => {
    const keys = [
      callKey(transport, call('a')),
      callKey(transport, call('b')),
      callKey(transport, { ...call('a'), wants: 'text' }),
      callKey(transport, { messages: [{ role: 'system', content: 'a' }], wants: 'number' }),
      callKey({ ...transport, id: 'elsewhere#model' }, call('a')),
      callKey({ ...transport, settings: { seed: 1 } }, call('a')),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('only ever adds lines, whole ones also where many are added at once', async () => {
    const folder = newFolder()
    const cache = await JudgeCache.open(folder)
    await keep(cache, 'first')
    const before = await readFile(pathIn(folder), 'utf8')
    await Promise.all(Array.from({ length: 200 }, (_, index) => keep(cache, `${index}`)))
    const after = await readFile(pathIn(folder), 'utf8')
    expect(after.startsWith(before)).toBe(true)
    expect(
      after
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toHaveLength(201)
  })

  test('survives a last line that was cut short, wherever it was cut', async () => {
    const folder = newFolder()
    const cache = await JudgeCache.open(folder)
    await keep(cache, 'a')
    await keep(cache, 'b')
    const whole = await readFile(pathIn(folder))
    const firstLine = whole.indexOf('\n') + 1
    for (let length = firstLine; length < whole.length; length += 7) {
      await writeFile(pathIn(folder), whole)
      await truncate(pathIn(folder), length)
      const reopened = await JudgeCache.open(folder)
      expect(get(reopened, 'a')).toEqual(reply)
      await keep(reopened, 'c')
      const again = await JudgeCache.open(folder)
      expect(get(again, 'a')).toEqual(reply)
      expect(get(again, 'c')).toEqual(reply)
    }
  })

  test('skips lines it does not understand', async () => {
    const folder = newFolder()
    await keep(await JudgeCache.open(folder), 'a')
    await appendFile(pathIn(folder), '{"key": 5}\nnonsense\n\n[]\n')
    await keep(await JudgeCache.open(folder), 'b')
    const cache = await JudgeCache.open(folder)
    expect(get(cache, 'a')).toEqual(reply)
    expect(get(cache, 'b')).toEqual(reply)
  })

  test('says that it cannot write, instead of forgetting', async () => {
    const folder = newFolder()
    await writeFile(folder, 'a file where the folder should be')
    await expect(JudgeCache.open(join(folder, 'below'))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    const later = newFolder()
    const cache = await JudgeCache.open(later)
    await writeFile(later, 'a file where the folder should be')
    await expect(keep(cache, 'a')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })

  test('outlives a killed process: what it was answered is not asked again', async () => {
    const folder = newFolder()
    const script = join(import.meta.dirname, 'judge-in-child.case.ts')
    let killAt = 60
    await using server = await startFakeOpenAi(request => {
      if (server.requests.length === killAt) child.kill('SIGKILL')
      return judgeWell(request)
    })
    const start = () => spawn(process.execPath, [script, server.baseUrl, folder, '50'], { stdio: 'inherit' })
    let child = start()
    await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')
    const kept = (await readFile(pathIn(folder), 'utf8')).split('\n').slice(0, -1)
    expect(kept.length).toBeGreaterThan(40)
    const before = server.requests.length
    killAt = Number.POSITIVE_INFINITY
    child = start()
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    // One probe and two calls for each answer, less what was kept.
    await vi.waitFor(() => expect(server.requests.length - before).toBe(101 - kept.length))
  })
})
