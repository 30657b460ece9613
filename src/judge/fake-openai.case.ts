/**
 * A server on this machine that speaks the part of the OpenAI API a judge uses, checks every request, counts, and can
 * misbehave in the ways real servers do.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

/** What the server does with a request. */
export type FakeAnswer =
  | {
      readonly kind: 'completion'
      readonly text: string
      /** Probabilities of the first token; left out: the server shows no log-probabilities. */
      readonly top?: Readonly<Record<string, number>>
      /** Answers not before this is done. */
      readonly after?: Promise<unknown>
    }
  | {
      readonly kind: 'status'
      readonly status: number
      readonly message?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** Takes the request and never says a word. */
  | { readonly kind: 'hang' }
  /** Begins an answer and never ends it. */
  | { readonly kind: 'hang in body' }
  /** Closes the connection without an answer. */
  | { readonly kind: 'drop' }
  /** Closes the connection in the middle of an answer. */
  | { readonly kind: 'truncate' }
  | { readonly kind: 'malformed' }
  /** JSON, but no chat completion. */
  | { readonly kind: 'other JSON' }

export const fakeModel = 'fake-judge'

/** The request a judge has to send; anything else is answered with status 400 and noted. */
const requestSchema = z
  .strictObject({
    model: z.literal(fakeModel),
    messages: z.array(z.strictObject({ role: z.enum(['system', 'user']), content: z.string().min(1) })).min(1),
    max_tokens: z.int().min(1).max(16),
    temperature: z.literal(0),
    seed: z.literal(0),
    logprobs: z.literal(true).optional(),
    top_logprobs: z.literal(20).optional(),
  })
  .refine(({ logprobs, top_logprobs }) => (logprobs === undefined) === (top_logprobs === undefined))
  .refine(({ logprobs, max_tokens }) => logprobs === undefined || max_tokens === 1)

export interface FakeRequest extends z.infer<typeof requestSchema> {
  /** All messages' text. */
  readonly text: string
  readonly isProbe: boolean
  /** How often this very request came, this time included. */
  readonly times: number
  readonly authorization: string | undefined
}

export interface FakeOpenAi extends AsyncDisposable {
  readonly baseUrl: string
  readonly requests: readonly FakeRequest[]
  /** What was wrong with requests. */
  readonly faults: readonly string[]
  /** The most requests that were open at a time. */
  readonly mostOpen: number
  /** How many connections the client closed while it was owed an answer. */
  readonly abandoned: number
  /** Requests of each content, the probe left out. */
  readonly timesByText: ReadonlyMap<string, number>
}

/** Starts a server; `answer` says what it does with each request. */
export async function startFakeOpenAi(answer: (request: FakeRequest) => FakeAnswer = judgeWell): Promise<FakeOpenAi> {
  const requests: FakeRequest[] = []
  const faults: string[] = []
  const times = new Map<string, number>()
  const timesByText = new Map<string, number>()
  let open = 0
  let mostOpen = 0
  let abandoned = 0

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    open++
    mostOpen = Math.max(mostOpen, open)
    response.on('close', () => {
      open--
      if (!response.writableFinished && !response.destroyedHere) abandoned++
    })
    const body = await bodyOf(incoming)
    const fault = faultOf(incoming, body)
    if (fault) {
      faults.push(fault)
      return sendStatus(response, 400, fault)
    }
    const parsed = requestSchema.parse(JSON.parse(body))
    const text = parsed.messages.map(({ content }) => content).join('\n')
    const isProbe = text.includes('the number 57')
    times.set(body, (times.get(body) ?? 0) + 1)
    if (!isProbe) timesByText.set(text, (timesByText.get(text) ?? 0) + 1)
    const { authorization } = incoming.headers
    const request = { ...parsed, text, isProbe, times: times.get(body)!, authorization }
    requests.push(request)
    await send(response, answer(request))
  }
  const server = createServer((incoming, response) => void handle(incoming, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    faults,
    timesByText,
    get mostOpen() {
      return mostOpen
    },
    get abandoned() {
      return abandoned
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** A judge that knows its trade: sure of a number that depends on what it is asked, and a little of its neighbours. */
export function judgeWell(request: FakeRequest): FakeAnswer {
  const value = request.isProbe ? 57 : numberFor(request.text)
  const text = String(value)
  if (!request.logprobs) return { kind: 'completion', text }
  return { kind: 'completion', text, top: { [text]: 0.8, [String(value + 1)]: 0.1, The: 0.1 } }
}

/** The same number for the same text, 0..98. */
export function numberFor(text: string): number {
  let hash = 7
  for (const character of text) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003
  return hash % 99
}

/** The mean that `judgeWell` gives for a text. */
export function expectedValue(text: string): number {
  return numberFor(text) + 0.1 / 0.9
}

declare module 'node:http' {
  interface ServerResponse {
    /** Whether the server itself closed the connection. */
    destroyedHere?: boolean
  }
}

function faultOf({ method, url, headers }: IncomingMessage, body: string): string | undefined {
  if (method !== 'POST' || url !== '/v1/chat/completions') return `unexpected ${method} ${url}`
  if (!headers['content-type']?.startsWith('application/json')) return `content type ${headers['content-type']}`
  try {
    const parsed = requestSchema.safeParse(JSON.parse(body))
    return parsed.success ? undefined : z.prettifyError(parsed.error)
  } catch {
    return 'no JSON'
  }
}

async function send(response: ServerResponse, answer: FakeAnswer): Promise<void> {
  switch (answer.kind) {
    case 'completion':
      await answer.after
      return sendJson(response, 200, completion(answer.text, answer.top))
    case 'status':
      return sendStatus(response, answer.status, answer.message ?? 'as told', answer.headers)
    case 'hang':
      return
    case 'hang in body':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"choices": [')
      return
    case 'drop':
      return destroy(response)
    case 'truncate': {
      const whole = JSON.stringify(completion('50'))
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length })
      response.write(whole.slice(0, 40), () => destroy(response))
      return
    }
    case 'malformed':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"choices": [{]')
      return
    case 'other JSON':
      return sendJson(response, 200, { status: 'ok' })
  }
}

function completion(text: string, top?: Readonly<Record<string, number>>) {
  const entries = Object.entries(top ?? {}).map(([token, probability]) => ({ token, logprob: Math.log(probability) }))
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: fakeModel,
    choices: [
      {
        index: 0,
        finish_reason: 'length',
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: top ? { content: [{ ...entries[0], bytes: null, top_logprobs: entries }], refusal: null } : null,
      },
    ],
    usage: { prompt_tokens: 100, completion_tokens: 1, total_tokens: 101 },
  }
}

function sendStatus(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, status, { error: { message, type: 'error', param: null, code: null } }, headers)
}

function sendJson(response: ServerResponse, status: number, value: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

function destroy(response: ServerResponse): void {
  response.destroyedHere = true
  response.socket?.destroy()
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
