import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { Logger } from 'pino'
import {
  type ChatCompletionRequest,
  chatCompletionRequestSchema,
  type TextCompletionRequest,
  textCompletionRequestSchema,
  unsupportedParameters,
  unsupportedValues,
} from '../contract/completion-request.ts'
import { openApiDocument } from '../contract/open-api.ts'
import type { Engine } from '../engine/contract/engine.ts'
import { textOf } from '../errors/personascope-error.ts'
import type { TurnRecord } from '../monitoring/turn-record.ts'
import type { TurnStore } from '../monitoring/turn-store.ts'
import type { WatchedTrait } from '../monitoring/watched-trait.ts'
import { version } from '../workbench/version.ts'
import type { AccessKeys, Client } from './access-keys.ts'
import { Admission, type AdmissionLimits } from './admission.ts'
import { type AnswerFormat, chatFormat, textFormat } from './answer-format.ts'
import { type AnswerJob, answerStreamed, answerWhole } from './answer-request.ts'
import { ApiError, parseRequest } from './api-error.ts'
import { type AnswerPlan, planChat, planText } from './plan-answers.ts'
import { readBody } from './read-body.ts'
import { personaOf, type ResolvedPersona, resolvePersona } from './resolve-persona.ts'
import { ServerMetrics } from './server-metrics.ts'
import type { VectorShelf } from './vector-shelf.ts'

export interface ServerParts {
  readonly engine: Engine
  readonly shelf: VectorShelf
  /** Read in every answer. */
  readonly watched: readonly WatchedTrait[]
  readonly keys: AccessKeys
  /** Absent: nothing is stored. */
  readonly store?: TurnStore
  readonly log: Logger
  /** What runs beside a request may not show in its answer. */
  readonly reproducible?: boolean
  readonly limits?: Partial<ServerLimits>
}

export interface ServerLimits extends AdmissionLimits {
  readonly bodyBytes: number
}

export interface ServerApp {
  /** Answers a request; never throws. */
  fetch(request: Request): Promise<Response>
  /** Takes no new requests, and resolves when the last answer is written. */
  drain(): Promise<void>
}

/** The server as a function of requests, without a socket. */
export function createServerApp(parts: ServerParts): ServerApp {
  const { engine, keys, log } = parts
  const { slotsPerContext, contexts } = engine.info
  const limits: ServerLimits = {
    running: slotsPerContext * contexts,
    waiting: 64,
    requestsPerMinute: 6000,
    concurrentRequests: 256,
    bodyBytes: 1 << 20,
    ...parts.limits,
  }
  const admission = new Admission(limits)
  const metrics = new ServerMetrics(admission)
  const started = Math.floor(Date.now() / 1000)
  let draining = false

  const app = new Hono()
  app.use(async (context, next) => {
    const begun = performance.now()
    const requestId = `req_${randomUUID().replaceAll('-', '')}`
    await next()
    // OpenAI's clients show it; the log has it too.
    context.res.headers.set('x-request-id', requestId)
    const route = knownRoutes.has(context.req.path) ? context.req.path : 'other'
    metrics.requests.inc({ route, status: context.res.status })
    const durationMs = Math.round(performance.now() - begun)
    log.info({ requestId, route, status: context.res.status, durationMs }, 'request')
  })
  app.onError((error, context) => {
    const told = ApiError.from(error)
    if (told.status >= 500) log.error({ route: context.req.path, error: textOf(error) }, 'request failed')
    return told.response()
  })
  app.notFound(() => new ApiError(404, 'There is nothing at this address.', { code: 'unknown_url' }).response())

  app.get('/health', context => context.json({ status: 'ok' }))
  app.get('/ready', context =>
    draining ? context.json({ status: 'stopping' }, 503) : context.json({ status: 'ready' }),
  )

  const guarded = new Hono<{ Variables: { client: Client } }>()
  guarded.use(async (context, next) => {
    if (!keys.required) assertLocal(context.req.url)
    context.set('client', keys.clientOf(context.req.header('authorization')))
    await next()
  })
  guarded.get('/openapi.json', context => context.json(openApiDocument(version)))
  guarded.get('/metrics', () => metrics.response())
  const model = { id: engine.model.id, object: 'model', created: started, owned_by: 'personascope' }
  guarded.get('/v1/models', context => context.json({ object: 'list', data: [model] }))
  guarded.get('/v1/models/:id{.+}', context => {
    assertModel(context.req.param('id'))
    return context.json(model)
  })
  guarded.post('/v1/chat/completions', async context => {
    const asked = parseRequest(chatCompletionRequestSchema, await readBody(context, limits.bodyBytes), unsupported)
    const format = chatFormat(asked.logprobs ? (asked.top_logprobs ?? 0) : undefined)
    return await answer(context, asked, 'chat', format, persona => planChat(engine, asked, persona, parts.watched))
  })
  guarded.post('/v1/completions', async context => {
    const asked = parseRequest(textCompletionRequestSchema, await readBody(context, limits.bodyBytes), unsupported)
    const format = textFormat(asked.logprobs ?? undefined)
    return await answer(context, asked, 'text_completion', format, persona =>
      planText(engine, asked, persona, parts.watched),
    )
  })
  app.route('/', guarded)
  return {
    fetch: async request => await app.fetch(request),
    async drain() {
      draining = true
      await admission.whenIdle()
    },
  }

  async function answer(
    context: Context<{ Variables: { client: Client } }>,
    asked: ChatCompletionRequest | TextCompletionRequest,
    operation: AnswerJob['operation'],
    format: AnswerFormat,
    plan: (persona: ResolvedPersona) => Promise<AnswerPlan>,
  ): Promise<Response> {
    const begun = performance.now()
    if (draining) throw new ApiError(503, 'The server is stopping.', { code: 'server_stopping', retryAfter: 5 })
    if (asked.stream_options && !asked.stream) {
      const param = 'stream_options'
      throw new ApiError(400, `'${param}' is only allowed where 'stream' is true.`, { param, code: 'invalid_value' })
    }
    assertModel(asked.model)
    const client = context.get('client')
    const abort = linkedAbort(context.req.raw.signal)
    const prepare = async () => {
      const field = personaOf(asked.personascope, context.req.header('x-personascope'))
      const resolved = await resolvePersona(field, client, { ...parts, model: engine.model })
      const made = await plan(resolved)
      await admitted.waitForTurn(made.requests.length, abort.signal)
      return { persona: resolved, planned: made }
    }
    // Before the prompt is tokenised: what is too much costs nothing.
    const admitted = admission.admit(client)
    const { persona, planned } = await prepare().catch(error => {
      admitted.leave()
      throw error
    })
    let firstTokenSeen = false
    const job: AnswerJob = {
      engine,
      head: {
        id: `${operation === 'chat' ? 'chatcmpl' : 'cmpl'}-${randomUUID().replaceAll('-', '')}`,
        created: Math.floor(Date.now() / 1000),
        model: engine.model.id,
        system_fingerprint: `fp_${engine.model.fileHash.slice(0, 12)}`,
      },
      plan: planned,
      persona,
      watched: parts.watched,
      format,
      client: client.name,
      operation,
      mode: parts.reproducible ? 'reproducible' : 'packed',
      includeUsage: asked.stream_options?.include_usage ?? false,
      abort,
      store,
      onFirstToken() {
        if (!firstTokenSeen) metrics.firstTokenSeconds.observe((performance.now() - begun) / 1000)
        firstTokenSeen = true
      },
      onEnd(error) {
        admitted.leave()
        metrics.durationSeconds.observe((performance.now() - begun) / 1000)
        if (error && asked.stream) log.warn({ code: ApiError.from(error).code }, 'stream ended early')
      },
    }
    return asked.stream ? answerStreamed(job) : await answerWhole(job)
  }

  async function store(turn: TurnRecord): Promise<void> {
    metrics.countTurn(turn)
    if (!parts.store) return
    try {
      await parts.store.add(turn)
      metrics.turnsStored.inc()
    } catch (error) {
      metrics.turnsLost.inc()
      log.error({ error: textOf(error) }, 'a turn could not be stored')
    }
  }

  function assertModel(id: string): void {
    if (id === engine.model.id) return
    const message = `The model '${id.slice(0, 100)}' does not exist. There is: ${engine.model.id}.`
    throw new ApiError(404, message, { param: 'model', code: 'model_not_found' })
  }
}

const unsupported = { parameters: unsupportedParameters, values: unsupportedValues }

const knownRoutes = new Set([
  '/health',
  '/ready',
  '/metrics',
  '/openapi.json',
  '/v1/models',
  '/v1/chat/completions',
  '/v1/completions',
])

/** Without keys the server is for this machine: no page of the web may reach it under a name of its own. */
function assertLocal(url: string): void {
  const { hostname } = new URL(url)
  if (['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return
  throw new ApiError(403, 'Without a key this server answers to localhost only.', { code: 'host_not_allowed' })
}

function linkedAbort(signal: AbortSignal): AbortController {
  const abort = new AbortController()
  if (signal.aborted) abort.abort()
  else signal.addEventListener('abort', () => abort.abort(), { once: true })
  return abort
}
