/** The observer before a server that writes what it is told to, compressed or not. */
import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { FakeEngine } from '../../src/engine/fake/fake-engine.ts'
import { ConversationReader } from '../../src/monitoring/conversation-reader.ts'
import { TurnStore } from '../../src/monitoring/turn-store.ts'
import { watchTrait } from '../../src/monitoring/watched-trait.ts'
import { fakeVector, openFakeServer } from '../../src/server/fake-server.case.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { createObserverApp } from '../../src/server/observe-upstream.ts'
import { openSqlite } from '../../src/store/database-sqlite.ts'

const messages = [{ role: 'user' as const, content: 'Hi' }]
const odd = '{ "choices" : [ {"message":{"content":"odd   spacing"}} ],\r\n "x":1e0}'

let raw: Server
let rawUrl: string
let real: Listening
const heard: string[] = []
let heardBytes = 0

// Sockets wait where the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

beforeAll(async () => {
  raw = createServer((request, response) => {
    heard.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    request.on('data', (chunk: Buffer) => {
      heardBytes += chunk.length
    })
    request.once('end', () =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'x-own': 'kept' })
        .end(gzipSync(odd)),
    )
  })
  await new Promise<void>(resolve => raw.listen(0, '127.0.0.1', resolve))
  const address = raw.address()
  rawUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  real = await listen(openFakeServer().app.fetch, { host: '127.0.0.1', port: 0, guarded: false })
})

afterAll(async () => {
  raw.close()
  await real.close(100)
})

async function observe(upstream: string) {
  const engine = new FakeEngine()
  const watched = [watchTrait('evil', fakeVector('evil', engine.model, 2), engine.model)]
  const store = await TurnStore.open(openSqlite(':memory:'), { keepsText: true })
  const reader = new ConversationReader(engine, watched)
  const log = pino({ level: 'silent' })
  const app = createObserverApp({ upstream: new URL(upstream), reader, store, log })
  return { engine, store, app, listening: await listen(app.fetch, { host: '127.0.0.1', port: 0, guarded: false }) }
}

test('every byte of request and answer goes through, and a compressed answer is read', async () => {
  const { app, store, listening } = await observe(rawUrl)
  const response = await fetch(`${listening.url}/v1/chat/completions?a=%20b`, {
    method: 'POST',
    headers: { authorization: 'Bearer theirs' },
    body: JSON.stringify({ messages }),
  })
  expect(await response.text()).toBe(odd)
  expect(response.headers.get('x-own')).toBe('kept')
  expect(heard.at(-1)).toBe('POST /v1/chat/completions?a=%20b Bearer theirs')
  await expect.poll(() => store.count(), { timeout: 30_000 }).toBe(1)
  await app.drain()
  const [turn] = await Array.fromAsync(store.turns())
  expect(turn).toMatchObject({ source: 'observed', text: { response: 'odd   spacing' } })
  expect(turn!.readings['evil']!.responseMean).not.toBeNull()
  await listening.close(100)
})

test('a request is handed on while it comes; one too long to be observed goes through whole', async () => {
  const { app, store } = await observe(rawUrl)
  const before = heardBytes
  const megabyte = new TextEncoder().encode(' '.repeat(1 << 20))
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(megabyte)
      await expect.poll(() => heardBytes - before, { timeout: 30_000 }).toBe(1 << 20)
      for (let count = 0; count < 8; count++) controller.enqueue(megabyte)
      controller.enqueue(new TextEncoder().encode(JSON.stringify({ messages })))
      controller.close()
    },
  })
  const address = 'http://localhost/v1/chat/completions'
  const response = await app.fetch(new Request(address, { method: 'POST', body, duplex: 'half' } as RequestInit))
  expect(await response.text()).not.toBe('')
  expect(heardBytes - before).toBe((9 << 20) + JSON.stringify({ messages }).length)
  await app.drain()
  expect(await store.count()).toBe(0)
})

test('a path that looks like another host stays with the upstream server', async () => {
  const { app } = await observe(rawUrl)
  await app.fetch(new Request('http://localhost//other.example/steal'))
  expect(heard.at(-1)).toContain('GET //other.example/steal')
})

test('a stream arrives while the observer is stuck, and is read when it is free again', async () => {
  const { engine, app, store, listening } = await observe(real.url)
  const forward = engine.forward.bind(engine)
  let free: () => void = () => {}
  const stuck = new Promise<void>(resolve => {
    free = resolve
  })
  engine.forward = async (...args) => {
    await stuck
    return await forward(...args)
  }
  const client = new OpenAI({ baseURL: `${listening.url}/v1`, apiKey: 'none', maxRetries: 0 })
  const body = { model: 'fake', messages, max_completion_tokens: 10, seed: 1 }
  for (let count = 0; count < 3; count++) {
    const final = await client.chat.completions.stream(body).finalChatCompletion()
    expect(final.choices[0]!.message.content!.length).toBeGreaterThan(0)
  }
  expect(await store.count()).toBe(0)
  free()
  await expect.poll(() => store.count(), { timeout: 30_000 }).toBe(3)
  await app.drain()
  await listening.close(100)
})

test('an upstream server that is not there is a 502', async () => {
  const { app } = await observe('http://127.0.0.1:1')
  expect((await app.fetch(new Request('http://localhost/v1/models'))).status).toBe(502)
})
