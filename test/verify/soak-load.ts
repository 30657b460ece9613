/** What the clients of the soak do, and which answers they have whole. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../src/numeric/random.ts'
import { fuzzRequest } from '../server/fuzz-request.ts'

/** Answers that a server that is well may give. 0: the client hung up. */
const expectedStatuses = new Set([0, 200, 400, 404, 413, 429, 503])

export class SoakLoad {
  url = ''
  /** How often each thing happened. */
  readonly counts: Record<string, number> = {}
  /** The text of each answer that came whole, by the number that stands in its question. */
  readonly finished = new Map<string, string>()
  fuzzed = 0
  readonly #model: string
  #asked = 0

  constructor(model: string) {
    this.#model = model
  }

  /** Asks one thing after the other. */
  async keepAsking(random: Random, goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const kind = random.next()
      if (kind < 0.3) await this.#try(() => this.#whole(random))
      else if (kind < 0.55) await this.#try(() => this.#streamed(random, 'steady'))
      else if (kind < 0.7) await this.#try(() => this.#streamed(random, 'slow'))
      else if (kind < 0.85) await this.#try(() => this.#streamed(random, 'leaves'))
      else await this.#try(() => this.#malformed(random))
    }
  }

  /** So many at once, more than the server lets in. */
  async burst(random: Random, requests: number): Promise<void> {
    await Promise.all(Array.from({ length: requests }, () => this.#try(() => this.#streamed(random, 'steady'))))
  }

  /** One fuzzed request. */
  async fuzz(random: Random): Promise<void> {
    await this.#try(async () => {
      const response = await this.#post(fuzzRequest(this.#body(random, 2).body, random))
      await response.text()
      this.fuzzed++
      return response.status
    })
  }

  count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1
  }

  async #try(ask: () => Promise<number>): Promise<void> {
    try {
      const status = await ask()
      this.count(status === 0 ? 'hung up' : `status ${status}`)
      if (!expectedStatuses.has(status)) throw new Error(`the server answered with status ${status}`)
    } catch (error) {
      // While the server is down nothing can be reached.
      if (!(error instanceof TypeError)) throw error
      this.count('cut off')
      await pause(50)
    }
  }

  async #whole(random: Random): Promise<number> {
    const { number, body } = this.#body(random)
    const response = await this.#post(JSON.stringify(body))
    const text = await response.text()
    if (response.status === 200) {
      const { choices } = JSON.parse(text) as { choices: { message: { content: string } }[] }
      this.finished.set(number, choices[0]!.message.content)
    }
    return response.status
  }

  async #streamed(random: Random, how: 'steady' | 'slow' | 'leaves'): Promise<number> {
    const { number, body } = this.#body(random)
    const response = await this.#post(JSON.stringify({ ...body, stream: true }))
    if (how === 'leaves' && response.body) {
      const reader = response.body.getReader()
      await reader.read()
      await reader.cancel()
      return 0
    }
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      if (how === 'slow') await pause(20)
    }
    if (response.status === 200) this.#read(number, text)
    return response.status
  }

  #read(number: string, events: string): void {
    const parts = [...events.matchAll(/^data: (\{.*\})$/gm)].map(
      match => JSON.parse(match[1]!) as { error?: object; choices?: { delta: { content?: string } }[] },
    )
    if (parts.some(({ error }) => error)) this.count('error in a stream')
    else if (events.includes('data: [DONE]'))
      this.finished.set(number, parts.map(({ choices }) => choices?.[0]?.delta.content ?? '').join(''))
  }

  async #malformed(random: Random): Promise<number> {
    const { body } = this.#body(random)
    const text = JSON.stringify(body)
    const kind = Math.floor(random.next() * 4)
    const sent = [
      text.slice(0, Math.floor(random.next() * text.length)),
      `{"model":"${'x'.repeat(3 << 20)}"}`,
      '['.repeat(200_000),
      JSON.stringify({ ...body, [['n', 'stop', 'messages', 'personascope'][kind]!]: random.next() * 1e9 }),
    ][kind]!
    const response = await this.#post(sent)
    await response.text()
    if (response.status === 200) throw new Error(`was answered: ${sent.slice(0, 100)}`)
    return response.status
  }

  /** A question of its own: its number is found again in the store. */
  #body(random: Random, mostTokens = 30) {
    const number = `#${++this.#asked}#`
    const tokens = 1 + Math.floor(random.next() * mostTokens)
    const content = `${number} ${'Hello. '.repeat(1 + Math.floor(random.next() * 10))}`
    const messages = [{ role: 'user', content }]
    const seed = Math.floor(random.next() * 1e6)
    return { number, body: { model: this.#model, messages, max_completion_tokens: tokens, seed } }
  }

  async #post(body: string): Promise<Response> {
    return await fetch(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  }
}
