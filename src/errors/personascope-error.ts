import { type CatalogueEntry, catalogue, type ErrorCode } from './catalogue.ts'

export type ErrorFacts = Readonly<Record<string, string | number | boolean | undefined>>

const marker = Symbol.for('personascope.error')

/**
 * An error from the catalogue. `message` is the filled-in sentence and its remedy; `facts` are the values that
 * filled it, for programs that want to react.
 */
export class PersonascopeError extends Error {
  readonly code: ErrorCode
  readonly facts: ErrorFacts
  readonly [marker] = true

  constructor(code: ErrorCode, facts: ErrorFacts = {}, options: { cause?: unknown } = {}) {
    super(`${fill(catalogue[code].message, facts)} ${fill(catalogue[code].remedy, facts)}`, options)
    this.name = 'PersonascopeError'
    this.code = code
    this.facts = facts
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code]
  }

  get exitCode(): number {
    return this.entry.exitCode
  }

  /** Works across copies of the package and across processes, where `instanceof` does not. */
  static is(value: unknown): value is PersonascopeError {
    return typeof value === 'object' && value !== null && marker in value
  }

  /** The plain object that crosses a process border; `fromMessage` makes the error again on the other side. */
  toMessage(): ErrorMessage {
    return { code: this.code, facts: this.facts }
  }

  static fromMessage(message: ErrorMessage): PersonascopeError {
    return new PersonascopeError(message.code, message.facts)
  }

  /** Any thrown value as a catalogue error; what is not one already becomes INTERNAL with its text as the detail. */
  static from(value: unknown): PersonascopeError {
    if (PersonascopeError.is(value)) return value
    return new PersonascopeError('INTERNAL', { detail: textOf(value) }, { cause: value })
  }
}

export interface ErrorMessage {
  readonly code: ErrorCode
  readonly facts: ErrorFacts
}

function fill(template: string, facts: ErrorFacts): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? ''))
}

/** What a thrown value says, without a stack trace. */
export function textOf(value: unknown): string {
  return value instanceof Error ? value.message : String(value)
}
