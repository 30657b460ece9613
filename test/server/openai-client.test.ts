/** The official client for JavaScript against the server, over a real socket. */
import { connect } from 'node:net'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createRandom } from '../../src/numeric/random.ts'
import { openFakeServer } from '../../src/server/fake-server.case.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { fuzzRequest } from './fuzz-request.ts'

const server = openFakeServer({ limits: { running: 4 } })
let listening: Listening
let client: OpenAI

// Sockets wait where the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

beforeAll(async () => {
  listening = await listen(server.app.fetch, { host: '127.0.0.1', port: 0, guarded: false })
  client = new OpenAI({ baseURL: `${listening.url}/v1`, apiKey: 'none', maxRetries: 0 })
})

afterAll(async () => {
  await listening.close(100)
})

const asked = {
  model: 'fake',
  messages: [{ role: 'user' as const, content: 'How was your day?' }],
  max_completion_tokens: 15,
  seed: 3,
}

test('lists the model, and asks it', async () => {
  const models = await client.models.list()
  expect(models.data.map(({ id }) => id)).toEqual(['fake'])
  expect((await client.models.retrieve('fake')).id).toBe('fake')
  const { choices, usage, _request_id: id } = await client.chat.completions.create(asked)
  expect(id).toMatch(/^req_/)
  expect(choices[0]!.message.content!.length).toBeGreaterThan(0)
  expect(usage!.total_tokens).toBe(usage!.prompt_tokens + usage!.completion_tokens)
  const text = await client.completions.create({ model: 'fake', prompt: 'Once', max_tokens: 5, seed: 1 })
  expect(text.choices[0]!.text.length).toBeGreaterThan(0)
})

test('streams the same answer as it gives whole', async () => {
  const whole = await client.chat.completions.create(asked)
  const stream = client.chat.completions.stream({ ...asked, stream_options: { include_usage: true } })
  const final = await stream.finalChatCompletion()
  expect(final.choices[0]!.message.content).toBe(whole.choices[0]!.message.content)
  expect(final.choices[0]!.finish_reason).toBe(whole.choices[0]!.finish_reason)
  expect(final.usage).toEqual(whole.usage)
})

test('passes the personascope field through, and its answer back', async () => {
  const body = { ...asked, personascope: { steer: [{ vector: 'calm', coefficient: 2 }], read: ['evil'] } }
  const completion = (await client.chat.completions.create(body)) as OpenAI.ChatCompletion & {
    personascope: { readings: object; steering: unknown[] }
  }
  expect(Object.keys(completion.personascope.readings)).toEqual(['evil'])
  expect(completion.personascope.steering).toHaveLength(1)
})

test('meets errors as its own classes', async () => {
  await expect(client.chat.completions.create({ ...asked, model: 'other' })).rejects.toBeInstanceOf(
    OpenAI.NotFoundError,
  )
  const wrong = { ...asked, temperature: 9 }
  await expect(client.chat.completions.create(wrong)).rejects.toMatchObject({ status: 400, param: 'temperature' })
})

test('a client that hangs up frees its place', async () => {
  const abort = new AbortController()
  const long = { ...asked, max_completion_tokens: 1900, stream: true as const, n: 4 }
  const stream = await client.chat.completions.create(long, { signal: abort.signal })
  for await (const _ of stream) break
  abort.abort()
  const generate = vi.spyOn(server.engine, 'generate')
  const leaving = new AbortController()
  const body = { ...asked, max_completion_tokens: 1900, n: 4 }
  const whole = client.chat.completions.create(body, { signal: leaving.signal })
  const left = expect(whole).rejects.toThrow()
  await expect.poll(() => generate.mock.calls.length, { interval: 1, timeout: 30_000 }).toBe(4)
  leaving.abort()
  await left
  await expect(generate.mock.results[3]!.value).rejects.toMatchObject({ code: 'ENGINE_ABORTED' })
  generate.mockRestore()
  expect((await client.chat.completions.create({ ...asked, n: 4 })).choices).toHaveLength(4)
})

test('two hundred fuzzed requests are each answered with a status of their own, and the server lives', async () => {
  const random = createRandom(11)
  const statuses = new Set<number>()
  for (let count = 0; count < 200; count++) {
    const response = await fetch(`${listening.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: fuzzRequest({ ...asked, max_completion_tokens: 2 }, random),
    })
    await response.text()
    statuses.add(response.status)
  }
  expect([...statuses].filter(status => ![200, 400, 404].includes(status))).toEqual([])
  expect(statuses.has(400)).toBe(true)
  expect((await client.chat.completions.create(asked)).choices).toHaveLength(1)
})

test('what is no HTTP, or has too long a header, is turned away', async () => {
  const { port } = new URL(listening.url)
  const say = (text: string) =>
    new Promise<string>(resolve => {
      let heard = ''
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(text))
      socket.setEncoding('utf8').on('data', (data: string) => {
        heard += data
      })
      socket.once('close', () => resolve(heard))
      socket.on('error', () => {})
    })
  expect(await say('\x16\x03\x01 hello\r\n\r\n')).toContain('400')
  expect(await say(`GET /health HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(40_000)}\r\n\r\n`)).toContain(' 431 ')
  expect((await client.models.list()).data).toHaveLength(1)
})

test('a body that comes in chunks of unsaid length is read, up to the limit', async () => {
  const send = async (text: string) =>
    await fetch(`${listening.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([text]).stream(),
      duplex: 'half',
    })
  expect((await send(JSON.stringify(asked))).status).toBe(200)
  // The server may have hung up before all was sent.
  const status = await send(' '.repeat(8 << 20)).then(
    response => response.status,
    error => error,
  )
  if (!(status instanceof TypeError)) expect(status).toBe(413)
  expect((await fetch(`${listening.url}/v1/models`, { method: 'OPTIONS' })).status).toBe(404)
})

test('other machines are let in with a key only', async () => {
  const open = listen(server.app.fetch, { host: '0.0.0.0', port: 0, guarded: false })
  await expect(open).rejects.toMatchObject({ code: 'SERVER_NEEDS_KEY' })
})
