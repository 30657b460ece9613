import type { ChatMessage } from '../chat/message.ts'
import { RowFault } from '../dataset/dataset-row.ts'
import type { TrainingRow } from '../dataset/training-row.ts'
import type { Engine } from '../engine/contract/engine.ts'
import type { ForwardResult } from '../engine/contract/forward.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { dot, norm } from '../numeric/vector-math.ts'
import { sha256 } from '../store/hash.ts'
import { type FittedResponse, type FittedRow, fitRow } from './fit-row.ts'
import type { TraitScores } from './row-scores.ts'

/** A trait with its direction, [d]. */
export interface ScoringTrait {
  readonly layer: Layer
  readonly direction: Float32Array
  /** Directions of length 1 that rows are projected on too, as a control. */
  readonly randomDirections?: readonly Float32Array[]
}

export interface ScoringOptions {
  readonly traits: readonly ScoringTrait[]
  readonly maxTokens?: number | undefined
  /** The most tokens of an answer of the model's own; absent: none are asked for. */
  readonly ownAnswerTokens?: number | undefined
  /** Own answers known so far, by prompt; new ones are added. */
  readonly ownAnswers: Map<string, readonly number[] | null>
  /** Also project the first so many tokens of each response, for each of these lengths. */
  readonly beginnings?: readonly number[] | undefined
  /** Hears of every response that was read. */
  readonly onResponse?: (tokens: number) => void
  readonly signal?: AbortSignal | undefined
}

/** What came of a row: its scores, or why it has none. */
export type PartResult =
  | {
      readonly kind: 'scored'
      readonly tokens: number
      readonly cut: boolean
      readonly scores: TraitScores[]
      /** [lengths, traits] */
      readonly beginnings?: number[][]
    }
  | { readonly kind: 'fault'; readonly fault: string }

interface Item extends FittedResponse {
  /** The row's place in the part. */
  readonly row: number
}

/**
 * Scores the rows of a part, all traits in one pass that ends after the deepest layer. What is read together is a
 * function of the rows and the settings alone.
 * @returns in the order of the rows
 * @throws what the engine throws
 */
export async function scorePart(
  engine: Engine,
  rows: readonly TrainingRow[],
  options: ScoringOptions,
): Promise<PartResult[]> {
  const faults = new Map<number, string>()
  // Asked for together: each answer of a busy engine takes its time.
  const fitted = await Promise.all(
    rows.map((row, index) =>
      fitRow(engine, row, options.maxTokens).catch((error: unknown): FittedRow => {
        if (!(error instanceof RowFault)) throw error
        faults.set(index, error.message)
        return { responses: [], cut: false }
      }),
    ),
  )
  // Alike lengths side by side fill the engine best.
  const items = fitted
    .flatMap(({ responses }, row) => responses.map((response): Item => ({ ...response, row })))
    .sort((a, b) => a.characters - b.characters || a.row - b.row)
  const read = await readItems(engine, items, faults, options)
  const own = await answerItems(
    engine,
    read.map(({ item }) => item),
    options,
  )
  const byRow = Map.groupBy(read, ({ item }) => item.row)
  return rows.map((_, row): PartResult => {
    const fault = faults.get(row)
    if (fault !== undefined) return { kind: 'fault', fault }
    const parts = (byRow.get(row) ?? []).toSorted((a, b) => a.item.turn - b.item.turn)
    const withTokens = parts.filter(({ result }) => result.activations?.responseMean)
    if (withTokens.length === 0) return { kind: 'fault', fault: 'has a response without a token' }
    const tokens = withTokens.reduce((sum, { result }) => sum + result.responseTokens.length, 0)
    const scores = options.traits.map((trait, index) => scoresOf(trait, index, withTokens, tokens, own))
    const beginnings = options.beginnings?.map(length =>
      options.traits.map((_, trait) => beginningOf(withTokens, trait, length)),
    )
    return { kind: 'scored', tokens, cut: fitted[row]!.cut, scores, ...(beginnings && { beginnings }) }
  })
}

interface ReadItem {
  readonly item: Item
  readonly result: ForwardResult
}

async function readItems(
  engine: Engine,
  items: readonly Item[],
  faults: Map<number, string>,
  options: Pick<ScoringOptions, 'traits' | 'beginnings' | 'onResponse' | 'signal'>,
): Promise<ReadItem[]> {
  const { traits, beginnings, onResponse = () => {}, signal } = options
  const probes = beginnings && traits.map(({ layer, direction }, index) => ({ name: String(index), layer, direction }))
  const layers = layersOf(traits)
  const requests = items.map(({ prompt, response }) => ({
    prompt: { messages: prompt },
    response,
    capture: { layers, responseMean: true, ...(probes && { probes }) },
  }))
  try {
    const results = await engine.forwardAll(requests, {
      ...(signal && { signal }),
      onResult: (_, { responseTokens }) => onResponse(responseTokens.length),
    })
    return results.map((result, index) => ({ item: items[index]!, result }))
  } catch (error) {
    if (!PersonascopeError.is(error) || !rowErrors.has(error.code)) throw error
    // Nothing was read yet: requests are checked first. The rows at fault are found one by one and left out.
    const wrong = await findRefused(engine, items)
    if (wrong.size === 0) throw error
    for (const [row, fault] of wrong) faults.set(row, fault)
    const rest = items.filter(({ row }) => !wrong.has(row))
    return await readItems(engine, rest, faults, options)
  }
}

const rowErrors = new Set(['CHAT_TEMPLATE_FAILED', 'PROMPT_TOO_LONG', 'PROMPT_EMPTY'])

/** The rows whose prompts the model's template refuses, or that do not fit, each with the reason. */
async function findRefused(engine: Engine, items: readonly Item[]): Promise<Map<number, string>> {
  const refused = new Map<number, string>()
  for (const { row, prompt, response } of items) {
    try {
      const [{ tokens }, answer] = await Promise.all([
        engine.renderPrompt({ messages: prompt }),
        engine.tokenize(response),
      ])
      if (tokens.length + answer.length > engine.model.contextTokens) refused.set(row, 'does not fit into the context')
    } catch (error) {
      if (!PersonascopeError.is(error) || !rowErrors.has(error.code)) throw error
      refused.set(row, 'is refused by the chat template of the model')
    }
  }
  return refused
}

/** The model's own answers to the prompts of these items, each prompt asked once. By prompt key. */
async function answerItems(
  engine: Engine,
  items: readonly Item[],
  { traits, ownAnswerTokens, ownAnswers, signal }: ScoringOptions,
): Promise<ReadonlyMap<string, readonly number[] | null> | undefined> {
  if (ownAnswerTokens === undefined) return undefined
  const wanted = new Map<string, Item>()
  for (const item of items) {
    const key = promptKey(item.prompt)
    if (!ownAnswers.has(key)) wanted.set(key, item)
  }
  const layers = layersOf(traits)
  const keys = [...wanted.keys()]
  const results = await engine.generateAll(
    [...wanted.values()].map(({ prompt, room }) => ({
      prompt: { messages: prompt },
      maxTokens: Math.min(ownAnswerTokens, room),
      sampling: { temperature: 0 },
      ...(engine.model.chatTemplate?.thinking === 'always' && { answerAfter: '</think>' }),
      capture: { layers, responseMean: true },
    })),
    signal ? { signal } : {},
  )
  results.forEach(({ activations }, index) => {
    const mean = activations?.responseMean
    const projections = mean
      ? traits.map(trait => {
          const row = rowAt(mean, activations.layers, trait.layer)
          return dot(row, trait.direction) / norm(trait.direction)
        })
      : null
    ownAnswers.set(keys[index]!, projections)
  })
  return ownAnswers
}

/** A prompt in short. */
export function promptKey(prompt: readonly ChatMessage[]): string {
  return sha256(JSON.stringify(prompt.map(({ role, content }) => [role, content]))).slice(0, 32)
}

function scoresOf(
  { layer, direction, randomDirections }: ScoringTrait,
  index: number,
  parts: readonly ReadItem[],
  tokens: number,
  own: ReadonlyMap<string, readonly number[] | null> | undefined,
): TraitScores {
  const length = norm(direction)
  const sum = new Float64Array(direction.length)
  const turns: number[] = []
  let ownSum = 0
  let hasOwn = own !== undefined
  for (const { item, result } of parts) {
    const row = rowAt(result.activations!.responseMean!, result.activations!.layers, layer)
    const share = result.responseTokens.length / tokens
    for (let i = 0; i < sum.length; i++) sum[i]! += share * row[i]!
    turns.push(dot(row, direction) / length)
    const answer = own?.get(promptKey(item.prompt))
    if (answer) ownSum += share * answer[index]!
    else hasOwn = false
  }
  let along = 0
  let squares = 0
  for (let i = 0; i < sum.length; i++) {
    along += sum[i]! * direction[i]!
    squares += sum[i]! * sum[i]!
  }
  const projection = along / length
  return {
    projection,
    max: Math.max(...turns),
    cosine: squares > 0 ? projection / Math.sqrt(squares) : 0,
    ...(hasOwn && { difference: projection - ownSum }),
    turns,
    // Six digits are enough to rank rows by, and keep the parts small.
    ...(randomDirections && { random: randomDirections.map(of => Number(dot(sum, of).toPrecision(6))) }),
  }
}

/** The projection on a trait of the first `length` tokens of each response. */
function beginningOf(parts: readonly ReadItem[], trait: number, length: number): number {
  let sum = 0
  let tokens = 0
  for (const { result } of parts) {
    const readings = result.activations!.readings[trait]!.response.subarray(0, length)
    for (const reading of readings) sum += reading
    tokens += readings.length
  }
  return sum / tokens
}

function layersOf(traits: readonly ScoringTrait[]): Layer[] {
  return [...new Set(traits.map(({ layer }) => layer))].sort((a, b) => a - b)
}

function rowAt(matrix: Float32Array, layers: readonly Layer[], layer: Layer): Float32Array {
  const size = matrix.length / layers.length
  const at = layers.indexOf(layer)
  return matrix.subarray(at * size, (at + 1) * size)
}
