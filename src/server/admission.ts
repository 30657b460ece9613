import type { Client } from './access-keys.ts'
import { ApiError } from './api-error.ts'

export interface AdmissionLimits {
  /** Answers written at a time. */
  readonly running: number
  /** Requests that wait for their turn; one more is refused. */
  readonly waiting: number
  /** For clients without limits of their own. */
  readonly requestsPerMinute: number
  readonly concurrentRequests: number
}

/** A request that was let in. */
export interface Admitted {
  /**
   * @param answers how many answers are asked for
   * @throws ApiError with status 429 where too many wait already; 499 where the client left while it waited
   */
  waitForTurn(answers: number, signal: AbortSignal): Promise<void>
  /** To be called when the request has ended, however it did; further calls do nothing. */
  leave(): void
}

interface Waiting {
  readonly answers: number
  begin(): void
}

interface Use {
  concurrent: number
  /** Requests that may begin now; fills up with time. */
  credit: number
  at: number
}

/** Who may begin: a bounded queue before the engine, in the order of arrival, and limits for each client. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #now: () => number
  readonly #uses = new Map<string, Use>()
  readonly #queue: Waiting[] = []
  #admitted = 0
  #running = 0
  #idle: (() => void)[] = []

  /** @param now milliseconds that only go forward */
  constructor(limits: AdmissionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Lets a request in, before anything is done for it.
   * @throws ApiError with status 429 where a limit is met
   */
  admit(client: Client): Admitted {
    if (this.#running >= this.#limits.running && this.#queue.length >= this.#limits.waiting) throw busy()
    const leaveClient = this.#enterClient(client)
    this.#admitted++
    let places = 0
    let left = false
    return {
      waitForTurn: async (answers, signal) => {
        const wanted = Math.min(answers, this.#limits.running)
        await this.#waitForTurn(wanted, signal)
        places = wanted
      },
      leave: () => {
        if (left) return
        left = true
        leaveClient()
        this.#running -= places
        this.#beginNext()
        if (--this.#admitted === 0) for (const resolve of this.#idle.splice(0)) resolve()
      },
    }
  }

  /** Resolves when no request is left that was let in. */
  async whenIdle(): Promise<void> {
    if (this.#admitted === 0) return
    await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  #enterClient(client: Client): () => void {
    const perMinute = client.requestsPerMinute ?? this.#limits.requestsPerMinute
    const use = this.#uses.get(client.name) ?? { concurrent: 0, credit: perMinute, at: this.#now() }
    this.#uses.set(client.name, use)
    const now = this.#now()
    use.credit = Math.min(perMinute, use.credit + ((now - use.at) / 60_000) * perMinute)
    use.at = now
    if (use.credit < 1) {
      const retryAfter = Math.max(1, Math.ceil(((1 - use.credit) / perMinute) * 60))
      throw tooMany(`Rate limit reached: ${perMinute} requests a minute.`, 'rate_limit_exceeded', retryAfter)
    }
    const most = client.concurrentRequests ?? this.#limits.concurrentRequests
    if (use.concurrent >= most) throw tooMany(`Limit reached: ${most} requests at a time.`, 'rate_limit_exceeded', 1)
    use.credit--
    use.concurrent++
    return () => use.concurrent--
  }

  async #waitForTurn(places: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new ApiError(499, 'The client closed the request.')
    if (this.#queue.length === 0 && this.#running + places <= this.#limits.running) {
      this.#running += places
      return
    }
    if (this.#queue.length >= this.#limits.waiting) throw busy()
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1)
        reject(new ApiError(499, 'The client closed the request.'))
        this.#beginNext()
      }
      const waiting: Waiting = {
        answers: places,
        begin: () => {
          signal.removeEventListener('abort', leave)
          resolve()
        },
      }
      this.#queue.push(waiting)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #beginNext(): void {
    while (this.#queue.length > 0 && this.#running + this.#queue[0]!.answers <= this.#limits.running) {
      const next = this.#queue.shift()!
      this.#running += next.answers
      next.begin()
    }
  }
}

function busy(): ApiError {
  return tooMany('The server is busy.', 'server_busy', 2)
}

function tooMany(message: string, code: string, retryAfter: number): ApiError {
  return new ApiError(429, message, { code, retryAfter })
}
