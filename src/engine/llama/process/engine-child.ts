import { type ChildProcess, fork } from 'node:child_process'
import { PersonascopeError } from '../../../errors/personascope-error.ts'
import { lastWords } from './last-words.ts'
import type { FromEngine, OpenOptions, ToEngine } from './protocol.ts'

export interface EngineChildListener {
  onMessage(message: FromEngine): void
  /** The process ended without being asked to. */
  onCrash(error: PersonascopeError): void
}

/** How much of the process's standard error is kept to explain its end. */
const keptOutput = 16_384

/** One life of the engine process: from its start to its end. */
export class EngineChild {
  readonly #process: ChildProcess
  readonly #listener: EngineChildListener
  #output = ''
  #closing = false
  readonly #exit: Promise<void>

  constructor(listener: EngineChildListener) {
    this.#listener = listener
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    this.#process = fork(new URL(`./engine-process.${extension}`, import.meta.url), {
      // The default serialization would turn a Float32Array into an object.
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--no-warnings'],
    })
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-keptOutput)
    })
    this.#process.on('message', (message: FromEngine) => listener.onMessage(message))
    this.#process.on('error', () => {})
    this.#exit = new Promise(resolve => {
      this.#process.once('close', (code, signal) => {
        if (!this.#closing) this.#listener.onCrash(this.#crash(code, signal))
        resolve()
      })
    })
  }

  get processId(): number | undefined {
    return this.#process.pid
  }

  /** The last lines llama.cpp printed. */
  get output(): string {
    return this.#output
  }

  send(message: ToEngine): void {
    if (this.#process.connected) this.#process.send(message)
  }

  /** Opens a model; the answer comes as a message. */
  open(options: OpenOptions): void {
    this.send({ type: 'open', options })
  }

  /** Ends the process; by force if it has not ended by itself within the time given. */
  async close(graceMs = 5000): Promise<void> {
    this.#closing = true
    this.send({ type: 'close' })
    const force = setTimeout(() => this.#process.kill('SIGKILL'), graceMs)
    await this.#exit
    clearTimeout(force)
  }

  #crash(code: number | null, signal: string | null): PersonascopeError {
    const ending = signal ? `signal ${signal}` : `exit code ${code}`
    const said = lastWords(this.#output)
    return new PersonascopeError('ENGINE_CRASHED', { detail: said ? `${ending}; it said: ${said}` : ending })
  }
}
