import { StopMatcher } from './stop-matcher.ts'

export interface ResponseTextOptions {
  readonly stop: readonly string[]
  /** The text that ends a thought; undefined where there is none. */
  readonly answerAfter: string | undefined
}

/**
 * Turns tokens into the response's text: joins bytes into characters, tells the thought from the answer, finds stop
 * texts, and knows which tokens the answer is made of. Stop texts count in the answer only, not in the thought.
 */
export class ResponseText {
  readonly #options: ResponseTextOptions
  readonly #decoder = new TextDecoder()
  #matcher: StopMatcher
  /** How long the text was after each token, of the thought until the answer begins, then of the answer. */
  #ends: number[] = []
  #written = 0
  #beforeAnswer = ''
  #inAnswer: boolean
  #reported = 0
  /** The number of the written token that is the answer's first. */
  startToken = 0

  constructor(options: ResponseTextOptions) {
    this.#options = options
    this.#matcher = new StopMatcher(options.stop)
    this.#inAnswer = options.answerAfter === undefined
  }

  /** The thought, with the text that ended it; empty where that text never came. */
  get thought(): string {
    return this.startToken > 0 ? this.#beforeAnswer : ''
  }

  get text(): string {
    return this.#matcher.text
  }

  /** How many of the response's tokens are certain to stay: those whose first character can no longer be taken back. */
  get settledTokens(): number {
    return this.#inAnswer ? this.#tokensBefore(this.#matcher.safeLength) : this.#ends.length
  }

  /** As `settledTokens`, of the answer alone: none while a thought is written. */
  get settledAnswerTokens(): number {
    return this.#inAnswer ? this.settledTokens : 0
  }

  /**
   * Adds a written token.
   * @param bytes its UTF-8 bytes
   * @returns whether a stop text is now complete, and whether the answer begins with the next token
   */
  append(bytes: Uint8Array): { stopped: boolean; answerBegins: boolean } {
    this.#written++
    const text = this.#decoder.decode(bytes, { stream: true })
    if (!this.#inAnswer) return { stopped: false, answerBegins: this.#think(text) }
    const stopped = this.#matcher.append(text)
    this.#ends.push(this.#matcher.text.length)
    return { stopped, answerBegins: false }
  }

  /** The text that became certain since the last call. Nothing of a thought is reported. */
  takeDelta(): string {
    if (!this.#inAnswer) return ''
    const delta = this.#matcher.text.slice(this.#reported, this.#matcher.safeLength)
    this.#reported = Math.max(this.#reported, this.#matcher.safeLength)
    return delta
  }

  /**
   * Ends the text. A thought that never ended is the response.
   * @returns how many tokens the response is made of; after a stop text, those of which any text was kept
   */
  end(stopped: boolean): number {
    if (stopped) return this.#tokensBefore(this.#matcher.text.length)
    if (!this.#inAnswer) {
      this.#inAnswer = true
      this.#matcher = new StopMatcher([])
      this.#matcher.append(this.#beforeAnswer)
    }
    this.#matcher.append(this.#decoder.decode())
    this.#matcher.end()
    return this.#ends.length
  }

  #think(text: string): boolean {
    this.#beforeAnswer += text
    this.#ends.push(this.#beforeAnswer.length)
    if (!this.#beforeAnswer.includes(this.#options.answerAfter!)) return false
    this.#inAnswer = true
    this.startToken = this.#written
    this.#ends = []
    return true
  }

  /** How many tokens begin before this length of the text. */
  #tokensBefore(length: number): number {
    let count = this.#ends.length
    while (count > 0 && (this.#ends[count - 2] ?? 0) >= length) count--
    return count
  }
}
