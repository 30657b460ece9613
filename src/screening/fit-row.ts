import type { ChatMessage } from '../chat/message.ts'
import { RowFault } from '../dataset/dataset-row.ts'
import type { TrainingRow } from '../dataset/training-row.ts'
import type { Engine } from '../engine/contract/engine.ts'

/** A response with what stands before it, short enough for the model. */
export interface FittedResponse {
  /** Which message of the row it is. */
  readonly turn: number
  readonly prompt: readonly ChatMessage[]
  readonly response: string
  /** How many tokens fit behind the prompt, at least. */
  readonly room: number
  /** The length of both. */
  readonly characters: number
}

export interface FittedRow {
  /** At least one. */
  readonly responses: readonly FittedResponse[]
  /** Whether responses were cut or, where their prompt is too long, left out. */
  readonly cut: boolean
}

/** Hardly any token is longer. Text beyond what the context could hold of such is cut before it is looked at. */
const longestToken = 64
/** What a chat template adds to a message, at most, in tokens. */
const templateTokens = 32

/** More characters than this no context of the model holds. */
export function longestText({ model }: Engine): number {
  return model.contextTokens * longestToken
}

/**
 * The responses of a row as they are read: at most `maxTokens` tokens each, and no more than the context holds with
 * the prompt.
 * @throws RowFault where not even the first prompt fits
 */
export async function fitRow(engine: Engine, row: TrainingRow, maxTokens: number | undefined): Promise<FittedRow> {
  const { contextTokens } = engine.model
  const responses: FittedResponse[] = []
  let cut = false
  for (const turn of row.responses) {
    const prompt = row.messages.slice(0, turn)
    const room = await roomAfter(engine, prompt)
    if (room < 1) {
      if (responses.length === 0)
        throw new RowFault(`has a prompt that the context of ${contextTokens} tokens cannot hold`)
      return { responses, cut: true }
    }
    const whole = row.messages[turn]!.content
    const response = await cutResponse(engine, whole, Math.min(room, maxTokens ?? room))
    if (response !== whole) cut = true
    responses.push({ turn, prompt, response, room, characters: charactersOf(prompt) + response.length })
  }
  return { responses, cut }
}

/** How many tokens fit behind a prompt; counted only where it may be few. */
async function roomAfter(engine: Engine, prompt: readonly ChatMessage[]): Promise<number> {
  const { contextTokens } = engine.model
  const characters = charactersOf(prompt)
  // A prompt the template refuses is found when all are read.
  const mostTokens = byteLength(prompt) + templateTokens * (prompt.length + 2)
  if (mostTokens < contextTokens / 2) return contextTokens - mostTokens
  if (characters > longestText(engine)) return 0
  const { tokens } = await engine.renderPrompt({ messages: prompt })
  return contextTokens - tokens.length
}

async function cutResponse(engine: Engine, text: string, mostTokens: number): Promise<string> {
  // A token has at least one byte.
  if (text.length <= mostTokens && Buffer.byteLength(text) <= mostTokens) return text
  const short = copied(text.slice(0, mostTokens * longestToken))
  const tokens = await engine.tokenize(short)
  if (tokens.length <= mostTokens) return short.length < text.length ? short : text
  const cut = await engine.detokenize(tokens.slice(0, mostTokens))
  // The cut may go through a character.
  return cut.replace(/\ufffd+$/, '')
}

/** A text of its own, so that the long one it was cut from can be forgotten. */
function copied(text: string): string {
  return Buffer.from(text).toString()
}

function charactersOf(prompt: readonly ChatMessage[]): number {
  return prompt.reduce((sum, { content }) => sum + content.length, 0)
}

function byteLength(prompt: readonly ChatMessage[]): number {
  return prompt.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0)
}
