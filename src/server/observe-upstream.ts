/**
 * Stands before any OpenAI-compatible server: what comes goes through byte for byte, and what was answered is read
 * afterwards by the embedded model, as an observer.
 */
import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Logger } from 'pino'
import { textOf } from '../errors/personascope-error.ts'
import { type Conversation, conversationOf } from '../monitoring/conversation.ts'
import type { ConversationReader } from '../monitoring/conversation-reader.ts'
import type { TurnStore } from '../monitoring/turn-store.ts'
import { ApiError } from './api-error.ts'
import type { ServerApp } from './create-server-app.ts'
import { ServerMetrics } from './server-metrics.ts'

export interface ObserverParts {
  /** For example http://127.0.0.1:8000 */
  readonly upstream: URL
  readonly reader: ConversationReader
  readonly store: TurnStore
  readonly log: Logger
  /** Answers that wait to be read; more are passed through unread, and counted. */
  readonly waiting?: number
  /** Of one request or answer; larger ones are passed through unread. */
  readonly observedBytes?: number
}

/** The observer as a function of requests. Everything is passed through but `/health`, `/ready` and `/metrics`. */
export function createObserverApp(parts: ObserverParts): ServerApp {
  const { upstream, log, waiting = 64, observedBytes = 4 << 20 } = parts
  const metrics = new ServerMetrics()
  let queued = 0
  let reading: Promise<void> = Promise.resolve()

  const observe = (question: Buffer, answer: Buffer, encoding: string | undefined) => {
    if (queued >= waiting) return metrics.turnsLost.inc()
    queued++
    reading = reading.then(() => readOne(question, answer, encoding)).finally(() => queued--)
  }
  const readOne = async (question: Buffer, answer: Buffer, encoding: string | undefined) => {
    try {
      const conversation = conversationOf(parseJson(question), decode(answer, encoding).toString('utf8'))
      if (!conversation) return
      await keep(conversation)
    } catch (error) {
      metrics.turnsLost.inc()
      log.warn({ error: textOf(error) }, 'an answer could not be observed')
    }
  }
  const keep = async (conversation: Conversation) => {
    const turn = await parts.reader.read(conversation, {
      id: `observed-${randomUUID()}`,
      createdAt: new Date().toISOString(),
      source: 'observed',
    })
    metrics.countTurn(turn)
    await parts.store.add(turn)
    metrics.turnsStored.inc()
  }

  return {
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      if (pathname === '/health' || pathname === '/ready') return Response.json({ status: 'ok', observer: true })
      if (pathname === '/metrics') return await metrics.response()
      try {
        return await pass(request, targetOf(upstream, pathname, search))
      } catch (error) {
        log.error({ error: textOf(error) }, 'the upstream server cannot be reached')
        return new ApiError(502, 'The upstream server cannot be reached.', { code: 'upstream_unreachable' }).response()
      }
    },
    async drain() {
      await reading
    },
  }

  async function pass(request: Request, target: URL): Promise<Response> {
    const watched = request.method === 'POST' && target.pathname.endsWith('/chat/completions')
    const [asked, answered] = [new Gathered(observedBytes), new Gathered(observedBytes)]
    const answer = await send(request, target, chunk => watched && asked.add(chunk))
    if (watched && answer.statusCode === 200) {
      answer.on('data', (chunk: Buffer) => answered.add(chunk))
      answer.once('end', () => {
        const [question, whole] = [asked.whole, answered.whole]
        // After the last byte has been handed on.
        if (question && whole) setImmediate(() => observe(question, whole, answer.headers['content-encoding']))
      })
      answer.pause()
    }
    const status = answer.statusCode ?? 502
    const empty = [101, 204, 205, 304].includes(status)
    if (empty) answer.resume()
    const body = empty ? null : (Readable.toWeb(answer) as unknown as ReadableStream<Uint8Array>)
    return new Response(body, { status, headers: headersOf(answer) })
  }
}

/** Always at the upstream server, whatever the path says. */
function targetOf(upstream: URL, pathname: string, search: string): URL {
  const target = new URL(upstream.origin)
  target.pathname = pathname
  target.search = search
  return target
}

/** Named in RFC 9110 as of one connection only. */
const hopByHop = new Set(
  'connection keep-alive proxy-connection te trailer transfer-encoding upgrade host content-length'.split(' '),
)

/** Hands the body on as it comes. @param onChunk is given each piece of it */
function send(request: Request, target: URL, onChunk: (chunk: Uint8Array) => void): Promise<IncomingMessage> {
  const headers: Record<string, string> = {}
  for (const [name, value] of request.headers) if (!hopByHop.has(name)) headers[name] = value
  const { body, method, signal } = request
  const length = request.headers.get('content-length')
  if (length !== null) headers['content-length'] = length
  else if (body) headers['transfer-encoding'] = 'chunked'
  const options: RequestOptions = { method, headers, signal }
  const open = target.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    // A server may answer before it has read all; what fails after that is told by the answer's stream.
    const passed = open(target, options, resolve).on('error', reject)
    if (!body) {
      passed.end()
      return
    }
    async function* watchedBody(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        onChunk(chunk)
        yield chunk
      }
    }
    pipeline(Readable.fromWeb(body as WebStream<Uint8Array>), watchedBody, passed).catch(reject)
  })
}

/** What went through, as long as it is no more than a number of bytes. */
class Gathered {
  readonly #mostBytes: number
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length
    if (this.#bytes <= this.#mostBytes) this.#chunks.push(chunk)
    else this.#chunks = []
  }

  /** Undefined where it was more. */
  get whole(): Buffer | undefined {
    return this.#bytes <= this.#mostBytes ? Buffer.concat(this.#chunks) : undefined
  }
}

function headersOf(answer: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    if (name === 'content-length' || !hopByHop.has(name)) for (const value of values ?? []) headers.append(name, value)
  }
  return headers
}

function decode(bytes: Buffer, encoding: string | undefined): Buffer {
  const limit = { maxOutputLength: 16 << 20 }
  if (encoding === 'gzip') return gunzipSync(bytes, limit)
  if (encoding === 'br') return brotliDecompressSync(bytes, limit)
  return encoding === 'deflate' ? inflateSync(bytes, limit) : bytes
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
