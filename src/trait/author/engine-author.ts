import type { Engine } from '../../engine/contract/engine.ts'
import { jsonSchemaToGrammar } from '../../engine/grammar/json-schema-grammar.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import type { AuthorCall, AuthorModel } from './author-model.ts'

/** Below this many parameters a model loses the thread in a list of pairs. */
const ableParameters = 3e9
/** Enough for twenty questions of 160 characters. */
const maxTokens = 1600

/** The model in use as the author, held to the form of the answer by a grammar. */
export class EngineAuthor implements AuthorModel {
  readonly id: string
  readonly needsSmallSteps: boolean
  readonly settings: Readonly<Record<string, string | number>>
  readonly #engine: Engine

  constructor(engine: Engine) {
    const { id, fileHash, chatTemplate, parameterCount } = engine.model
    this.needsSmallSteps = parameterCount < ableParameters
    this.#engine = engine
    this.id = `engine#${id}`
    this.settings = {
      engine: `${engine.info.name} ${engine.info.version}`,
      fileHash,
      template: chatTemplate?.hash ?? '',
      temperature: 0.7,
      maxTokens,
    }
  }

  /** The engine takes turns by itself. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    return await work()
  }

  async ask({ messages, form, seed }: AuthorCall, signal?: AbortSignal): Promise<string> {
    try {
      const request = {
        prompt: { messages },
        maxTokens,
        sampling: { temperature: 0.7, topP: 0.95, seed },
        grammar: jsonSchemaToGrammar(form.schema),
      }
      const [result] = await this.#engine.generateAll([request], signal ? { signal } : {})
      return result!.text
    } catch (error) {
      throw signal?.aborted ? new PersonascopeError('INTERRUPTED', {}, { cause: error }) : error
    }
  }
}
