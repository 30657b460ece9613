/** Has the engine write a request's answers, reads and stores them, and tells them whole or as they grow. */
import { SpanStatusCode, trace } from '@opentelemetry/api'
import type { PersonascopeResponse } from '../contract/personascope-field.ts'
import type { Engine, RequestOptions } from '../engine/contract/engine.ts'
import type { GenerateResult } from '../engine/contract/generate.ts'
import { forecastAnswer, promptLastOf, readAnswer } from '../monitoring/read-answer.ts'
import type { TurnRecord } from '../monitoring/turn-record.ts'
import type { WatchedTrait } from '../monitoring/watched-trait.ts'
import { type AnswerFormat, type AnswerHead, type FinishedChoice, usageOf } from './answer-format.ts'
import { ApiError } from './api-error.ts'
import { EventQueue } from './event-queue.ts'
import type { AnswerPlan } from './plan-answers.ts'
import { type ResolvedPersona, steeringNotes } from './resolve-persona.ts'

export interface AnswerJob {
  readonly engine: Engine
  readonly head: AnswerHead
  readonly plan: AnswerPlan
  readonly persona: ResolvedPersona
  readonly watched: readonly WatchedTrait[]
  readonly format: AnswerFormat
  readonly client: string
  readonly operation: 'chat' | 'text_completion'
  readonly mode: NonNullable<RequestOptions['mode']>
  readonly includeUsage: boolean
  /** Aborted when the client is gone; abort it to end the answers. */
  readonly abort: AbortController
  /** Keeps a turn. Never throws: an answer does not fail because it cannot be stored. */
  store(turn: TurnRecord): Promise<void>
  onFirstToken(): void
  /** Called once, when nothing of the job runs any more. */
  onEnd(error: unknown): void
}

const tracer = trace.getTracer('personascope')

/** @throws what the engine throws */
export async function answerWhole(job: AnswerJob): Promise<Response> {
  const span = startSpan(job)
  let failure: unknown
  try {
    const { engine, plan, abort, mode } = job
    const choices = await Promise.all(
      plan.requests.map(async (request, index) => {
        const result = await engine.generate(request, { signal: abort.signal, mode })
        return await finish(job, index, result)
      }),
    )
    const results = choices.map(({ result }) => result)
    span.done(results)
    return Response.json(job.format.whole(job.head, choices, usageOf(plan.promptTokens, results)))
  } catch (error) {
    failure = error
    span.failed(error)
    throw error
  } finally {
    // The others of a failed one need not go on.
    job.abort.abort()
    job.onEnd(failure)
  }
}

/**
 * Server-sent events. A turn is stored before its last part is written, so that no answer a client has whole is
 * missing. Whoever stops reading ends the answers.
 */
export function answerStreamed(job: AnswerJob): Response {
  const queue = new EventQueue<string>()
  const events = queue[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  void writeAll(job, queue)
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await events.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel: () => job.abort.abort(),
  })
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  })
}

async function writeAll(job: AnswerJob, queue: EventQueue<string>): Promise<void> {
  const { head, plan, format, includeUsage } = job
  const span = startSpan(job)
  const send = (part: unknown) => queue.push(`data: ${JSON.stringify(part)}\n\n`)
  let failure: unknown
  try {
    const results = await Promise.all(plan.requests.map((_, index) => writeChoice(job, index, send)))
    if (includeUsage) send(format.usage(head, usageOf(plan.promptTokens, results)))
    queue.push('data: [DONE]\n\n')
    span.done(results)
  } catch (error) {
    failure = error
    span.failed(error)
    job.abort.abort()
    send(ApiError.from(error).body())
  } finally {
    queue.end()
    job.onEnd(failure)
  }
}

async function writeChoice(job: AnswerJob, index: number, send: (part: unknown) => void): Promise<GenerateResult> {
  const { engine, head, plan, format, abort, mode } = job
  const generation = engine.stream(plan.requests[index]!, { signal: abort.signal, mode })
  let begun = false
  let textBefore = 0
  const begin = (promptLast: Readonly<Record<string, number>>) => {
    if (begun) return
    begun = true
    const first = format.first(head, index, beforeAnswer(job, promptLast))
    if (first) send(first)
  }
  for await (const event of generation) {
    if (event.type === 'reading-available') begin(event.promptLast)
    if (event.type !== 'token-delta') continue
    begin({})
    job.onFirstToken()
    send(format.delta(head, index, event, textBefore))
    for (const { text } of event.logprobs ?? []) textBefore += text.length
  }
  begin({})
  const result = await generation.result
  send(format.last(head, await finish(job, index, result)))
  return result
}

/** Reads and stores a finished answer. */
async function finish(job: AnswerJob, index: number, result: GenerateResult): Promise<FinishedChoice> {
  const { persona, watched, head, engine, client, plan } = job
  const readings = readAnswer(watched, result.activations?.readings ?? [])
  const promptLast = promptLastOf(result.activations?.readings ?? [])
  const forecast = forecastOf(job, watched, promptLast)
  const steering = steeringNotes(persona, result.steering)
  await job.store({
    id: `${head.id}-${index}`,
    createdAt: new Date().toISOString(),
    source: 'served',
    model: engine.model.id,
    modelFileHash: engine.model.fileHash,
    client,
    finishReason: result.finishReason,
    promptTokens: result.promptTokens,
    responseTokens: result.tokens.length,
    steering,
    readings: Object.fromEntries(Object.entries(readings).map(([name, { tokens: _, ...summary }]) => [name, summary])),
    expectedScores: Object.fromEntries(
      Object.entries(forecast).map(([name, { expectedScore }]) => [name, expectedScore]),
    ),
    text: { prompt: plan.promptTexts[index]!, response: result.text },
  })
  if (!persona.shown) return { index, result, persona: undefined }
  const shown = persona.shown.flatMap(({ name }) => {
    const reading = readings[name]
    if (!reading) return []
    const { tokens, ...summary } = reading
    return [[name, persona.perToken ? { ...summary, tokens } : summary]]
  })
  const told = forecastOf(job, persona.shown, promptLast)
  return {
    index,
    result,
    persona: {
      ...(shown.length > 0 && { readings: Object.fromEntries(shown) }),
      ...(Object.keys(told).length > 0 && { forecast: told }),
      steering,
    },
  }
}

/** What is known when the prompt has been read. */
function beforeAnswer(job: AnswerJob, promptLast: Readonly<Record<string, number>>): PersonascopeResponse | undefined {
  const { shown } = job.persona
  if (!shown || shown.length === 0) return undefined
  const readings = shown.flatMap(({ name, layer }) => {
    const projection = promptLast[name]
    if (projection === undefined) return []
    return [[name, { layer, promptLast: projection, responseMean: null, z: null, percentile: null }]]
  })
  const forecast = forecastOf(job, shown, promptLast)
  return {
    ...(readings.length > 0 && { readings: Object.fromEntries(readings) }),
    ...(Object.keys(forecast).length > 0 && { forecast }),
  }
}

/** Forecasters and calibrations are of answers that were not steered: of others they say nothing. */
function forecastOf(
  { persona }: AnswerJob,
  traits: readonly WatchedTrait[],
  promptLast: Readonly<Record<string, number>>,
) {
  return persona.steering.length > 0 ? {} : forecastAnswer(traits, promptLast)
}

function startSpan({ operation, head, plan }: AnswerJob) {
  const { maxTokens, sampling } = plan.requests[0]!
  const span = tracer.startSpan(`${operation} ${head.model}`, {
    attributes: {
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': 'personascope',
      'gen_ai.request.model': head.model,
      'gen_ai.request.choice.count': plan.requests.length,
      'gen_ai.request.max_tokens': maxTokens,
      'gen_ai.request.temperature': sampling!.temperature!,
      'gen_ai.request.top_p': sampling!.topP!,
      'gen_ai.response.id': head.id,
      'gen_ai.response.model': head.model,
    },
  })
  return {
    done(results: readonly GenerateResult[]) {
      span.setAttributes({
        'gen_ai.usage.input_tokens': plan.promptTokens,
        'gen_ai.usage.output_tokens': results.reduce((sum, result) => sum + result.writtenTokens, 0),
        'gen_ai.response.finish_reasons': results.map(({ finishReason }) => finishReason),
      })
      span.end()
    },
    failed(error: unknown) {
      const { code, status } = ApiError.from(error)
      span.setAttribute('error.type', code ?? String(status))
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    },
  }
}
