import { RowFault } from '../dataset/dataset-row.ts'
import type { TrainingRow } from '../dataset/training-row.ts'
import type { Engine } from '../engine/contract/engine.ts'
import type { TokenId } from '../engine/contract/prompt.ts'
import { type FittedResponse, fitRow } from './fit-row.ts'
import type { ScoringTrait } from './score-part.ts'

/** The shortest run of tokens that is text: one, or as many as a character takes. */
export interface TextPiece {
  readonly text: string
  /** h.v/|v|, the mean over its tokens, in the order of the traits. */
  readonly projections: readonly number[]
}

/** The beginning of a row's responses as the model reads it. */
export interface RowTokens {
  readonly responses: readonly (readonly TextPiece[])[]
  /** Whether this is all of them. */
  readonly isWhole: boolean
}

export interface RowTokensOptions {
  readonly traits: readonly ScoringTrait[]
  /** The most tokens of a response that were scored. */
  readonly maxTokens?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The most tokens of a row that people are shown, and of how many responses. */
const shownTokens = 240
const shownResponses = 6

/**
 * Reads rows once more, token by token: as they were scored, up to as much as people are shown. All traits in one pass.
 * @returns in the order of the rows; undefined for one that cannot be read
 * @throws what the engine throws
 */
export async function readRowTokens(
  engine: Engine,
  rows: readonly TrainingRow[],
  { traits, maxTokens = shownTokens, signal }: RowTokensOptions,
): Promise<(RowTokens | undefined)[]> {
  const fitted = []
  for (const row of rows) fitted.push(await beginningOf(engine, row, Math.min(maxTokens, shownTokens)))
  const probes = traits.map(({ layer, direction }, index) => ({ name: String(index), layer, direction }))
  const requests = fitted.flatMap(row =>
    (row?.responses ?? []).map(({ prompt, response }) => ({
      prompt: { messages: prompt },
      response,
      capture: { layers: [], probes },
    })),
  )
  const results = await engine.forwardAll(requests, signal ? { signal } : {})
  const detokenize = rememberedTexts(engine)
  let next = 0
  const read: (RowTokens | undefined)[] = []
  for (const row of fitted) {
    if (!row) {
      read.push(undefined)
      continue
    }
    const responses: TextPiece[][] = []
    for (const { response } of row.responses) {
      const { responseTokens, activations } = results[next++]!
      const readings = activations?.readings ?? []
      const groups = await groupTokens(response, responseTokens, detokenize)
      responses.push(
        groups.map(({ text, from, to }) => ({
          text,
          projections: readings.map(({ response: values }) => meanOf(values.subarray(from, to))),
        })),
      )
    }
    read.push({ responses, isWhole: row.isWhole })
  }
  return read
}

interface Beginning {
  readonly responses: readonly FittedResponse[]
  readonly isWhole: boolean
}

async function beginningOf(engine: Engine, row: TrainingRow, mostTokens: number): Promise<Beginning | undefined> {
  const few = { ...row, responses: row.responses.slice(0, shownResponses) }
  try {
    const { responses, cut } = await fitRow(engine, few, mostTokens)
    let left = mostTokens
    const shown: FittedResponse[] = []
    for (const response of responses) {
      if (left <= 0) break
      shown.push(response)
      left -= (await engine.tokenize(response.response)).length
    }
    return { responses: shown, isWhole: !cut && shown.length === row.responses.length }
  } catch (error) {
    if (!(error instanceof RowFault)) throw error
    return undefined
  }
}

type Detokenize = (tokens: readonly TokenId[]) => Promise<string>

/** Single tokens come again and again. */
function rememberedTexts(engine: Engine): Detokenize {
  const known = new Map<TokenId, string>()
  return async tokens => {
    const [first] = tokens
    if (tokens.length > 1 || first === undefined) return await engine.detokenize(tokens)
    const text = known.get(first) ?? (await engine.detokenize(tokens))
    known.set(first, text)
    return text
  }
}

/** A part of a text, and its tokens: `from` to before `to`. */
export interface TokenGroup {
  readonly text: string
  readonly from: number
  readonly to: number
}

/** More tokens than this no character takes. */
const longestCharacter = 8
const brokenCharacter = '\ufffd'

/** The tokens of a text with what each stands for; tokens that are parts of one character are taken together. */
export async function groupTokens(
  text: string,
  tokens: readonly TokenId[],
  detokenize: Detokenize,
): Promise<TokenGroup[]> {
  const groups: TokenGroup[] = []
  let at = 0
  for (let from = 0; from < tokens.length; ) {
    let to = from + 1
    let piece = await detokenize(tokens.slice(from, to))
    // A broken character that stands in the text itself is whole.
    while (
      piece.includes(brokenCharacter) &&
      !text.startsWith(piece, at) &&
      to < Math.min(tokens.length, from + longestCharacter)
    )
      piece = await detokenize(tokens.slice(from, ++to))
    // Some tokenizers leave out the space before a token that stands alone.
    if (!text.startsWith(piece, at) && text.startsWith(` ${piece}`, at)) piece = ` ${piece}`
    groups.push({ text: piece, from, to })
    at += piece.length
    from = to
  }
  return groups
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
