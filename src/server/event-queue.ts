/** Values from several writers to one reader, in the order they came. */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #values: T[] = []
  #wake: () => void = () => {}
  #ended = false

  push(value: T): void {
    this.#values.push(value)
    this.#wake()
  }

  /** No more values come. */
  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const value = this.#values.shift()
      if (value !== undefined) yield value
      else if (this.#ended) return
      else await new Promise<void>(resolve => (this.#wake = resolve))
    }
  }
}
