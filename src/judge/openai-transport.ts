import {
  type ChatCompletion,
  ChatServer,
  type ChatServerOptions,
  ChatServerRefusal,
  ChatServerUnreachable,
} from '../chat/chat-server.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import {
  type AskOptions,
  type JudgeCall,
  type JudgeReply,
  type JudgeTransport,
  maxTokensOf,
} from './judge-transport.ts'
import { candidateCount, mostProbable } from './score-distribution.ts'

export interface OpenAiTransportOptions
  extends Pick<ChatServerOptions, 'baseUrl' | 'model' | 'retry' | 'seed' | 'pause'> {
  /** Default: PERSONASCOPE_JUDGE_KEY, else OPENAI_API_KEY, else none. */
  readonly apiKey?: string
  /** The most calls at a time. Default 8. */
  readonly concurrency?: number
  /** How long one try may take, its answer read to the end. Default 60 s. */
  readonly timeoutMs?: number
}

/** A judge model behind a server that speaks the OpenAI API: OpenAI, vLLM, llama.cpp, SGLang and the like. */
export class OpenAiTransport implements JudgeTransport {
  readonly id: string
  readonly model: string
  readonly settings = { temperature: 0, seed: 0, topLogprobs: candidateCount }
  readonly isUnknown = true
  readonly #server: ChatServer

  constructor(options: OpenAiTransportOptions) {
    this.#server = new ChatServer({
      ...options,
      apiKey: options.apiKey ?? (process.env['PERSONASCOPE_JUDGE_KEY'] || process.env['OPENAI_API_KEY'] || ''),
      concurrency: options.concurrency ?? 8,
      timeoutMs: options.timeoutMs ?? 60_000,
    })
    this.id = this.#server.id
    this.model = this.#server.model
  }

  /** After a failure no call is begun; those under way are heard to their end, because they are paid for. */
  async askAll(calls: readonly JudgeCall[], { signal, onReply }: AskOptions): Promise<void> {
    const failed = new AbortController()
    await Promise.all(
      calls.map((call, index) =>
        this.#server.inTurn(async () => {
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

  async #ask(call: JudgeCall, signal: AbortSignal | undefined, giveUp: AbortSignal): Promise<JudgeReply> {
    const { temperature, seed, topLogprobs } = this.settings
    try {
      const completion = await this.#server.complete(
        {
          messages: [...call.messages],
          max_tokens: maxTokensOf(call),
          temperature,
          seed,
          ...(call.wants === 'number' && { logprobs: true, top_logprobs: topLogprobs }),
        },
        { signal, giveUp },
      )
      return toReply(completion)
    } catch (error) {
      if (signal?.aborted) throw new PersonascopeError('JUDGE_ABORTED')
      if (error instanceof ChatServerRefusal) return this.#afterRefusal(error, call)
      if (!(error instanceof ChatServerUnreachable)) throw error
      throw new PersonascopeError('JUDGE_UNREACHABLE', { judge: this.id, after: error.after, detail: error.message })
    }
  }

  /** Some refusals are an answer of sorts; the others end the run. */
  #afterRefusal(refusal: ChatServerRefusal, call: JudgeCall): JudgeReply {
    const { status, code, message, detail } = refusal
    if (status === 400 && call.wants === 'number' && /logprob/i.test(message)) return { text: '' }
    if (code === 'context_length_exceeded' || tooLong.test(message))
      return { text: '', refusal: 'question and answer are too long for the judge' }
    throw new PersonascopeError('JUDGE_REFUSED', { judge: this.id, status, detail }, { cause: refusal.cause })
  }
}

/** How OpenAI and vLLM, llama.cpp and SGLang say that a prompt is too long. */
const tooLong = /(?:maximum|exceeds?|longer than)[^.]*\bcontext (?:length|size|window)/i

function toReply({ text, firstTokens, promptTokens, writtenTokens }: ChatCompletion): JudgeReply {
  return {
    text,
    ...(firstTokens.length > 0 && { candidates: mostProbable(firstTokens) }),
    ...(promptTokens !== undefined && { promptTokens }),
    ...(writtenTokens !== undefined && { writtenTokens }),
  }
}
