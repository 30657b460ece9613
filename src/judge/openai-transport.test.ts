import { setTimeout as pauseFor } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type FakeAnswer, type FakeRequest, fakeModel, startFakeOpenAi } from './fake-openai.case.ts'
import type { JudgeCall, JudgeReply } from './judge-transport.ts'
import { OpenAiTransport, type OpenAiTransportOptions } from './openai-transport.ts'

const call = (content: string, wants: JudgeCall['wants'] = 'number'): JudgeCall => ({
  messages: [{ role: 'user', content }],
  wants,
})
const well: FakeAnswer = { kind: 'completion', text: '50', top: { '50': 0.9, '60': 0.1 } }

/** Starts a server and a transport to it that does not wait between tries, but notes how long it would have. */
async function connect(answer: (request: FakeRequest) => FakeAnswer, options: Partial<OpenAiTransportOptions> = {}) {
  const server = await startFakeOpenAi(answer)
  const waits: number[] = []
  const pause = async (milliseconds: number) => {
    waits.push(milliseconds)
  }
  const transport = new OpenAiTransport({ baseUrl: server.baseUrl, model: fakeModel, apiKey: '', pause, ...options })
  const ask = async (calls: readonly JudgeCall[], signal?: AbortSignal) => {
    const replies: JudgeReply[] = []
    await transport.askAll(calls, {
      signal,
      onReply: (index, reply) => {
        replies[index] = reply
      },
    })
    return replies
  }
  return { server, waits, transport, ask, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

afterEach(() => vi.unstubAllEnvs())

describe('the way to an OpenAI-compatible server', () => {
  test('asks for one token with its alternatives, and brings them back', async () => {
    await using judge = await connect(() => well)
    const [reply] = await judge.ask([call('how much?')])
    expect(judge.server.faults).toEqual([])
    expect(judge.server.requests[0]).toMatchObject({ max_tokens: 1, top_logprobs: 20 })
    expect(reply).toMatchObject({ text: '50', promptTokens: 100, writtenTokens: 1 })
    expect(reply!.candidates!.map(({ text, logprob }) => [text, logprob])).toEqual([
      ['50', Math.log(0.9)],
      ['60', Math.log(0.1)],
    ])
  })

  test('asks for a short text without alternatives where a text is wanted', async () => {
    await using judge = await connect(() => ({ kind: 'completion', text: 'I say 50.' }))
    const [reply] = await judge.ask([call('how much?', 'text')])
    expect(judge.server.faults).toEqual([])
    expect(judge.server.requests[0]!.logprobs).toBeUndefined()
    expect(reply!.text).toBe('I say 50.')
    expect(reply!.candidates).toBeUndefined()
  })

  test('never has more calls open than allowed, and uses what is allowed', async () => {
    const waiting: (() => void)[] = []
    await using judge = await connect(
      () => {
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.push(resolve)
        return { ...well, after: promise } as FakeAnswer
      },
      { concurrency: 3 },
    )
    const asked = Promise.all([
      judge.ask(Array.from({ length: 8 }, (_, index) => call(`a ${index}`))),
      judge.ask(Array.from({ length: 4 }, (_, index) => call(`b ${index}`))),
    ])
    for (let answered = 0; answered < 12; answered++) {
      const expected = Math.min(3, 12 - answered)
      await vi.waitFor(() => expect(waiting).toHaveLength(expected))
      waiting.shift()!()
    }
    await asked
    expect(judge.server.requests).toHaveLength(12)
    expect(judge.server.mostOpen).toBe(3)
  })

  test.each([
    ['too many requests', { kind: 'status', status: 429 }],
    ['a fault of the server', { kind: 'status', status: 500 }],
    ['an overloaded server', { kind: 'status', status: 503 }],
    ['a dropped connection', { kind: 'drop' }],
    ['a connection dropped in the middle of an answer', { kind: 'truncate' }],
    ['malformed JSON', { kind: 'malformed' }],
    ['a stream that was not asked for', { kind: 'streamed' }],
    ['JSON that is no chat completion', { kind: 'other JSON' }],
  ] as const)('tries again after %s', async (_, trouble: FakeAnswer) => {
    await using judge = await connect(({ times }) => (times <= 2 ? trouble : well))
    const [reply] = await judge.ask([call('how much?')])
    expect(reply!.text).toBe('50')
    expect(judge.server.requests).toHaveLength(3)
    expect(judge.waits).toHaveLength(2)
  })

  test.each([
    ['never says a word', { kind: 'hang' }],
    ['begins an answer and never ends it', { kind: 'hang in body' }],
  ] as const)('lets go of a connection that %s, and tries again', async (_, trouble: FakeAnswer) => {
    await using judge = await connect(({ times }) => (times === 1 ? trouble : well), { timeoutMs: 200 })
    const [reply] = await judge.ask([call('how much?')])
    expect(reply!.text).toBe('50')
    await vi.waitFor(() => expect(judge.server.abandoned).toBe(1))
  })

  test('says that no answer came in time', async () => {
    await using judge = await connect(() => ({ kind: 'hang in body' }), { timeoutMs: 100, retry: { tries: 2 } })
    await expect(judge.ask([call('how much?')])).rejects.toMatchObject({
      code: 'JUDGE_UNREACHABLE',
      message: expect.stringContaining('in 2 tries: no answer within 0.1 s'),
    })
  })

  test('waits longer after each failure, with chance from the seed', async () => {
    const failing = () => ({ kind: 'status', status: 500 }) as const
    const waitsWith = async (seed: number) => {
      await using judge = await connect(failing, { seed, retry: { tries: 5, firstWaitMs: 100, longestWaitMs: 350 } })
      await expect(judge.ask([call('how much?')])).rejects.toMatchObject({ code: 'JUDGE_UNREACHABLE' })
      return judge.waits
    }
    const waits = await waitsWith(1)
    for (const [index, whole] of [100, 200, 350, 350].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(whole / 2)
      expect(waits[index]).toBeLessThan(whole)
    }
    expect(await waitsWith(1)).toEqual(waits)
    expect(await waitsWith(2)).not.toEqual(waits)
  })

  test('waits as long as the server asks with Retry-After, before any other call too', async () => {
    let asked = 0
    await using judge = await connect(
      () => (asked++ === 0 ? { kind: 'status', status: 429, headers: { 'retry-after': '7' } } : well),
      { concurrency: 1 },
    )
    await judge.ask([call('first'), call('second')])
    expect(judge.server.requests.map(({ text }) => text)).toEqual(['first', 'first', 'second'])
    // No time passes in this test, so both the second try and the second call have the whole wait before them.
    expect(judge.waits).toHaveLength(2)
    for (const wait of judge.waits) {
      expect(wait).toBeGreaterThan(6000)
      expect(wait).toBeLessThanOrEqual(7000)
    }
  })

  test('really lets the time pass that the server asks for', async () => {
    const times: number[] = []
    await using judge = await connect(
      ({ times: nth }) => {
        times.push(performance.now())
        return nth === 1 ? { kind: 'status', status: 429, headers: { 'retry-after-ms': '300' } } : well
      },
      { pause: (milliseconds, signal) => pauseFor(milliseconds, undefined, { signal }) },
    )
    await judge.ask([call('how much?')])
    // Timers may be a millisecond early.
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(298)
  })

  test('does not wait for a server that asks for too much patience', async () => {
    await using judge = await connect(() => ({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } }))
    await expect(judge.ask([call('how much?')])).rejects.toMatchObject({
      code: 'JUDGE_UNREACHABLE',
      message: expect.stringContaining('asks to wait 3600 s'),
    })
    expect(judge.server.requests).toHaveLength(1)
  })

  test('gives up after so many tries, and says of what', async () => {
    await using judge = await connect(() => ({ kind: 'status', status: 502 }), { retry: { tries: 3 } })
    await expect(judge.ask([call('how much?')])).rejects.toMatchObject({
      code: 'JUDGE_UNREACHABLE',
      message: expect.stringMatching(/in 3 tries: 502 as told/),
    })
    expect(judge.server.requests).toHaveLength(3)
  })

  test('says that nobody listens at an address', async () => {
    const server = await startFakeOpenAi()
    const { baseUrl } = server
    await server[Symbol.asyncDispose]()
    const transport = new OpenAiTransport({ baseUrl, model: fakeModel, pause: async () => {}, retry: { tries: 2 } })
    await expect(transport.askAll([call('x')], { signal: undefined, onReply: () => {} })).rejects.toMatchObject({
      code: 'JUDGE_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test.each([400, 401, 403, 404, 422])('does not try again what the server refuses with %d', async status => {
    await using judge = await connect(() => ({ kind: 'status', status, message: 'no such model' }))
    await expect(judge.ask([call('how much?')])).rejects.toMatchObject({
      code: 'JUDGE_REFUSED',
      facts: { status, detail: expect.stringContaining('no such model') },
    })
    expect(judge.server.requests).toHaveLength(1)
  })

  test('begins no call after a failure, and hears those under way to their end', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    await using judge = await connect(
      ({ text }) => {
        if (text !== 'bad') return { ...well, after: promise } as FakeAnswer
        setTimeout(resolve, 50)
        return { kind: 'status', status: 401 }
      },
      { concurrency: 2 },
    )
    const heard: number[] = []
    const asked = judge.transport.askAll(
      [call('good'), call('bad'), ...Array.from({ length: 20 }, (_, index) => call(`later ${index}`))],
      { signal: undefined, onReply: index => heard.push(index) },
    )
    await expect(asked).rejects.toMatchObject({ code: 'JUDGE_REFUSED' })
    expect(heard).toEqual([0])
    expect(judge.server.requests).toHaveLength(2)
  })

  test('takes a server that knows no log-probabilities for one that shows none', async () => {
    await using judge = await connect(() => ({
      kind: 'status',
      status: 400,
      message: "Unsupported parameter: 'logprobs'",
    }))
    const [reply] = await judge.ask([call('how much?')])
    expect(reply).toEqual({ text: '' })
  })

  test.each([
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
    'the request exceeds the available context size. try increasing the context size',
    "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
  ])('leaves out an answer that is too long for the judge, and goes on: %s', async message => {
    await using judge = await connect(({ text }) => (text === 'long' ? { kind: 'status', status: 400, message } : well))
    const replies = await judge.ask([call('long'), call('short')])
    expect(replies[0]!.refusal).toMatch(/too long/)
    expect(replies[1]!.text).toBe('50')
  })

  test('stops at once when it is told to, also while it waits', async () => {
    const stop = new AbortController()
    const failing = connect(() => ({ kind: 'status', status: 500 }), {
      pause: async (_, signal) => {
        stop.abort()
        signal.throwIfAborted()
      },
    })
    await using judge = await failing
    await expect(judge.ask([call('a')], stop.signal)).rejects.toMatchObject({ code: 'JUDGE_ABORTED' })

    const stopHanging = new AbortController()
    await using hanging = await connect(() => {
      setTimeout(() => stopHanging.abort(), 10)
      return { kind: 'hang' }
    })
    await expect(hanging.ask([call('a')], stopHanging.signal)).rejects.toMatchObject({ code: 'JUDGE_ABORTED' })
    await vi.waitFor(() => expect(hanging.server.abandoned).toBe(1))
  })

  test('takes the key from PERSONASCOPE_JUDGE_KEY before OPENAI_API_KEY, and never shows it', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'general-key')
    vi.stubEnv('PERSONASCOPE_JUDGE_KEY', 'judge-key')
    const answer = ({ authorization }: FakeRequest): FakeAnswer => ({
      kind: 'status',
      status: 401,
      message: `wrong: ${authorization}`,
    })
    await using server = await startFakeOpenAi(answer)
    const options = { baseUrl: server.baseUrl, model: fakeModel }
    const first = new OpenAiTransport(options).askAll([call('a')], { signal: undefined, onReply: () => {} })
    await expect(first).rejects.toMatchObject({ message: expect.stringContaining('wrong: Bearer ...') })
    vi.stubEnv('PERSONASCOPE_JUDGE_KEY', '')
    const second = new OpenAiTransport(options).askAll([call('b')], { signal: undefined, onReply: () => {} })
    await expect(second).rejects.not.toMatchObject({ message: expect.stringContaining('general-key') })
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([
      'Bearer judge-key',
      'Bearer general-key',
    ])
  })
})
