import { z } from 'zod'
import type { ChatMessage } from '../../chat/message.ts'
import { PersonascopeError, textOf } from '../../errors/personascope-error.ts'
import { deriveSeed } from '../../numeric/random.ts'
import { type AuthorMemory, authorKey } from './author-memory.ts'
import type { AuthorCall, AuthorModel } from './author-model.ts'

/** Something to be written. */
export interface AuthorTask<Value> {
  /** Tells the tasks of a trait apart; letters, digits and hyphens. */
  readonly name: string
  /** What is written, for people: `description and pairs`. */
  readonly part: string
  readonly messages: readonly ChatMessage[]
  readonly form: z.ZodType<Value>
  /** What is wrong with an answer of the right form. */
  readonly check?: (value: Value) => readonly AuthorProblem[]
  /** What can be kept of an answer of the right form that has errors; used where the author cannot do better. */
  readonly salvage?: (value: Value) => Value
}

export interface AuthorProblem {
  /** An `error` makes the answer unusable; with a `warning` it is used if the author cannot do better. */
  readonly severity: 'error' | 'warning'
  /** One sentence for the author. */
  readonly message: string
}

export interface AuthorDeskOptions {
  readonly author: AuthorModel
  readonly memory: AuthorMemory
  /** The same seed, author and tasks give the same replies. */
  readonly seed: number
  readonly signal?: AbortSignal
  /** Hears what is about to be asked; not what is known from before. */
  readonly onAsk?: (part: string, attempt: number) => void
}

/** How often one thing is asked for, the first time included. */
const attempts = 3
/** How much of an unusable reply the author is shown again. */
const longestQuote = 4000
const mostNamedProblems = 8

/** Has an author write one thing after the other: reads its replies, and asks again with what was wrong. */
export class AuthorDesk {
  readonly #options: AuthorDeskOptions
  #failure: unknown
  #asked = 0
  #remembered = 0

  constructor(options: AuthorDeskOptions) {
    this.#options = options
  }

  /** How many replies came from the author, and how many were known from before. */
  get counts(): { readonly asked: number; readonly remembered: number } {
    return { asked: this.#asked, remembered: this.#remembered }
  }

  /**
   * A usable answer.
   * @throws AUTHOR_FAILED where none of the replies is; what the author throws; DISK_FULL, FILE_UNWRITABLE
   */
  async write<Value>(task: AuthorTask<Value>): Promise<Value> {
    try {
      return await this.#write(task)
    } catch (error) {
      this.#failure ??= error
      throw error
    }
  }

  /**
   * What is written side by side. After a failure nothing more is asked, and what was asked is heard to its end, because
   * it is paid for.
   */
  async together<Values extends readonly unknown[]>(
    works: { readonly [Index in keyof Values]: Promise<Values[Index]> },
  ): Promise<Values> {
    await Promise.allSettled(works)
    if (this.#failure !== undefined) throw this.#failure
    return (await Promise.all(works)) as unknown as Values
  }

  async #write<Value>(task: AuthorTask<Value>): Promise<Value> {
    const keys: string[] = []
    let messages = task.messages
    let secondBest: Value | undefined
    let salvaged: Value | undefined
    let problems: readonly AuthorProblem[] = []
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const call = this.#callOf(task, messages, attempt)
      keys.push(authorKey(this.#options.author, call))
      const reply = await this.#replyTo(call, task.part, attempt)
      const read = readReply(reply, task)
      problems = read.problems
      if (problems.length === 0) return read.value!
      if (isUsable(problems)) secondBest = read.value
      else if (read.value !== undefined && task.salvage) {
        const kept = task.salvage(read.value)
        if (isUsable(task.check?.(kept) ?? [])) salvaged = kept
      }
      messages = [...task.messages, ...correction(reply, problems)]
    }
    const usable = secondBest ?? salvaged
    if (usable !== undefined) return usable
    await this.#options.memory.forget(keys)
    const detail = problems.find(({ severity }) => severity === 'error')!.message.replace(/\.$/, '')
    throw new PersonascopeError('AUTHOR_FAILED', { author: this.#options.author.id, part: task.part, detail })
  }

  #callOf(
    { name, form }: Pick<AuthorTask<unknown>, 'name' | 'form'>,
    messages: readonly ChatMessage[],
    attempt: number,
  ): AuthorCall {
    const { $schema: _, ...schema } = z.toJSONSchema(form, { io: 'input' })
    const seed = deriveSeed(this.#options.seed, `author/${name}/${attempt}`) >>> 1
    return { messages, form: { name: name.replace(/[^a-z]/g, ''), schema }, seed }
  }

  async #replyTo(call: AuthorCall, part: string, attempt: number): Promise<string> {
    const { author, memory, signal, onAsk = () => {} } = this.#options
    const key = authorKey(author, call)
    const known = memory.get(key)
    if (known !== undefined) {
      this.#remembered++
      return known
    }
    return await author.inTurn(async () => {
      if (this.#failure !== undefined) throw this.#failure
      try {
        if (signal?.aborted) throw new PersonascopeError('INTERRUPTED')
        onAsk(part, attempt)
        const reply = await author.ask(call, signal)
        this.#asked++
        await memory.keep(key, author, reply)
        return reply
      } catch (error) {
        this.#failure ??= error
        throw error
      }
    })
  }
}

/** Whether an answer with these problems will do. */
export function isUsable(problems: readonly AuthorProblem[]): boolean {
  return problems.every(({ severity }) => severity === 'warning')
}

interface ReadReply<Value> {
  readonly value?: Value
  readonly problems: readonly AuthorProblem[]
}

function readReply<Value>(reply: string, { form, check }: AuthorTask<Value>): ReadReply<Value> {
  const wrong = (message: string): ReadReply<Value> => ({ problems: [{ severity: 'error', message }] })
  const object = objectIn(reply)
  if (object === undefined) return wrong('The reply holds no JSON object.')
  let parsed: unknown
  try {
    parsed = JSON.parse(object)
  } catch (error) {
    return wrong(`The reply is no valid JSON: ${textOf(error)}.`)
  }
  const { data, error } = form.safeParse(parsed)
  if (error) {
    return {
      problems: error.issues.map(({ path, message }) => ({
        severity: 'error',
        message: `${path.length > 0 ? `"${path.join('.')}": ` : ''}${message}.`,
      })),
    }
  }
  return { value: data, problems: check?.(data!) ?? [] }
}

/** The JSON object in a reply: models think aloud before it, put it into a code block, and comment on it. */
function objectIn(reply: string): string | undefined {
  const answer = reply.replace(/^[\s\S]*<\/think>/, '')
  const [from, to] = [answer.indexOf('{'), answer.lastIndexOf('}')]
  return from < 0 || to < from ? undefined : answer.slice(from, to + 1)
}

function correction(reply: string, problems: readonly AuthorProblem[]): ChatMessage[] {
  const named = problems.slice(0, mostNamedProblems).map(({ message }) => `- ${message}`)
  return [
    { role: 'assistant', content: reply.slice(0, longestQuote) || '(nothing)' },
    {
      role: 'user',
      content: `That cannot be used as it stands:\n${named.join('\n')}\nReply again with the whole JSON object, corrected.`,
    },
  ]
}
