import { PersonascopeError } from '../../errors/personascope-error.ts'
import type { ForwardResult } from '../contract/forward.ts'
import type { AnswerDelta, GenerateResult } from '../contract/generate.ts'
import type { TokenId } from '../contract/prompt.ts'
import type { PreparedRequest } from '../request/prepared-request.ts'
import { EngineChild } from './process/engine-child.ts'
import { lastWords } from './process/last-words.ts'
import type { FromEngine, OpenedModel, OpenOptions, TextToTokenize } from './process/protocol.ts'
import type { Work } from './worker/work.ts'

type Result = GenerateResult | ForwardResult

/** What a request reports before its result. */
export interface RequestListener {
  onReading?(promptLast: Readonly<Record<string, number>>): void
  onDelta?(delta: AnswerDelta): void
}

export interface RunSettings {
  /** Whether the requests have the engine to themselves, in an order of their own. */
  readonly grouped: boolean
  /** Whether what shares a pass with a single request may not show in it. */
  readonly reproducible?: boolean
  readonly signal?: AbortSignal
  readonly listener?: RequestListener
  readonly onResult?: (index: number, result: Result) => void
}

interface PendingRequest {
  readonly listener: RequestListener
  resolve(result: Result): void
  reject(error: unknown): void
}

interface PendingCall {
  resolve(value: never): void
  reject(error: unknown): void
}

/** After so many crashes within a minute the process is not started again. */
const mostCrashesPerMinute = 3

/**
 * The tie to the engine process: matches answers to requests, and starts the process again when it crashed. What was
 * running fails with ENGINE_CRASHED; what comes later meets the new process.
 */
export class EngineLink {
  readonly #options: OpenOptions
  readonly #requests = new Map<number, PendingRequest>()
  readonly #calls = new Map<number, PendingCall>()
  #nextId = 1
  #child: EngineChild | undefined
  #opening: Promise<OpenedModel> | undefined
  #settleOpening: { resolve(model: OpenedModel): void; reject(error: unknown): void } | undefined
  #crashTimes: number[] = []
  #closed: Promise<void> | undefined

  constructor(options: OpenOptions) {
    this.#options = options
  }

  get processId(): number | undefined {
    return this.#child?.processId
  }

  /**
   * The opened model; starts the process where none runs.
   * @throws ENGINE_LOAD_FAILED, MODEL_ARCHITECTURE_UNSUPPORTED, ENGINE_LIBRARY_MISMATCH, ENGINE_CRASHED, ENGINE_CLOSED
   */
  open(): Promise<OpenedModel> {
    if (this.#closed) return Promise.reject(new PersonascopeError('ENGINE_CLOSED'))
    this.#opening ??= this.#start()
    return this.#opening
  }

  async tokenize(texts: readonly TextToTokenize[]): Promise<readonly (readonly TokenId[])[]> {
    if (texts.length === 0) return []
    return await this.#call(call => ({ type: 'tokenize', call, texts }))
  }

  async detokenize(tokens: readonly TokenId[]): Promise<string> {
    return await this.#call(call => ({ type: 'detokenize', call, tokens }))
  }

  /** Runs requests; the first failure ends all of them. */
  async run(requests: readonly PreparedRequest[], settings: RunSettings): Promise<Result[]> {
    if (requests.length === 0) return []
    await this.open()
    const { grouped, reproducible = false, signal, listener = {}, onResult } = settings
    if (signal?.aborted) throw new PersonascopeError('ENGINE_ABORTED')
    const items = requests.map(request => ({ id: this.#nextId++, request }))
    const ids = items.map(item => item.id)
    const endAll = (error: unknown) => this.#endRequests(ids, error)
    const onAbort = () => endAll(new PersonascopeError('ENGINE_ABORTED'))
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const results = items.map(({ id }, index) =>
        new Promise<Result>((resolve, reject) => this.#requests.set(id, { listener, resolve, reject })).then(result => {
          onResult?.(index, result)
          return result
        }),
      )
      for (const work of toWork(items, grouped, reproducible)) this.#child!.send({ type: 'work', work })
      return await Promise.all(results)
    } catch (error) {
      endAll(error)
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown()
    return this.#closed
  }

  async #shutDown(): Promise<void> {
    this.#failEverything(new PersonascopeError('ENGINE_CLOSED'))
    await this.#child?.close()
  }

  #start(): Promise<OpenedModel> {
    const opening = new Promise<OpenedModel>((resolve, reject) => {
      this.#settleOpening = { resolve, reject }
    })
    // Whoever waits for it hears of a failure; a restart nobody waits for must not end the program.
    opening.catch(() => {})
    this.#child = new EngineChild({
      onMessage: message => this.#receive(message),
      onCrash: error => this.#crashed(error),
    })
    this.#child.open(this.#options)
    return opening
  }

  #receive(message: FromEngine): void {
    switch (message.type) {
      case 'opened':
        return this.#settleOpening?.resolve(message.model)
      case 'open-failed':
        return void this.#openFailed(PersonascopeError.fromMessage(message.error))
      case 'tokenized':
        return this.#answer(message.call, message.tokens)
      case 'detokenized':
        return this.#answer(message.call, message.text)
      case 'reading':
        return this.#requests.get(message.id)?.listener.onReading?.(message.promptLast)
      case 'delta':
        return this.#requests.get(message.id)?.listener.onDelta?.(message.delta)
      case 'result':
        return this.#take(message.id)?.resolve(message.result)
      case 'error':
        return this.#take(message.id)?.reject(PersonascopeError.fromMessage(message.error))
    }
  }

  async #call<T>(message: (call: number) => Parameters<EngineChild['send']>[0]): Promise<T> {
    await this.open()
    const call = this.#nextId++
    return await new Promise<T>((resolve, reject) => {
      this.#calls.set(call, { resolve: resolve as PendingCall['resolve'], reject })
      this.#child!.send(message(call))
    })
  }

  #answer(call: number, value: unknown): void {
    this.#calls.get(call)?.resolve(value as never)
    this.#calls.delete(call)
  }

  #take(id: number): PendingRequest | undefined {
    const request = this.#requests.get(id)
    this.#requests.delete(id)
    return request
  }

  /** Fails those of the requests that still run, and tells the process to drop them. */
  #endRequests(ids: readonly number[], error: unknown): void {
    const running = ids.filter(id => this.#requests.has(id))
    if (running.length === 0) return
    this.#child?.send({ type: 'abort', ids: running })
    for (const id of running) this.#take(id)?.reject(error)
  }

  async #openFailed(error: PersonascopeError): Promise<void> {
    const child = this.#child
    // What llama.cpp printed explains more than the code it returned.
    await new Promise(resolve => setTimeout(resolve, 50))
    const said = child ? lastWords(child.output) : ''
    const told =
      error.code === 'ENGINE_LOAD_FAILED' && said
        ? new PersonascopeError('ENGINE_LOAD_FAILED', { ...error.facts, detail: said })
        : error
    this.#opening = undefined
    this.#child = undefined
    await child?.close()
    this.#settleOpening?.reject(told)
  }

  #crashed(error: PersonascopeError): void {
    this.#opening = undefined
    this.#child = undefined
    this.#settleOpening?.reject(error)
    this.#failEverything(error)
    const now = Date.now()
    this.#crashTimes = [...this.#crashTimes.filter(time => now - time < 60_000), now]
    if (!this.#closed && this.#crashTimes.length <= mostCrashesPerMinute) this.#opening = this.#start()
  }

  #failEverything(error: PersonascopeError): void {
    this.#endRequests([...this.#requests.keys()], error)
    for (const call of this.#calls.values()) call.reject(error)
    this.#calls.clear()
  }
}

function toWork(
  items: readonly { readonly id: number; readonly request: PreparedRequest }[],
  grouped: boolean,
  reproducible: boolean,
): Work[] {
  return grouped ? [{ kind: 'group', items }] : items.map(item => ({ kind: 'single', item, reproducible }))
}
