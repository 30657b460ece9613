import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { ChatMessage } from '../chat/message.ts'
import {
  chatCompletionChunkSchema,
  chatCompletionSchema,
  textCompletionSchema,
} from '../contract/completion-response.ts'
import type { openApiDocument } from '../contract/open-api.ts'
import type { PersonascopeResponse } from '../contract/personascope-field.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { TurnStore } from '../monitoring/turn-store.ts'
import { watchTrait } from '../monitoring/watched-trait.ts'
import { openSqlite } from '../store/database-sqlite.ts'
import { forecastFrom } from '../vector/calibration.ts'
import { forecastOf, scoreOfProjection } from '../vector/forecaster.ts'
import { directionAt } from '../vector/persona-vector.ts'
import { sampleForecaster } from '../vector/sample-forecaster.case.ts'
import { AccessKeys } from './access-keys.ts'
import { eventsOf, fakeCalibration, openFakeServer, post } from './fake-server.case.ts'

const folder = mkdtempSync(join(tmpdir(), 'personascope-server-'))
afterAll(() => rmSync(folder, { recursive: true }))

// What is long for a busy machine.
vi.setConfig({ testTimeout: 30_000 })

const messages = [{ role: 'user', content: 'How was your day?' }]
const chat = { model: 'fake', messages, max_completion_tokens: 12, seed: 5 }

async function ask(server: ReturnType<typeof openFakeServer>, body: unknown, headers?: Record<string, string>) {
  const response = await server.app.fetch(post('/v1/chat/completions', body, headers))
  const told = (await response.json()) as { error: { type: string }; personascope: PersonascopeResponse }
  return { response, status: response.status, body: told }
}

describe('chat completions', () => {
  const server = openFakeServer()

  test('are what the engine itself answers, in the shape of the contract', async () => {
    const { status, body } = await ask(server, { ...chat, temperature: 0.7, top_p: 0.9 })
    expect(status).toBe(200)
    const completion = chatCompletionSchema.parse(body)
    const direct = await server.engine.generate({
      prompt: { messages: [{ role: 'user', content: 'How was your day?' }] },
      maxTokens: 12,
      sampling: { temperature: 0.7, topP: 0.9, seed: 5 },
    })
    expect(completion.choices[0]!.message.content).toBe(direct.text)
    expect(completion.usage.prompt_tokens).toBe(direct.promptTokens)
    expect(completion.usage.completion_tokens).toBe(direct.writtenTokens)
    expect(completion.personascope).toBeUndefined()
  })

  test('stream the same text, end with usage where asked, and say done', async () => {
    const whole = chatCompletionSchema.parse((await ask(server, chat)).body)
    const response = await server.app.fetch(
      post('/v1/chat/completions', { ...chat, stream: true, stream_options: { include_usage: true } }),
    )
    const events = await eventsOf(response)
    expect(events.at(-1)).toBe('[DONE]')
    const chunks = events.slice(0, -1).map(event => chatCompletionChunkSchema.parse(JSON.parse(event)))
    expect(chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]!.message.content)
    expect(chunks[0]!.choices[0]!.delta.role).toBe('assistant')
    expect(chunks.at(-1)!.usage).toEqual(whole.usage)
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe(whole.choices[0]!.finish_reason)
  })

  test('give n different answers, each the same as the seed after it alone', async () => {
    const three = chatCompletionSchema.parse((await ask(server, { ...chat, n: 3 })).body)
    const second = chatCompletionSchema.parse((await ask(server, { ...chat, seed: 6 })).body)
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(three.choices[1]!.message.content).toBe(second.choices[0]!.message.content)
    expect(new Set(three.choices.map(choice => choice.message.content)).size).toBe(3)
  })

  test('stop before a stop text', async () => {
    const whole = chatCompletionSchema.parse((await ask(server, chat)).body).choices[0]!.message.content
    const stop = whole.slice(4, 6)
    const { choices } = chatCompletionSchema.parse((await ask(server, { ...chat, stop })).body)
    expect(choices[0]!.message.content).toBe(whole.slice(0, whole.indexOf(stop)))
    expect(choices[0]!.finish_reason).toBe('stop')
  })

  test('tell log-probabilities, as many alternatives as asked, whole and streamed', async () => {
    const asked = { ...chat, logprobs: true, top_logprobs: 3 }
    const { choices } = chatCompletionSchema.parse((await ask(server, asked)).body)
    const content = choices[0]!.logprobs!.content
    expect(content.map(({ top_logprobs }) => top_logprobs.length)).toEqual(Array(content.length).fill(3))
    for (const { logprob } of content) expect(logprob).toBeLessThanOrEqual(0)
    const events = await eventsOf(await server.app.fetch(post('/v1/chat/completions', { ...asked, stream: true })))
    const streamed = events
      .slice(0, -1)
      .flatMap(event => chatCompletionChunkSchema.parse(JSON.parse(event)).choices[0]?.logprobs?.content ?? [])
    expect(streamed).toEqual(content)
  })

  test('take content in parts, and a developer for the system', async () => {
    const parts = [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'How was ' },
          { type: 'text', text: 'your day?' },
        ],
      },
    ]
    const plain = [{ role: 'system', content: 'Be brief.' }, ...messages]
    const a = chatCompletionSchema.parse((await ask(server, { ...chat, messages: parts })).body)
    const b = chatCompletionSchema.parse((await ask(server, { ...chat, messages: plain })).body)
    expect(a.choices[0]!.message.content).toBe(b.choices[0]!.message.content)
  })
})

test('text completions answer several prompts, in order', async () => {
  const server = openFakeServer()
  const body = { model: 'fake', prompt: ['one', 'two'], n: 2, max_tokens: 5, seed: 1, logprobs: 2 }
  const response = await server.app.fetch(post('/v1/completions', body))
  const completion = textCompletionSchema.parse(await response.json())
  const alone = await server.engine.generate({ prompt: { text: 'two' }, maxTokens: 5, sampling: { seed: 2 } })
  expect(completion.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
  expect(completion.choices[3]!.text).toBe(alone.text)
  expect(completion.choices[0]!.logprobs!.tokens.join('')).toBe(completion.choices[0]!.text)

  const streamed = await eventsOf(await server.app.fetch(post('/v1/completions', { ...body, stream: true })))
  const parts = streamed.slice(0, -1).flatMap(event => textCompletionSchema.parse(JSON.parse(event)).choices)
  for (const { index, logprobs } of completion.choices) {
    const own = parts.flatMap(part => (part.index === index && part.logprobs ? [part.logprobs] : []))
    expect(own.length).toBeGreaterThan(1)
    expect(own.flatMap(({ tokens }) => tokens)).toEqual(logprobs!.tokens)
    expect(own.flatMap(({ text_offset: offsets }) => offsets)).toEqual(logprobs!.text_offset)
  }
})

describe('the personascope field', () => {
  const server = openFakeServer()

  test('gives readings that are the projections of a pass over the same answer', async () => {
    const { body } = await ask(server, { ...chat, personascope: { readings: 'tokens' } })
    const { personascope, choices } = chatCompletionSchema.parse(body)
    const prompt = { messages: [{ role: 'user' as const, content: 'How was your day?' }] }
    const probes = [{ name: 'evil', layer: 2 as Layer, direction: directionAt(server.vectors['evil']!, 2 as Layer) }]
    const pass = await server.engine.forward({
      prompt,
      response: choices[0]!.message.content,
      capture: { layers: [], probes },
    })
    const [expected] = pass.activations!.readings
    const reading = personascope!.readings!['evil']!
    expect(reading.promptLast).toBeCloseTo(expected!.prompt.at(-1)!, 5)
    const mean = expected!.response.reduce((sum, value) => sum + value, 0) / expected!.response.length
    expect(reading.responseMean).toBeCloseTo(mean, 5)
    expect(reading.tokens).toHaveLength(expected!.response.length)
    expect(reading.z).toBeNull()
    const joyful = personascope!.readings!['joyful']!
    expect(joyful.z).toBeCloseTo(joyful.responseMean! / 2, 6)
    expect(joyful.percentile).toBeGreaterThanOrEqual(0)
  })

  test('forecasts in the first part of a stream, before any text, and only where there is a calibration', async () => {
    const body = { ...chat, stream: true, personascope: {} }
    const events = await eventsOf(await server.app.fetch(post('/v1/chat/completions', body)))
    const chunks = events.slice(0, -1).map(event => chatCompletionChunkSchema.parse(JSON.parse(event)))
    const first = chunks[0]!
    expect(first.choices[0]!.delta.content).toBe('')
    expect(Object.keys(first.personascope!.forecast!)).toEqual(['joyful'])
    const { promptLast } = first.personascope!.readings!['joyful']!
    const calibration = fakeCalibration(server.vectors['joyful']!, server.engine.model)
    const { expectedScore, answerInterval } = forecastFrom(calibration, promptLast!)
    expect(first.personascope!.forecast!['joyful']).toMatchObject({
      method: 'calibration',
      expectedScore,
      ...answerInterval,
      inRange: true,
    })
    expect(first.personascope!.forecast!['joyful']!.conditionalOn).toMatchObject({ judge: 'lexicon', layer: 3 })
    expect(chunks.at(-1)!.personascope!.readings!['joyful']!.responseMean).not.toBeNull()
  })

  test('a forecaster takes the place of the calibration, reads at its own layer, and says so', async () => {
    const { model } = server.engine
    const direction = Float32Array.from({ length: model.hiddenSize }, (_, index) => Math.cos(index))
    const forecaster = sampleForecaster({ direction, layer: 1 as Layer, range: { low: -1e6, high: 1e6 } })
    const vector = server.vectors['joyful']!
    const calibration = fakeCalibration(vector, model)
    const watched = [watchTrait('joyful', vector, model, { calibration, forecaster })]
    const forecasting = openFakeServer({ watched })
    const { body } = await ask(forecasting, { ...chat, personascope: {} })
    const { readings, forecast } = chatCompletionSchema.parse(body).personascope!
    const probes = [{ name: 'joyful', layer: 1 as Layer, direction }]
    const prompt = { messages: messages as ChatMessage[] }
    const { activations } = await server.engine.forward({ prompt, capture: { layers: [], probes } })
    const score = scoreOfProjection(forecaster, activations!.readings[0]!.prompt.at(-1)!)
    const { expectedScore, answerInterval, expectedInterval } = forecastOf(forecaster, score)
    expect(Object.keys(readings!)).toEqual(['joyful'])
    expect(readings!['joyful']!.layer).toBe(3)
    expect(forecast!['joyful']).toMatchObject({ method: 'forecaster', inRange: true })
    expect(forecast!['joyful']!.expectedScore).toBeCloseTo(expectedScore, 4)
    expect(forecast!['joyful']!.low).toBeCloseTo(answerInterval.low, 4)
    expect(forecast!['joyful']!.expectedHigh).toBeCloseTo(expectedInterval!.high, 4)
    expect(forecast!['joyful']!.conditionalOn).toMatchObject({ judge: 'lexicon:sentiment', layer: 1, maxTokens: 60 })
  })

  test('comes by header too, and not by both', async () => {
    const header = { 'x-personascope': JSON.stringify({ read: ['evil'] }) }
    const { body } = await ask(server, chat, header)
    expect(Object.keys(chatCompletionSchema.parse(body).personascope!.readings!)).toEqual(['evil'])
    expect((await ask(server, { ...chat, personascope: {} }, header)).status).toBe(400)
    expect((await ask(server, chat, { 'x-personascope': 'oops' })).status).toBe(400)
  })

  test.each([
    [
      { vector: 'calm', coefficient: 3 },
      { mode: 'add', coefficient: 3, layer: 2 },
    ],
    [
      { trait: 'evil', dose: -0.5, layer: 1, positions: 'response' },
      { mode: 'add', dose: -0.5, layer: 1 },
    ],
    [
      { vector: 'calm', mode: 'ablate' },
      { mode: 'ablate', layer: 2 },
    ],
    [
      { vector: 'calm', mode: 'cap', cap: -2 },
      { mode: 'cap', cap: -2 },
    ],
  ])('steers by %j, and says what was applied', async (steer, note) => {
    const { body } = await ask(server, { ...chat, temperature: 0, personascope: { steer: [steer] } })
    const steered = chatCompletionSchema.parse(body)
    expect(steered.personascope!.steering).toMatchObject([note])
    expect(steered.personascope!.steering![0]!.steeredPositions).toBeGreaterThan(0)
    expect(steered.personascope!.forecast).toBeUndefined()
  })

  test('changes answers as the same steering of the engine does', async () => {
    const steer = { vector: 'calm', coefficient: 4, layer: 3 }
    const { body } = await ask(server, { ...chat, personascope: { steer: [steer] } })
    const vector = directionAt(server.vectors['calm']!, 3 as Layer)
    const request = {
      prompt: { messages: [{ role: 'user' as const, content: 'How was your day?' }] },
      maxTokens: 12,
      sampling: { seed: 5 },
    }
    const steered = await server.engine.generate({
      ...request,
      steering: [{ mode: 'add', layer: 3 as Layer, vector, coefficient: 4 }],
    })
    const content = chatCompletionSchema.parse(body).choices[0]!.message.content
    expect(content).toBe(steered.text)
    expect(content).not.toBe((await server.engine.generate(request)).text)
  })

  test('says whether a condition was met', async () => {
    const steer = (above: number) => ({ vector: 'calm', coefficient: 1, when: { trait: 'evil', above } })
    const asked = { ...chat, personascope: { steer: [steer(-1000), steer(1000)] } }
    const { personascope } = chatCompletionSchema.parse((await ask(server, asked)).body)
    expect(personascope!.steering!.map(({ conditionFired }) => conditionFired)).toEqual([true, false])
    expect(personascope!.steering![1]!.steeredPositions).toBe(0)
  })

  test.each([
    [{ read: ['angry'] }, /Unknown trait 'angry'. There are: joyful, evil/],
    [{ steer: [{ trait: 'angry', coefficient: 1 }] }, /Unknown trait 'angry'. There are: joyful, evil, calm/],
    [{ steer: [{ vector: '../../etc/passwd', coefficient: 1 }] }, /Unknown vector .* There are: joyful, evil, calm/],
    [{ steer: [{ vector: 'calm.safetensors', coefficient: 1 }] }, /There are: joyful, evil, calm/],
    [{ steer: [{ vector: 'calm', coefficient: 1, layer: 9 }] }, /layer 9. Its layers are: 1..4/],
    [{ steer: [{ vector: 'calm', coefficient: 1, layer: 0 }] }, /layer 0. Its layers are: 1..4/],
    [{ steer: [{ vector: 'calm' }] }, /coefficient or dose/],
    [{ steer: [{ vector: 'calm', coefficient: 1, dose: 1 }] }, /coefficient or dose/],
    [{ steer: [{ coefficient: 1 }] }, /trait or vector/],
    [{ steer: [{ vector: 'calm', mode: 'cap' }] }, /cap/],
    [{ steer: [{ vector: 'calm', coefficient: 1, when: { trait: 'calm', above: 0 } }] }, /There are: joyful, evil/],
    [{ shout: true }, /personascope.shout/],
  ])('refuses %j and names what exists', async (personascope, message) => {
    const { status, body } = await ask(server, { ...chat, personascope })
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ type: 'invalid_request_error', message: expect.stringMatching(message) })
  })
})

describe('what cannot be done is refused as OpenAI does', () => {
  const server = openFakeServer()
  test.each([
    [{ ...chat, colour: 'red' }, 400, 'unknown_parameter', 'colour'],
    [{ ...chat, audio: {} }, 400, 'unsupported_parameter', 'audio'],
    [{ model: 'fake' }, 400, 'missing_required_parameter', 'messages'],
    [{ ...chat, temperature: 3 }, 400, 'invalid_value', 'temperature'],
    [{ ...chat, messages: [] }, 400, 'invalid_value', 'messages'],
    [{ ...chat, n: 1000 }, 400, 'invalid_value', 'n'],
    [{ ...chat, stop: '' }, 400, 'invalid_value', 'stop'],
    [{ ...chat, max_completion_tokens: 100_000 }, 400, 'context_length_exceeded', 'messages'],
    [{ ...chat, model: 'gpt-4' }, 404, 'model_not_found', 'model'],
    [{ ...chat, stream_options: {} }, 400, 'invalid_value', 'stream_options'],
    [{ ...chat, tools: [{ type: 'function' }] }, 400, 'unsupported_parameter', 'tools'],
    [{ ...chat, presence_penalty: 0.5 }, 400, 'unsupported_parameter', 'presence_penalty'],
    [{ ...chat, max_tokens: 5, max_completion_tokens: 5 }, 400, 'invalid_parameter_combination', 'max_tokens'],
    [{ ...chat, messages: [{ role: 'user', content: 'Hi', wink: 1 }] }, 400, 'unknown_parameter', 'messages.0.wink'],
  ])('%j', async (asked, status, code, param) => {
    const found = await ask(server, asked)
    expect(found.status).toBe(status)
    expect(found.body.error).toMatchObject({ code, param })
  })

  test('hostile JSON schemas', async () => {
    let deep: unknown = { type: 'string' }
    for (let depth = 0; depth < 1000; depth++) deep = { type: 'object', properties: { a: deep } }
    const loop = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }
    for (const schema of [deep, loop, { type: 'string', pattern: '(a+)+$' }, { type: 'string', maxLength: 1e9 }]) {
      const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } }
      const { status, body } = await ask(server, { ...chat, response_format })
      expect(status).toBe(400)
      expect(body.error).toMatchObject({ type: 'invalid_request_error', param: 'response_format' })
    }
  })

  test('messages as the server gave them are taken back', async () => {
    const { choices } = chatCompletionSchema.parse((await ask(server, chat)).body)
    const again = { ...chat, messages: [...messages, choices[0]!.message, { role: 'user', content: 'Go on.' }] }
    expect((await ask(server, again)).status).toBe(200)
  })

  test('bodies that are no JSON, too large, or of another type', async () => {
    const fetch = server.app.fetch
    expect((await fetch(post('/v1/chat/completions', '{"model":'))).status).toBe(400)
    expect((await fetch(post('/v1/chat/completions', '[1]'))).status).toBe(400)
    expect((await fetch(post('/v1/chat/completions', ' '.repeat(2 << 20)))).status).toBe(413)
    expect((await fetch(post('/v1/chat/completions', chat, { 'content-type': 'text/plain' }))).status).toBe(415)
    expect((await fetch(new Request('http://localhost/nothing'))).status).toBe(404)
  })

  test('a page of the web that reaches this machine under its own name', async () => {
    expect((await server.app.fetch(new Request('http://attacker.example/v1/models'))).status).toBe(403)
  })
})

describe('keys', () => {
  test('decide who may ask, steer, and see readings', async () => {
    const path = join(folder, 'keys.json')
    const sha256 = (key: string) => createHash('sha256').update(key).digest('hex')
    const keys = [
      { name: 'plain', sha256: sha256('plain-key') },
      { name: 'steerer', sha256: sha256('steer-key'), steer: true },
      { name: 'reader', sha256: sha256('read-key'), readings: true },
    ]
    writeFileSync(path, JSON.stringify({ keys }))
    const server = openFakeServer({ keys: await AccessKeys.read(path) })
    const status = async (key: string | undefined, personascope?: unknown) =>
      (await ask(server, { ...chat, personascope }, key ? { authorization: `Bearer ${key}` } : {})).status
    const steer = { steer: [{ vector: 'calm', coefficient: 1 }] }
    expect(await status(undefined)).toBe(401)
    expect(await status('wrong')).toBe(401)
    expect(await status('plain-key')).toBe(200)
    expect(await status('plain-key', {})).toBe(403)
    expect(await status('plain-key', steer)).toBe(403)
    expect(await status('steer-key', steer)).toBe(200)
    expect(await status('steer-key', { ...steer, read: ['evil'] })).toBe(403)
    expect(await status('read-key', {})).toBe(200)
    expect(await status('read-key', steer)).toBe(403)
    const shown = await ask(server, { ...chat, personascope: steer }, { authorization: 'Bearer steer-key' })
    expect(shown.body.personascope.readings).toBeUndefined()
    expect((await server.app.fetch(new Request('http://localhost/health'))).status).toBe(200)
    expect((await server.app.fetch(new Request('http://localhost/metrics'))).status).toBe(401)
  })
})

describe('many at once', () => {
  test('more than may wait are told when to come back, and all others are answered', async () => {
    const server = openFakeServer({ limits: { running: 2, waiting: 3 } })
    const found = await Promise.all(Array.from({ length: 9 }, () => ask(server, chat)))
    expect(found.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429])
    const refused = found.find(({ status }) => status === 429)!
    expect(Number(refused.response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask(server, chat)).status).toBe(200)
  })

  test('one too many is turned away before its prompt is looked at', async () => {
    const server = openFakeServer({ limits: { running: 1, waiting: 0 } })
    const long = { ...chat, max_completion_tokens: 1500, stream: true }
    const reader = (await server.app.fetch(post('/v1/chat/completions', long))).body!.getReader()
    const renderPrompt = vi.spyOn(server.engine, 'renderPrompt')
    expect((await ask(server, { ...chat, messages: [{ role: 'user', content: 'x'.repeat(9999) }] })).status).toBe(429)
    expect(renderPrompt.mock.calls.filter(([prompt]) => 'messages' in prompt)).toEqual([])
    await reader.cancel()
  })

  test('a client over its rate is told so', async () => {
    const server = openFakeServer({ limits: { requestsPerMinute: 2 } })
    const statuses = []
    for (let count = 0; count < 3; count++) statuses.push((await ask(server, chat)).status)
    expect(statuses).toEqual([200, 200, 429])
  })

  test('a reader that leaves frees its place', async () => {
    const server = openFakeServer({ limits: { running: 1, waiting: 5 } })
    const long = { ...chat, max_completion_tokens: 1500, stream: true }
    const response = await server.app.fetch(post('/v1/chat/completions', long))
    const reader = response.body!.getReader()
    await reader.read()
    await reader.cancel()
    await server.app.drain()
    expect((await ask(server, chat)).status).toBe(503)
  })

  test('stopping waits for answers that are being written', async () => {
    const server = openFakeServer()
    const running = ask(server, { ...chat, max_completion_tokens: 200 })
    await new Promise(resolve => setImmediate(resolve))
    await server.app.drain()
    expect((await running).status).toBe(200)
    expect((await server.app.fetch(new Request('http://localhost/ready'))).status).toBe(503)
  })
})

test('a crash of the engine is a 503, in a stream an error event, and the next request is answered', async () => {
  const server = openFakeServer({ limits: { running: 1 } })
  const { engine } = server
  const [generate, stream] = [engine.generate, engine.stream]
  const crash = async () => {
    throw new PersonascopeError('ENGINE_CRASHED', { detail: 'signal SIGKILL' })
  }
  engine.generate = crash
  const crashed = await ask(server, chat)
  expect([crashed.status, crashed.response.headers.get('retry-after')]).toEqual([503, '1'])
  engine.generate = generate
  engine.stream = (request, options) => {
    const signal = AbortSignal.abort()
    return stream.call(engine, request, { ...options, signal })
  }
  const events = await eventsOf(await server.app.fetch(post('/v1/chat/completions', { ...chat, stream: true })))
  expect(JSON.parse(events.at(-1)!).error).toBeDefined()
  engine.stream = stream
  expect((await ask(server, chat)).status).toBe(200)
})

test('every finished answer is stored once, with what was read, and without its text', async () => {
  await using store = await TurnStore.open(openSqlite(join(folder, 'turns.sqlite')))
  const server = openFakeServer({ store })
  const whole = chatCompletionSchema.parse((await ask(server, { ...chat, n: 2, personascope: {} })).body)
  await eventsOf(await server.app.fetch(post('/v1/chat/completions', { ...chat, stream: true })))
  const turns = await Array.fromAsync(store.turns())
  expect(turns).toHaveLength(3)
  const first = turns.find(({ id }) => id === `${whole.id}-0`)!
  expect(first.readings).toEqual(whole.personascope!.readings)
  expect(first.expectedScores['joyful']).toBe(whole.personascope!.forecast!['joyful']!.expectedScore)
  expect(turns.every(({ text }) => text === undefined)).toBe(true)
})

test('metrics count requests, tokens and readings', async () => {
  const server = openFakeServer()
  await ask(server, chat)
  const text = await (await server.app.fetch(new Request('http://localhost/metrics'))).text()
  expect(text).toContain('personascope_requests_total{route="/v1/chat/completions",status="200"} 1')
  expect(text).toContain('personascope_readings_total{trait="joyful"} 1')
  expect(text).toMatch(/personascope_tokens_total\{kind="response"\} [1-9]/)
})

test('the OpenAPI document has the routes and is made of the schemas that check requests', async () => {
  const server = openFakeServer()
  const response = await server.app.fetch(new Request('http://localhost/openapi.json'))
  const document = (await response.json()) as ReturnType<typeof openApiDocument>
  const schema = document.paths['/v1/chat/completions'].post.requestBody.content['application/json'].schema
  expect(schema.required).toEqual(['model', 'messages'])
  expect(Object.keys(schema.properties!)).toContain('personascope')
})
