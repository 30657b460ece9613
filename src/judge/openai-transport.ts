import { setTimeout as pauseFor } from 'node:timers/promises'
import type { OpenAI } from 'openai'
import { z } from 'zod'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { createRandom } from '../numeric/random.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import {
  type AskOptions,
  type JudgeCall,
  type JudgeReply,
  type JudgeTransport,
  maxTokensOf,
} from './judge-transport.ts'
import { askedWait, defaultRetryPolicy, type RetryPolicy, waitBeforeRetry } from './retry-policy.ts'
import { candidateCount, mostProbable } from './score-distribution.ts'

export interface OpenAiTransportOptions {
  /** For example `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string
  readonly model: string
  /** Default: PERSONASCOPE_JUDGE_KEY, else OPENAI_API_KEY, else none. */
  readonly apiKey?: string
  /** The most calls at a time. Default 8. */
  readonly concurrency?: number
  /** How long one try may take, its answer read to the end. Default 60 s. */
  readonly timeoutMs?: number
  readonly retry?: Partial<RetryPolicy>
  /** Of the chance in the waits between tries. Default 0. */
  readonly seed?: number
  /** Waits; for tests. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

/** What is read of a chat completion; servers put more in it. */
const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish() }),
        logprobs: z
          .object({
            content: z
              .array(
                z.object({
                  top_logprobs: z
                    .array(z.object({ token: z.string(), logprob: z.number().catch(Number.NEGATIVE_INFINITY) }))
                    .nullish(),
                }),
              )
              .nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
})

/** A judge model behind a server that speaks the OpenAI API: OpenAI, vLLM, llama.cpp, SGLang and the like. */
export class OpenAiTransport implements JudgeTransport {
  readonly id: string
  readonly model: string
  readonly settings = { temperature: 0, seed: 0, topLogprobs: candidateCount }
  readonly isUnknown = true
  readonly #options: OpenAiTransportOptions
  readonly #apiKey: string
  readonly #timeoutMs: number
  readonly #policy: RetryPolicy
  readonly #limit: ConcurrencyLimit
  readonly #random: ReturnType<typeof createRandom>
  readonly #pause: NonNullable<OpenAiTransportOptions['pause']>
  #client: Promise<OpenAI> | undefined
  /** Until when the server asked to be left alone, by the clock of `Date.now`. */
  #quietUntilMs = 0

  constructor(options: OpenAiTransportOptions) {
    this.id = `${options.baseUrl}#${options.model}`
    this.model = options.model
    this.#options = options
    this.#apiKey = options.apiKey ?? (process.env['PERSONASCOPE_JUDGE_KEY'] || process.env['OPENAI_API_KEY'] || '')
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#policy = { ...defaultRetryPolicy, ...options.retry }
    this.#limit = new ConcurrencyLimit(options.concurrency ?? 8)
    this.#random = createRandom(options.seed ?? 0)
    this.#pause = options.pause ?? ((milliseconds, signal) => pauseFor(milliseconds, undefined, { signal }))
  }

  /** After a failure no call is begun; those under way are heard to their end, because they are paid for. */
  async askAll(calls: readonly JudgeCall[], { signal, onReply }: AskOptions): Promise<void> {
    const failed = new AbortController()
    await Promise.all(
      calls.map((call, index) =>
        this.#limit.run(async () => {
          if (failed.signal.aborted) return
          try {
            onReply(index, await this.#ask(call, signal, failed.signal))
          } catch (error) {
            failed.abort(error)
          }
        }),
      ),
    )
    if (failed.signal.aborted) throw failed.signal.reason
  }

  async #ask(call: JudgeCall, signal: AbortSignal | undefined, failed: AbortSignal): Promise<JudgeReply> {
    for (let failures = 1; ; failures++) {
      try {
        await this.#wait(this.#quietUntilMs - Date.now(), signal, failed)
        return await this.#try(call, signal)
      } catch (error) {
        if (signal?.aborted) throw new PersonascopeError('JUDGE_ABORTED')
        if (failed.aborted) throw failed.reason
        const trouble = await this.#troubleOf(error, call)
        if ('reply' in trouble) return trouble.reply
        if ('refused' in trouble) throw trouble.refused
        await this.#waitAfter(trouble, failures, signal, failed)
      }
    }
  }

  async #waitAfter(
    { detail, waitMs }: PassingTrouble,
    failures: number,
    signal: AbortSignal | undefined,
    failed: AbortSignal,
  ): Promise<void> {
    const { tries, longestAskedWaitMs } = this.#policy
    const unreachable = (after: string) => new PersonascopeError('JUDGE_UNREACHABLE', { judge: this.id, after, detail })
    if (failures >= tries) throw unreachable(tries > 1 ? ` in ${tries} tries` : '')
    if (waitMs !== undefined && waitMs > longestAskedWaitMs)
      throw unreachable(` and asks to wait ${Math.ceil(waitMs / 1000)} s`)
    // Who is told to wait is not alone with it: the limit is the server's.
    if (waitMs !== undefined) this.#quietUntilMs = Math.max(this.#quietUntilMs, Date.now() + waitMs)
    else await this.#wait(waitBeforeRetry(failures, this.#policy, this.#random), signal, failed)
  }

  async #wait(milliseconds: number, signal: AbortSignal | undefined, failed: AbortSignal): Promise<void> {
    if (milliseconds <= 0) return
    try {
      await this.#pause(milliseconds, AbortSignal.any(signal ? [signal, failed] : [failed]))
    } catch (error) {
      if (signal?.aborted) throw new PersonascopeError('JUDGE_ABORTED')
      throw failed.aborted ? failed.reason : error
    }
  }

  async #try(call: JudgeCall, signal: AbortSignal | undefined): Promise<JudgeReply> {
    signal?.throwIfAborted()
    const client = await this.#open()
    const { temperature, seed, topLogprobs } = this.settings
    const completion = await client.chat.completions.create(
      {
        model: this.model,
        messages: [...call.messages],
        max_tokens: maxTokensOf(call),
        temperature,
        seed,
        ...(call.wants === 'number' && { logprobs: true, top_logprobs: topLogprobs }),
      },
      signal && { signal },
    )
    return readReply(completion)
  }

  /** Loaded when it is first needed: most commands need no server. */
  #open(): Promise<OpenAI> {
    this.#client ??= import('openai').then(
      ({ OpenAI }) =>
        new OpenAI({
          baseURL: this.#options.baseUrl,
          // The library wants one; servers without keys do not look.
          apiKey: this.#apiKey || 'none',
          organization: null,
          project: null,
          maxRetries: 0,
          timeout: this.#timeoutMs,
        }),
    )
    return this.#client
  }

  async #troubleOf(error: unknown, call: JudgeCall): Promise<Trouble> {
    if (error instanceof NoCompletion) return { detail: 'the answer is no chat completion', waitMs: undefined }
    const { APIConnectionError, APIConnectionTimeoutError, APIError } = await import('openai')
    if (error instanceof APIConnectionTimeoutError)
      return { detail: `no answer within ${this.#timeoutMs / 1000} s`, waitMs: undefined }
    if (error instanceof APIConnectionError) return { detail: connectionClause(error), waitMs: undefined }
    if (error instanceof APIError && error.status !== undefined) return this.#statusTrouble(error, error.status, call)
    // What the server sent is no JSON, or was cut short.
    return { detail: `the answer cannot be read (${firstLine(textOf(error))})`, waitMs: undefined }
  }

  #statusTrouble(error: InstanceType<typeof OpenAI.APIError>, status: number, call: JudgeCall): Trouble {
    const said = this.#withoutKey(firstLine(error.message))
    if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500)
      return { detail: said, waitMs: askedWait(error.headers, Date.now()) }
    if (status === 400 && call.wants === 'number' && /logprob/i.test(error.message)) return { reply: { text: '' } }
    if (error.code === 'context_length_exceeded' || tooLong.test(error.message))
      return { reply: { text: '', refusal: 'question and answer are too long for the judge' } }
    const facts = { judge: this.id, status, detail: said }
    return { refused: new PersonascopeError('JUDGE_REFUSED', facts, { cause: error }) }
  }

  #withoutKey(text: string): string {
    return this.#apiKey ? text.replaceAll(this.#apiKey, '...') : text
  }
}

interface PassingTrouble {
  readonly detail: string
  /** How long the server asks to wait. */
  readonly waitMs: number | undefined
}

/** What to make of a failed try: another try, an answer of sorts, or the end. */
type Trouble = PassingTrouble | { readonly reply: JudgeReply } | { readonly refused: PersonascopeError }

/** How OpenAI and vLLM, llama.cpp and SGLang say that a prompt is too long. */
const tooLong = /(?:maximum|exceeds?|longer than)[^.]*\bcontext (?:length|size|window)/i

/** What came is JSON, but of another kind. */
class NoCompletion extends Error {}

function readReply(completion: unknown): JudgeReply {
  const parsed = completionSchema.safeParse(completion)
  if (!parsed.success) throw new NoCompletion()
  const { choices, usage } = parsed.data
  const { message, logprobs } = choices[0]!
  const top = logprobs?.content?.[0]?.top_logprobs ?? []
  const candidates = top
    .filter(({ logprob }) => Number.isFinite(logprob))
    .map(({ token, logprob }) => ({ text: token, logprob }))
  return {
    text: message.content ?? '',
    ...(candidates.length > 0 && { candidates: mostProbable(candidates) }),
    ...(usage && { promptTokens: usage.prompt_tokens, writtenTokens: usage.completion_tokens }),
  }
}

/** The library says "Connection error."; the reason is further in. */
function connectionClause(error: Error): string {
  let deepest: unknown = error
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause
  return `it cannot be reached (${firstLine(textOf(deepest) || 'connection error')})`
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!.replace(/\.$/, '').slice(0, 300)
}
