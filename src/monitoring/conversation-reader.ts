import type { Engine, RequestOptions } from '../engine/contract/engine.ts'
import type { Conversation } from './conversation.ts'
import { probeOf, readAnswer } from './read-answer.ts'
import type { TurnRecord } from './turn-record.ts'
import type { WatchedTrait } from './watched-trait.ts'

/** Reads answers that somebody else wrote: one pass of the model over the conversation. */
export class ConversationReader {
  readonly #engine: Engine
  readonly #watched: readonly WatchedTrait[]

  constructor(engine: Engine, watched: readonly WatchedTrait[]) {
    this.#engine = engine
    this.#watched = watched
  }

  /** @throws what the engine throws */
  async read(
    { messages, response }: Conversation,
    turn: Pick<TurnRecord, 'id' | 'createdAt' | 'source'>,
    options: RequestOptions = {},
  ): Promise<TurnRecord> {
    const { model } = this.#engine
    const prompt = { messages }
    const capture = { layers: [], probes: this.#watched.map(probeOf) }
    const result = await this.#engine.forward({ prompt, response, capture }, options)
    const readings = readAnswer(this.#watched, result.activations?.readings ?? [])
    return {
      ...turn,
      model: model.id,
      modelFileHash: model.fileHash,
      promptTokens: result.promptTokens,
      responseTokens: result.responseTokens.length,
      steering: [],
      readings: Object.fromEntries(
        Object.entries(readings).map(([name, { tokens: _, ...summary }]) => [name, summary]),
      ),
      // A calibration is of answers the model wrote itself: of another's it says nothing.
      expectedScores: {},
      text: { prompt: messages.map(({ role, content }) => `${role}: ${content}`).join('\n'), response },
    }
  }
}
