/**
 * Follows a growing text and finds the first stop text in it. Text that may be the beginning of a stop text is held
 * back until that is decided.
 */
export class StopMatcher {
  readonly #stops: readonly string[]
  readonly #longest: number
  #text = ''
  #safeLength = 0

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter(stop => stop.length > 0)
    this.#longest = Math.max(0, ...this.#stops.map(stop => stop.length))
  }

  get text(): string {
    return this.#text
  }

  /** How much of the text can no longer become part of a stop text. */
  get safeLength(): number {
    return this.#safeLength
  }

  /**
   * Adds text.
   * @returns true where a stop text is now complete; `text` is then cut before it
   */
  append(text: string): boolean {
    const searchFrom = Math.max(0, this.#text.length - this.#longest + 1)
    this.#text += text
    const cut = this.#firstStop(searchFrom)
    if (cut !== undefined) this.#text = this.#text.slice(0, cut)
    this.#safeLength = cut ?? this.#text.length - this.#heldBack()
    return cut !== undefined
  }

  /** Says that no more text comes: what was held back is safe. */
  end(): void {
    this.#safeLength = this.#text.length
  }

  #firstStop(from: number): number | undefined {
    let first: number | undefined
    for (const stop of this.#stops) {
      const found = this.#text.indexOf(stop, from)
      if (found >= 0 && (first === undefined || found < first)) first = found
    }
    return first
  }

  /** The length of the longest end of the text that is the beginning of a stop text. */
  #heldBack(): number {
    const most = Math.min(this.#longest - 1, this.#text.length)
    for (let length = most; length > 0; length--) {
      const tail = this.#text.slice(-length)
      if (this.#stops.some(stop => stop.startsWith(tail))) return length
    }
    return 0
  }
}
