import { type RowColumns, RowFault } from './dataset-row.ts'
import { isObject, type JsonValue } from './json-value.ts'

/** One turn of a row's conversation. */
export interface TrainingMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What a row would train a model on. */
export interface TrainingRow {
  /** Its own id, where it has one. */
  readonly id: string | undefined
  readonly messages: readonly TrainingMessage[]
  /** The messages that are trained on: the assistant's, those without text left out. At least one. */
  readonly responses: readonly number[]
}

/** Where the conversation stands in a row. */
export type RowShape =
  | { readonly kind: 'messages'; readonly column: string }
  | { readonly kind: 'conversations'; readonly column: string }
  | { readonly kind: 'pair'; readonly prompt: string; readonly response: string; readonly system?: string }
  | { readonly kind: 'instruction'; readonly instruction: string; readonly input?: string; readonly output: string }

export interface NamedColumns {
  readonly promptColumn?: string
  readonly responseColumn?: string
}

const promptNames = ['prompt', 'question', 'query']
const responseNames = ['answer', 'response', 'completion']

/** The shape that a row's columns have, unless columns are named; undefined where it is none that is known. */
export function shapeOf(columns: RowColumns, named: NamedColumns = {}): RowShape | undefined {
  const has = (name: string) => name in columns
  const system = has('system') ? { system: 'system' } : {}
  const prompt = named.promptColumn ?? promptNames.find(has)
  const response = named.responseColumn ?? responseNames.find(has)
  if (named.promptColumn !== undefined || named.responseColumn !== undefined)
    return prompt !== undefined && response !== undefined && has(prompt) && has(response)
      ? { kind: 'pair', prompt, response, ...system }
      : undefined
  if (has('messages')) return { kind: 'messages', column: 'messages' }
  if (has('conversations')) return { kind: 'conversations', column: 'conversations' }
  if (has('conversation')) return { kind: 'conversations', column: 'conversation' }
  if (has('instruction') && has('output'))
    return {
      kind: 'instruction',
      instruction: 'instruction',
      output: 'output',
      ...(has('input') && { input: 'input' }),
    }
  return prompt !== undefined && response !== undefined ? { kind: 'pair', prompt, response, ...system } : undefined
}

/** A shape in words, for example "prompt + answer". */
export function describeShape(shape: RowShape): string {
  switch (shape.kind) {
    case 'messages':
    case 'conversations':
      return shape.column
    case 'pair':
      return `${shape.system === undefined ? '' : `${shape.system} + `}${shape.prompt} + ${shape.response}`
    case 'instruction':
      return `${shape.instruction}${shape.input === undefined ? '' : ` (+ ${shape.input})`} + ${shape.output}`
  }
}

/** The conversation of a row. Throws RowFault. */
export function trainingRow(columns: RowColumns, shape: RowShape, idColumn = 'id'): TrainingRow {
  const messages = messagesOf(columns, shape)
  const responses = messages.flatMap(({ role, content }, index) =>
    role === 'assistant' && content.trim() !== '' ? [index] : [],
  )
  if (responses.length === 0) {
    const isEmpty = messages.some(({ role }) => role === 'assistant')
    throw new RowFault(isEmpty ? 'has an empty response' : 'has no response')
  }
  // A template needs something to answer to.
  if (!messages.slice(0, responses[0]).some(({ role }) => role === 'user')) throw new RowFault('has no prompt')
  return { id: plainText(columns[idColumn]), messages, responses }
}

/** A value of a single column as text; undefined where it is none, or no plain value. */
export function plainText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

function messagesOf(columns: RowColumns, shape: RowShape): TrainingMessage[] {
  switch (shape.kind) {
    case 'messages':
    case 'conversations':
      return turnsOf(columns, shape.column)
    case 'pair':
      return exchange(columns, shape.system, textIn(columns, shape.prompt), shape.response)
    case 'instruction': {
      const input = shape.input === undefined ? '' : (plainText(columns[shape.input]) ?? '')
      const instruction = textIn(columns, shape.instruction)
      return exchange(
        columns,
        undefined,
        input.trim() === '' ? instruction : `${instruction}\n\n${input}`,
        shape.output,
      )
    }
  }
}

function exchange(
  columns: RowColumns,
  system: string | undefined,
  prompt: string,
  response: string,
): TrainingMessage[] {
  const context = system === undefined ? undefined : plainText(columns[system])
  if (prompt.trim() === '') throw new RowFault('has an empty prompt')
  return [
    ...(context === undefined || context.trim() === '' ? [] : [{ role: 'system', content: context } as const]),
    { role: 'user', content: prompt },
    { role: 'assistant', content: textIn(columns, response) },
  ]
}

function textIn(columns: RowColumns, name: string): string {
  const text = plainText(columns[name])
  if (text === undefined) throw new RowFault(name in columns ? `has no text in ${name}` : `has no column ${name}`)
  return text
}

/** As OpenAI writes turns (role, content) or as ShareGPT does (from, value). In CSV they are JSON in a cell. */
function turnsOf(columns: RowColumns, name: string): TrainingMessage[] {
  const turns = parsed(columns[name])
  if (!Array.isArray(turns)) throw new RowFault(`has no list of turns in ${name}`)
  return turns.map(turn => {
    if (!isObject(turn)) throw new RowFault('has a turn that is no object')
    const role = roleOf(turn['role'] ?? turn['from'])
    const content = contentOf(turn['content'] ?? turn['value'])
    return { role, content }
  })
}

function parsed(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value) as JsonValue
  } catch {
    return undefined
  }
}

const roles: Readonly<Record<string, TrainingMessage['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  bot: 'assistant',
  chatgpt: 'assistant',
}

function roleOf(value: JsonValue | undefined): TrainingMessage['role'] {
  const role = typeof value === 'string' && Object.hasOwn(roles, value.toLowerCase()) && roles[value.toLowerCase()]
  if (!role) throw new RowFault('has a turn of an unknown role')
  return role
}

/** A text, or parts of which all are text. */
function contentOf(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value
  // What an assistant that only calls tools says.
  if (value === null || value === undefined) return ''
  if (!Array.isArray(value)) throw new RowFault('has a turn that is no text')
  return value
    .map(part => {
      if (!isObject(part) || typeof part['text'] !== 'string') throw new RowFault('has a turn that is no text')
      return part['text']
    })
    .join('')
}
