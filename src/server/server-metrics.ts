import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { TurnRecord } from '../monitoring/turn-record.ts'
import type { Admission } from './admission.ts'

/** What a server counts, for Prometheus. */
export class ServerMetrics {
  readonly #registry = new Registry()
  readonly requests = new Counter({
    name: 'personascope_requests_total',
    help: 'Requests by route and status.',
    labelNames: ['route', 'status'] as const,
    registers: [this.#registry],
  })
  readonly durationSeconds = new Histogram({
    name: 'personascope_answer_duration_seconds',
    help: 'From the request to the end of its answers.',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    registers: [this.#registry],
  })
  readonly firstTokenSeconds = new Histogram({
    name: 'personascope_time_to_first_token_seconds',
    help: 'From the request to the first text of a streamed answer.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.#registry],
  })
  readonly #tokens = new Counter({
    name: 'personascope_tokens_total',
    help: 'Tokens of prompts and of answers.',
    labelNames: ['kind'] as const,
    registers: [this.#registry],
  })
  readonly #readings = new Counter({
    name: 'personascope_readings_total',
    help: 'Readings of answers by trait.',
    labelNames: ['trait'] as const,
    registers: [this.#registry],
  })
  readonly #readingSum = new Gauge({
    name: 'personascope_readings_projection_sum',
    help: 'Sum of the mean projections of answers; over the count of readings it is their mean.',
    labelNames: ['trait'] as const,
    registers: [this.#registry],
  })
  readonly turnsStored = new Counter({
    name: 'personascope_turns_stored_total',
    help: 'Turns written to the store.',
    registers: [this.#registry],
  })
  readonly turnsLost = new Counter({
    name: 'personascope_turns_lost_total',
    help: 'Turns that could not be stored or observed.',
    registers: [this.#registry],
  })

  constructor(admission?: Admission) {
    if (!admission) return
    new Gauge({
      name: 'personascope_answers_running',
      help: 'Answers being written.',
      registers: [this.#registry],
      collect() {
        this.set(admission.running)
      },
    })
    new Gauge({
      name: 'personascope_requests_waiting',
      help: 'Requests that wait for their turn.',
      registers: [this.#registry],
      collect() {
        this.set(admission.waiting)
      },
    })
  }

  countTurn({ promptTokens, responseTokens, readings }: TurnRecord): void {
    this.#tokens.inc({ kind: 'prompt' }, promptTokens)
    this.#tokens.inc({ kind: 'response' }, responseTokens)
    for (const [trait, { responseMean }] of Object.entries(readings)) {
      if (responseMean === null) continue
      this.#readings.inc({ trait })
      this.#readingSum.inc({ trait }, responseMean)
    }
  }

  async response(): Promise<Response> {
    return new Response(await this.#registry.metrics(), { headers: { 'content-type': this.#registry.contentType } })
  }
}
