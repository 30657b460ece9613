import { formatDuration } from './format.ts'
import type { Terminal } from './terminal.ts'

/** A terminal is refreshed often; a log gets a line now and then. */
const terminalIntervalMs = 200
const logIntervalMs = 5000

/** Progress of work that comes in phases: the rate of each is its own. */
export class PhasedProgress {
  readonly #terminal: Terminal
  #current: { readonly phase: string; readonly shown: Progress } | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /**
   * @param phase in a few words; another one than before starts anew
   * @param unit what is counted, for example `answers`
   */
  show(phase: string, done: number, total: number, unit: string): void {
    if (this.#current?.phase !== phase) this.#current = { phase, shown: new Progress(this.#terminal) }
    this.#current.shown.show(phase, done, total, (count, of) =>
      of === undefined ? `${count.toFixed(1)} ${unit}` : `${count} of ${of} ${unit}`,
    )
  }
}

/** Shows how far long work is, how fast it goes and how long it will take. */
export class Progress {
  readonly #terminal: Terminal
  readonly #startTime = performance.now()
  readonly #intervalMs = process.stderr.isTTY ? terminalIntervalMs : logIntervalMs
  #shownAt = Number.NEGATIVE_INFINITY
  #startDone: number | undefined
  #finished = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /**
   * @param what the work in a few words
   * @param done how much of `total` is done; work that was there before counts as done but not into the rate
   * @param amount how the amount is written, for example `12 of 200 answers`
   */
  show(
    what: string,
    done: number,
    total: number | undefined,
    amount: (done: number, total: number | undefined) => string,
  ): void {
    const now = performance.now()
    this.#startDone ??= done
    const finished = total !== undefined && done >= total
    if (this.#finished || (now - this.#shownAt < this.#intervalMs && !finished)) return
    this.#shownAt = now
    this.#finished = finished
    const seconds = (now - this.#startTime) / 1000
    const rate = (done - this.#startDone) / seconds
    const left = total !== undefined && rate > 0 ? `, ${formatDuration((total - done) / rate)} left` : ''
    const speed = rate > 0 && seconds > 1 ? `, ${amount(rate, undefined)}/s` : ''
    this.#terminal.status(`${what}: ${amount(done, total)}${speed}${finished ? '' : left}`)
  }
}
