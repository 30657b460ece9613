import type { GenerateResult, Generation, GenerationEvent } from '../contract/generate.ts'

/** A Generation fed from outside: events wait until they are read, the result is there for whoever awaits it. */
export class GenerationStream implements Generation {
  readonly result: Promise<GenerateResult>
  readonly #waiting: GenerationEvent[] = []
  #wake: () => void = () => {}
  #ended = false

  /** @param start begins the work; gets where to report events, and resolves with the result */
  constructor(start: (report: (event: GenerationEvent) => void) => Promise<GenerateResult>) {
    const report = (event: GenerationEvent) => {
      this.#waiting.push(event)
      this.#wake()
    }
    this.result = start(report).then(
      result => {
        report({ type: 'response-end', result })
        this.#end()
        return result
      },
      error => {
        this.#end()
        throw error
      },
    )
    // Whoever only iterates meets the error there; it must not end the process as unhandled.
    this.result.catch(() => {})
  }

  async *[Symbol.asyncIterator](): AsyncIterator<GenerationEvent> {
    for (;;) {
      const event = this.#waiting.shift()
      if (event) yield event
      else if (this.#ended) break
      else await new Promise<void>(resolve => (this.#wake = resolve))
    }
    await this.result
  }

  #end(): void {
    this.#ended = true
    this.#wake()
  }
}
