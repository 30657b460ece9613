/**
 * A server on this machine that speaks the chat completions of the OpenAI API, checks every request, counts, and can
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
      /** Default `stop`. */
      readonly finishReason?: 'stop' | 'length'
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
  /** An answer in pieces, as if it had been asked for as a stream. */
  | { readonly kind: 'streamed' }
  /** JSON, but no chat completion. */
  | { readonly kind: 'other JSON' }

/** What is known of every request beside its content. */
export interface RequestFacts {
  /** How often this very request came, this time included. */
  readonly times: number
  readonly authorization: string | undefined
}

export interface FakeChatServer<Request> extends AsyncDisposable {
  readonly baseUrl: string
  readonly requests: readonly (Request & RequestFacts)[]
  /** What was wrong with requests. */
  readonly faults: readonly string[]
  /** The most requests that were open at a time. */
  readonly mostOpen: number
  /** How many connections the client closed while it was owed an answer. */
  readonly abandoned: number
}

export interface FakeChatServerOptions<Request> {
  /** The request that has to be sent; anything else is answered with status 400 and noted. */
  readonly schema: z.ZodType<Request>
  /** What the server does with each request. */
  readonly answer: (request: Request & RequestFacts) => FakeAnswer
}

/** Starts a server. */
export async function startFakeChatServer<Request>({
  schema,
  answer,
}: FakeChatServerOptions<Request>): Promise<FakeChatServer<Request>> {
  const requests: (Request & RequestFacts)[] = []
  const faults: string[] = []
  const times = new Map<string, number>()
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
    const fault = faultOf(incoming, body, schema)
    if (fault) {
      faults.push(fault)
      return sendStatus(response, 400, fault)
    }
    times.set(body, (times.get(body) ?? 0) + 1)
    const { authorization } = incoming.headers
    const request = { ...schema.parse(JSON.parse(body)), times: times.get(body)!, authorization }
    requests.push(request)
    await send(response, answer(request))
  }
  const server = createServer((incoming, response) => void handle(incoming, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    faults,
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

declare module 'node:http' {
  interface ServerResponse {
    /** Whether the server itself closed the connection. */
    destroyedHere?: boolean
  }
}

function faultOf({ method, url, headers }: IncomingMessage, body: string, schema: z.ZodType): string | undefined {
  if (method !== 'POST' || url !== '/v1/chat/completions') return `unexpected ${method} ${url}`
  if (!headers['content-type']?.startsWith('application/json')) return `content type ${headers['content-type']}`
  try {
    const parsed = schema.safeParse(JSON.parse(body))
    return parsed.success ? undefined : z.prettifyError(parsed.error)
  } catch {
    return 'no JSON'
  }
}

async function send(response: ServerResponse, answer: FakeAnswer): Promise<void> {
  switch (answer.kind) {
    case 'completion':
      await answer.after
      return sendJson(response, 200, completion(answer.text, answer.top, answer.finishReason))
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
    case 'streamed': {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const content of ['5', '0']) {
        const chunk = { id: 'fake', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] }
        response.write(`data: ${JSON.stringify(chunk)}\n\n`)
      }
      response.end('data: [DONE]\n\n')
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

function completion(text: string, top?: Readonly<Record<string, number>>, finishReason = 'stop') {
  const entries = Object.entries(top ?? {}).map(([token, probability]) => ({ token, logprob: Math.log(probability) }))
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'fake',
    choices: [
      {
        index: 0,
        finish_reason: finishReason,
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
