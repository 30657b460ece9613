import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { RoundOptions, RoundOutcome } from './contender-process.ts'

export interface ContenderCommand {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

export interface ContenderRound {
  /** By its own clock. */
  readonly seconds: number
  readonly facts?: RoundOutcome['facts']
}

/** A process that does the work when told to, and rests otherwise. */
export class Contender {
  /** What it says of itself. */
  about: Readonly<Record<string, string | number>> = {}
  readonly #name: string
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #complaints = ''

  private constructor({ name, program, args, environment }: ContenderCommand) {
    this.#name = name
    this.#child = spawn(program, args, { env: { ...process.env, ...environment } })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-3000)
    })
    this.#child.stdin!.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  static async start(command: ContenderCommand): Promise<Contender> {
    const contender = new Contender(command)
    contender.about = await contender.#answer()
    return contender
  }

  async round(options: RoundOptions): Promise<ContenderRound> {
    this.#child.stdin!.write(`${JSON.stringify(options)}\n`)
    return await this.#answer()
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.#child.once('close', resolve))
    this.#child.stdin!.end()
    if (this.#child.exitCode === null) await ended
  }

  async #answer<Answer>(): Promise<Answer> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`the contender ${this.#name} ended; it said:\n${this.#complaints}`)
    return JSON.parse(value)
  }
}
