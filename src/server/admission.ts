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
   * Waits for a turn.
   * @param answers how many answers are asked for
   * @returns call it when the request has ended, however it did; further calls do nothing
   * @throws ApiError with status 429 where a limit is met; 499 where the client left while it waited
   */
  async enter(client: Client, answers: number, signal: AbortSignal): Promise<() => void> {
    const places = Math.min(answers, this.#limits.running)
    const leaveClient = this.#enterClient(client)
    try {
      await this.#waitForTurn(places, signal)
    } catch (error) {
      leaveClient()
      throw error
    }
    let left = false
    return () => {
      if (left) return
      left = true
      leaveClient()
      this.#running -= places
      this.#beginNext()
      if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Resolves when nothing runs or waits. */
  async whenIdle(): Promise<void> {
    if (this.#running === 0 && this.#queue.length === 0) return
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
    if (this.#queue.length >= this.#limits.waiting) throw tooMany('The server is busy.', 'server_busy', 2)
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

function tooMany(message: string, code: string, retryAfter: number): ApiError {
  return new ApiError(429, message, { code, retryAfter })
}
