import { PersonascopeError } from '../errors/personascope-error.ts'
import type { JudgeBudget } from './judge-budget.ts'
import { callKey, type JudgeCache } from './judge-cache.ts'
import type { AskOptions, JudgeCall, JudgeReply, JudgeTransport } from './judge-transport.ts'

/** Asks a judge model what is not known yet, within a budget, and remembers what it answers. */
export class JudgeCalls {
  readonly #transport: JudgeTransport
  readonly #cache: JudgeCache
  readonly #budget: JudgeBudget

  constructor(transport: JudgeTransport, cache: JudgeCache, budget: JudgeBudget) {
    this.#transport = transport
    this.#cache = cache
    this.#budget = budget
  }

  known(call: JudgeCall): JudgeReply | undefined {
    return this.#cache.get(callKey(this.#transport, call))
  }

  /** The calls that would have to be made, each once. */
  unknown(calls: readonly JudgeCall[]): JudgeCall[] {
    const byKey = new Map(calls.map(call => [callKey(this.#transport, call), call]))
    return [...byKey].filter(([key]) => !this.#cache.get(key)).map(([, call]) => call)
  }

  /**
   * A reply to every call. Equal calls are made once, also if they are asked for at the same time from two places.
   * What is answered is kept before it is reported, so stopping loses only what is under way.
   * @throws JUDGE_BUDGET_SPENT once all the budget allows is done; JUDGE_ABORTED, DISK_FULL, FILE_UNWRITABLE; what
   * the transport throws
   */
  async askAll(calls: readonly JudgeCall[], { signal, onReply }: AskOptions): Promise<void> {
    const places = Map.groupBy(calls.keys(), index => callKey(this.#transport, calls[index]!))
    const deliver = (key: string, reply: JudgeReply) => {
      const indices = places.get(key) ?? []
      places.delete(key)
      for (const index of indices) onReply(index, reply)
    }
    while (places.size > 0) {
      if (signal?.aborted) {
        // What is still answered elsewhere is not reported after the end.
        places.clear()
        throw new PersonascopeError('JUDGE_ABORTED')
      }
      const elsewhere: Promise<void>[] = []
      const own: OwnCall[] = []
      for (const [key, [first]] of [...places]) {
        const known = this.#cache.get(key)
        const asked = this.#cache.inFlight.get(key)
        if (known) deliver(key, known)
        // Where the other place fails, the call is made here in the next round.
        else if (asked) elsewhere.push(asked.then(reply => deliver(key, reply)).catch(() => {}))
        else own.push({ key, call: calls[first!]! })
      }
      await this.#askOwn(own, { signal, deliver })
      await untilAborted(Promise.all(elsewhere), signal)
    }
  }

  async #askOwn(own: readonly OwnCall[], { signal, deliver }: DeliverOptions): Promise<void> {
    const affordable: OwnCall[] = []
    for (const item of own) {
      if (!this.#budget.reserve(item.call)) break
      affordable.push(item)
    }
    if (affordable.length > 0) await this.#make(affordable, { signal, deliver })
    if (affordable.length < own.length) throw this.#budget.exhausted(own.length - affordable.length)
  }

  async #make(own: readonly OwnCall[], { signal, deliver }: DeliverOptions): Promise<void> {
    const open = new Map(own.map(({ key, call }) => [key, { call, ...Promise.withResolvers<JudgeReply>() }]))
    for (const [key, { promise }] of open) {
      promise.catch(() => {})
      this.#cache.inFlight.set(key, promise)
    }
    const unkept = new AbortController()
    const keeping: Promise<void>[] = []
    const take = async (key: string, reply: JudgeReply) => {
      const { call, resolve } = open.get(key)!
      open.delete(key)
      this.#budget.settle(call, reply)
      try {
        if (reply.refusal === undefined) await this.#cache.keep(key, this.#transport, call, reply)
        deliver(key, reply)
      } catch (error) {
        unkept.abort(error)
      }
      this.#cache.inFlight.delete(key)
      resolve(reply)
    }
    try {
      const signals = signal ? [unkept.signal, signal] : [unkept.signal]
      await this.#transport.askAll(
        own.map(({ call }) => call),
        {
          signal: AbortSignal.any(signals),
          onReply: (index, reply) => keeping.push(take(own[index]!.key, reply)),
        },
      )
    } catch (error) {
      for (const { reject } of open.values()) reject(error)
      throw unkept.signal.aborted ? unkept.signal.reason : error
    } finally {
      await Promise.all(keeping)
      for (const [key, { call }] of open) {
        this.#budget.settle(call, undefined)
        this.#cache.inFlight.delete(key)
      }
    }
    if (unkept.signal.aborted) throw unkept.signal.reason
  }
}

interface OwnCall {
  readonly key: string
  readonly call: JudgeCall
}

interface DeliverOptions {
  readonly signal: AbortSignal | undefined
  readonly deliver: (key: string, reply: JudgeReply) => void
}

/** Waits, but not longer than until the signal; who looks next sees that it was aborted. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  const aborted = Promise.withResolvers<void>()
  const onAbort = () => aborted.resolve()
  if (signal?.aborted) return
  signal?.addEventListener('abort', onAbort)
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
