import {
  type ChatRequest,
  ChatServer,
  type ChatServerOptions,
  ChatServerRefusal,
  ChatServerUnreachable,
} from '../../chat/chat-server.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import type { AuthorCall, AuthorModel } from './author-model.ts'

export interface ServerAuthorOptions extends Pick<ChatServerOptions, 'baseUrl' | 'model' | 'retry' | 'seed' | 'pause'> {
  /** Default: PERSONASCOPE_AUTHOR_KEY, else OPENAI_API_KEY, else none. */
  readonly apiKey?: string
  /** The most calls at a time. Default 4. */
  readonly concurrency?: number
  /** How long one try may take, its answer read to the end. Default 180 s. */
  readonly timeoutMs?: number
}

/** Enough for a batch of questions and, with models that think, for the thought before it. */
const maxTokens = 8192
/** Enough for a batch of questions; for servers that hold prompt and answer to a context shorter than the other. */
const fewestTokens = 2048

/** What servers differ in. All is asked for until a server says that it does not know it. */
interface Manner {
  readonly form: boolean
  readonly temperature: boolean
  readonly seed: boolean
  readonly tokenLimit: 'max_tokens' | 'max_completion_tokens'
  readonly maxTokens: number
}

/** What to leave out, or ask for in another way, when a refusal says this. Looked at in this order. */
const concessions: readonly { readonly said: RegExp; readonly concede: Partial<Manner> }[] = [
  { said: /max_completion_tokens/i, concede: { tokenLimit: 'max_completion_tokens' } },
  { said: /response_?format|json_?schema|structured|guided|grammar/i, concede: { form: false } },
  { said: /context (length|size|window)|context_length/i, concede: { maxTokens: fewestTokens } },
  { said: /temperature/i, concede: { temperature: false } },
  { said: /\bseed\b/i, concede: { seed: false } },
]

/** An author behind a server that speaks the OpenAI API, held to the form of the answer where the server can do that. */
export class ServerAuthor implements AuthorModel {
  readonly id: string
  readonly needsSmallSteps = false
  readonly settings = { temperature: 0.8, maxTokens }
  readonly #server: ChatServer
  #manner: Manner = { form: true, temperature: true, seed: true, tokenLimit: 'max_tokens', maxTokens }

  constructor(options: ServerAuthorOptions) {
    this.#server = new ChatServer({
      ...options,
      apiKey: options.apiKey ?? (process.env['PERSONASCOPE_AUTHOR_KEY'] || process.env['OPENAI_API_KEY'] || ''),
      concurrency: options.concurrency ?? 4,
      timeoutMs: options.timeoutMs ?? 180_000,
    })
    this.id = this.#server.id
  }

  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    return await this.#server.inTurn(work)
  }

  async ask(call: AuthorCall, signal?: AbortSignal): Promise<string> {
    for (;;) {
      const manner = this.#manner
      try {
        return (await this.#server.complete(this.#requestOf(call, manner), { signal })).text
      } catch (error) {
        if (signal?.aborted) throw new PersonascopeError('INTERRUPTED', {}, { cause: error })
        if (error instanceof ChatServerRefusal && this.#concede(error, manner)) continue
        throw this.#asError(error)
      }
    }
  }

  #requestOf({ messages, form, seed }: AuthorCall, manner: Manner): ChatRequest {
    return {
      messages: [...messages],
      [manner.tokenLimit]: manner.maxTokens,
      ...(manner.temperature && { temperature: this.settings.temperature }),
      ...(manner.seed && { seed }),
      ...(manner.form && {
        response_format: {
          type: 'json_schema' as const,
          json_schema: { name: form.name, strict: true, schema: withoutLengths(form.schema) },
        },
      }),
    }
  }

  /** Whether the call can be made again in another manner. */
  #concede({ status, message }: ChatServerRefusal, manner: Manner): boolean {
    if (status !== 400 && status !== 415 && status !== 422) return false
    for (const { said, concede } of concessions) {
      if (!said.test(message)) continue
      const changed = { ...manner, ...concede }
      if (JSON.stringify(changed) === JSON.stringify(manner)) continue
      // What another call conceded in the meantime stays conceded.
      this.#manner = { ...this.#manner, ...concede }
      return true
    }
    return false
  }

  #asError(error: unknown): unknown {
    if (error instanceof ChatServerUnreachable)
      return new PersonascopeError('AUTHOR_UNREACHABLE', { author: this.id, after: error.after, detail: error.message })
    if (!(error instanceof ChatServerRefusal)) return error
    const { status, detail, cause } = error
    return new PersonascopeError('AUTHOR_REFUSED', { author: this.id, status, detail }, { cause })
  }
}

/** The schema without the lengths of texts, which several servers refuse; they are checked afterwards. */
function withoutLengths(schema: unknown): Record<string, unknown> {
  const text = JSON.stringify(schema, (key, value) => (key === 'maxLength' || key === 'minLength' ? undefined : value))
  return JSON.parse(text)
}
