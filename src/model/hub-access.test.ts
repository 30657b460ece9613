import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { boundedFetch, hubFailure, hubUrl } from './hub-access.ts'

let silent: Server
let url: string
let calls: Socket[]

beforeEach(async () => {
  calls = []
  silent = createServer(socket => calls.push(socket.on('error', () => {})))
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(silent.address() as { port: number }).port}`
})
afterEach(async () => {
  for (const call of calls) call.destroy()
  await new Promise(resolve => silent.close(resolve))
})

test('a host that takes the call and says nothing is given up in time', async () => {
  const start = performance.now()
  const error = await boundedFetch(50)(url).catch((reason: unknown) => reason)
  expect(hubFailure(error, {})).toBe('no answer within 0.05 s')
  expect(performance.now() - start).toBeLessThan(2000)
})

test('a call can be stopped before the host answers', async () => {
  const stop = new AbortController()
  const call = boundedFetch(60_000, stop.signal)(url)
  stop.abort()
  await expect(call).rejects.toMatchObject({ name: 'AbortError' })
})

test('the address of the hub is the library’s, unless HF_ENDPOINT names another', async ({ onTestFinished }) => {
  const before = process.env['HF_ENDPOINT']
  onTestFinished(() => {
    if (before === undefined) delete process.env['HF_ENDPOINT']
    else process.env['HF_ENDPOINT'] = before
  })
  process.env['HF_ENDPOINT'] = 'http://mirror.invalid/hub/'
  expect(hubUrl()).toBe('http://mirror.invalid/hub')
  delete process.env['HF_ENDPOINT']
  expect(new URL(hubUrl()).protocol).toBe('https:')
})
