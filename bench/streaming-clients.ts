import { Agent, request } from 'node:http'
import type { RoundOptions } from './contender-process.ts'
import type { Workload } from './workload.ts'

/** What the clients of one round saw. */
export interface RoundOfClients {
  readonly tokens: number
  /** From the request to the first part with text, of each request. */
  readonly firstTokenMs: readonly number[]
}

/** So many clients at a time, each of which streams one answer after the other over a connection of its own. */
export class StreamingClients {
  readonly #url: string
  readonly #model: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor(url: string, model: string) {
    this.#url = url
    this.#model = model
  }

  async run(workload: Workload, { sequences, steered }: RoundOptions): Promise<RoundOfClients> {
    const left = workload.prompts.slice(0, sequences).entries()
    const firstTokenMs: number[] = []
    let tokens = 0
    const client = async () => {
      for (const [index, prompt] of left) {
        const answer = await this.#stream({
          model: this.#model,
          prompt,
          max_tokens: workload.writtenTokens,
          seed: index,
          stream: true,
          stream_options: { include_usage: true },
          ...(steered && { personascope: { steer: [steeringOf(index)] } }),
        })
        firstTokenMs.push(answer.firstTokenMs)
        tokens += answer.tokens
      }
    }
    await Promise.all(Array.from({ length: workload.sideBySide }, client))
    return { tokens, firstTokenMs }
  }

  close(): void {
    this.#agent.destroy()
  }

  /** Reads as little as a client can: where text begins, and what the last part says. */
  #stream(body: object): Promise<{ firstTokenMs: number; tokens: number }> {
    const begun = performance.now()
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json' } }
      const asked = request(`${this.#url}/v1/completions`, options, response => {
        let firstTokenMs = 0
        let end = ''
        response.setEncoding('latin1').on('data', (text: string) => {
          if (firstTokenMs === 0 && /"text":"[^"]/.test(text)) firstTokenMs = performance.now() - begun
          end = (end + text).slice(-2000)
        })
        response.once('error', reject)
        response.once('end', () => {
          const tokens = Number(/"completion_tokens":(\d+)/.exec(end)?.[1])
          if (response.statusCode === 200 && tokens > 0) resolve({ firstTokenMs, tokens })
          else reject(new Error(`the server answered with ${response.statusCode}: ${end}`))
        })
      })
      asked.once('error', reject)
      asked.end(JSON.stringify(body))
    })
  }
}

/** Each request its own: another vector, another amount. */
function steeringOf(index: number) {
  const vector = benchVectors[index % benchVectors.length]
  return { vector, dose: 0.01 * (1 + (index % 5)), layer: 16, positions: 'all' }
}

/** The vectors of the server's workspace; those with a trait's name are watched where monitoring is on. */
export const benchVectors = ['first', 'second', 'third'] as const
