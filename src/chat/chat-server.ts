import { setTimeout as pauseFor } from 'node:timers/promises'
import type { OpenAI } from 'openai'
import { z } from 'zod'
import { textOf } from '../errors/personascope-error.ts'
import { createRandom } from '../numeric/random.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import { askedWait, defaultRetryPolicy, type RetryPolicy, waitBeforeRetry } from './retry-policy.ts'

export interface ChatServerOptions {
  /** For example `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string
  readonly model: string
  /** Empty for servers that want none. */
  readonly apiKey: string
  /** The most calls at a time. */
  readonly concurrency: number
  /** How long one try may take, its answer read to the end. */
  readonly timeoutMs: number
  readonly retry?: Partial<RetryPolicy>
  /** Of the chance in the waits between tries. Default 0. */
  readonly seed?: number
  /** Waits; for tests. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

/** What is asked, in the words of the OpenAI API; the model is the server's. */
export type ChatRequest = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'model'>

export interface ChatCompletion {
  readonly text: string
  /** What else the first token might have been; empty where the server shows no log-probabilities. */
  readonly firstTokens: readonly { readonly text: string; readonly logprob: number }[]
  /** Whether the limit on tokens cut it short. */
  readonly cutShort: boolean
  readonly promptTokens: number | undefined
  readonly writtenTokens: number | undefined
}

export interface CompleteOptions {
  /** Ends everything, a try under way too. */
  readonly signal?: AbortSignal | undefined
  /** Ends waiting and further tries; a try under way is heard to its end, because it is paid for. */
  readonly giveUp?: AbortSignal | undefined
}

/** The server gave no answer, however often it was tried. */
export class ChatServerUnreachable extends Error {
  /** How long it was tried, as the end of a clause: ` in 6 tries`. May be empty. */
  readonly after: string

  constructor(after: string, detail: string) {
    super(detail)
    this.after = after
  }
}

/** The server answered that it will not, and would not if it were asked again. */
export class ChatServerRefusal extends Error {
  readonly status: number
  /** The server's own name for the reason, if it gave one. */
  readonly code: string | undefined
  /** The first line of what it said. */
  readonly detail: string

  constructor(status: number, code: string | undefined, message: string, detail: string, cause: unknown) {
    super(message, { cause })
    this.status = status
    this.code = code
    this.detail = detail
  }
}

/** What is read of a chat completion; servers put more in it. */
const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish() }),
        finish_reason: z.string().nullish(),
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

/**
 * A model behind a server that speaks the OpenAI API: OpenAI, vLLM, llama.cpp, SGLang and the like. Failures that may pass
 * are tried again; other failures and what to call them are the caller's.
 */
export class ChatServer {
  /** Names the model and where it runs: `http://127.0.0.1:8000/v1#model`. */
  readonly id: string
  readonly model: string
  readonly #options: ChatServerOptions
  readonly #policy: RetryPolicy
  readonly #limit: ConcurrencyLimit
  readonly #random: ReturnType<typeof createRandom>
  readonly #pause: NonNullable<ChatServerOptions['pause']>
  #client: Promise<OpenAI> | undefined
  /** Until when the server asked to be left alone, by the clock of `Date.now`. */
  #quietUntilMs = 0

  constructor(options: ChatServerOptions) {
    this.id = `${options.baseUrl}#${options.model}`
    this.model = options.model
    this.#options = options
    this.#policy = { ...defaultRetryPolicy, ...options.retry }
    this.#limit = new ConcurrencyLimit(options.concurrency)
    this.#random = createRandom(options.seed ?? 0)
    this.#pause = options.pause ?? ((milliseconds, signal) => pauseFor(milliseconds, undefined, { signal }))
  }

  /**
   * Does work that asks, when fewer than the most calls at a time are open. What it does about a failure is done before
   * the next in turn begins.
   */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    return await this.#limit.run(work)
  }

  /**
   * Asks for one answer. To be called within `inTurn`.
   * @throws ChatServerUnreachable, ChatServerRefusal, the reason of a signal
   */
  async complete(request: ChatRequest, { signal, giveUp }: CompleteOptions = {}): Promise<ChatCompletion> {
    for (let failures = 1; ; failures++) {
      giveUp?.throwIfAborted()
      signal?.throwIfAborted()
      try {
        await this.#wait(this.#quietUntilMs - Date.now(), signal, giveUp)
        return await this.#try(request, signal)
      } catch (error) {
        signal?.throwIfAborted()
        giveUp?.throwIfAborted()
        await this.#waitAfter(await this.#troubleOf(error), failures, signal, giveUp)
      }
    }
  }

  async #waitAfter(
    { detail, waitMs }: PassingTrouble,
    failures: number,
    signal: AbortSignal | undefined,
    giveUp: AbortSignal | undefined,
  ): Promise<void> {
    const { tries, longestAskedWaitMs } = this.#policy
    if (failures >= tries) throw new ChatServerUnreachable(tries > 1 ? ` in ${tries} tries` : '', detail)
    if (waitMs !== undefined && waitMs > longestAskedWaitMs)
      throw new ChatServerUnreachable(` and asks to wait ${Math.ceil(waitMs / 1000)} s`, detail)
    // Who is told to wait is not alone with it: the limit is the server's.
    if (waitMs !== undefined) this.#quietUntilMs = Math.max(this.#quietUntilMs, Date.now() + waitMs)
    else await this.#wait(waitBeforeRetry(failures, this.#policy, this.#random), signal, giveUp)
  }

  async #wait(milliseconds: number, signal: AbortSignal | undefined, giveUp: AbortSignal | undefined): Promise<void> {
    if (milliseconds <= 0) return
    try {
      await this.#pause(milliseconds, AbortSignal.any([signal, giveUp].filter(part => part !== undefined)))
    } catch (error) {
      signal?.throwIfAborted()
      giveUp?.throwIfAborted()
      throw error
    }
  }

  async #try(request: ChatRequest, signal: AbortSignal | undefined): Promise<ChatCompletion> {
    signal?.throwIfAborted()
    const client = await this.#open()
    const completion = await client.chat.completions.create({ model: this.model, ...request }, signal && { signal })
    return readCompletion(completion)
  }

  /** Loaded when it is first needed: most commands need no server. */
  #open(): Promise<OpenAI> {
    this.#client ??= import('openai').then(
      ({ OpenAI }) =>
        new OpenAI({
          baseURL: this.#options.baseUrl,
          // The library wants one; servers without keys do not look.
          apiKey: this.#options.apiKey || 'none',
          organization: null,
          project: null,
          maxRetries: 0,
          timeout: this.#options.timeoutMs,
        }),
    )
    return this.#client
  }

  /** What may pass; throws what will not. */
  async #troubleOf(error: unknown): Promise<PassingTrouble> {
    if (error instanceof NoCompletion) return { detail: 'the answer is no chat completion', waitMs: undefined }
    const { APIConnectionError, APIConnectionTimeoutError, APIError } = await import('openai')
    if (error instanceof APIConnectionTimeoutError)
      return { detail: `no answer within ${this.#options.timeoutMs / 1000} s`, waitMs: undefined }
    if (error instanceof APIConnectionError) return { detail: connectionClause(error), waitMs: undefined }
    if (error instanceof APIError && error.status !== undefined) return this.#statusTrouble(error, error.status)
    // What the server sent is no JSON, or was cut short.
    return { detail: `the answer cannot be read (${firstLine(textOf(error))})`, waitMs: undefined }
  }

  #statusTrouble(error: InstanceType<typeof OpenAI.APIError>, status: number): PassingTrouble {
    const said = this.#withoutKey(firstLine(error.message))
    if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500)
      return { detail: said, waitMs: askedWait(error.headers, Date.now()) }
    throw new ChatServerRefusal(status, error.code ?? undefined, this.#withoutKey(error.message), said, error)
  }

  #withoutKey(text: string): string {
    const { apiKey } = this.#options
    return apiKey ? text.replaceAll(apiKey, '...') : text
  }
}

interface PassingTrouble {
  readonly detail: string
  /** How long the server asks to wait. */
  readonly waitMs: number | undefined
}

/** What came is JSON, but of another kind. */
class NoCompletion extends Error {}

function readCompletion(completion: unknown): ChatCompletion {
  const parsed = completionSchema.safeParse(completion)
  if (!parsed.success) throw new NoCompletion()
  const { choices, usage } = parsed.data
  const { message, logprobs, finish_reason: finishReason } = choices[0]!
  const top = logprobs?.content?.[0]?.top_logprobs ?? []
  return {
    text: message.content ?? '',
    firstTokens: top
      .filter(({ logprob }) => Number.isFinite(logprob))
      .map(({ token, logprob }) => ({ text: token, logprob })),
    cutShort: finishReason === 'length',
    promptTokens: usage?.prompt_tokens,
    writtenTokens: usage?.completion_tokens,
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
