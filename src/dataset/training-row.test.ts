import { describe, expect, test } from 'vitest'
import type { RowColumns } from './dataset-row.ts'
import { describeShape, type NamedColumns, shapeOf, trainingRow } from './training-row.ts'

const rowOf = (columns: RowColumns, named?: NamedColumns) => trainingRow(columns, shapeOf(columns, named)!)
const exchange = [
  { role: 'user', content: 'q' },
  { role: 'assistant', content: 'a' },
]

describe('the shape of a row', () => {
  test.each([
    [{ messages: exchange }, 'messages'],
    [
      {
        conversations: [
          { from: 'human', value: 'q' },
          { from: 'gpt', value: 'a' },
        ],
      },
      'conversations',
    ],
    [{ messages: JSON.stringify(exchange) }, 'messages'],
    [{ prompt: 'q', answer: 'a' }, 'prompt + answer'],
    [{ prompt: 'q', response: 'a' }, 'prompt + response'],
    [{ prompt: 'q', completion: 'a' }, 'prompt + completion'],
    [{ instruction: 'q', input: '', output: 'a' }, 'instruction (+ input) + output'],
    [{ messages: [exchange[0]!, { role: 'assistant', content: [{ type: 'text', text: 'a' }] }] }, 'messages'],
  ])('of %j is found', (columns, words) => {
    expect(describeShape(shapeOf(columns)!)).toBe(words)
    expect(rowOf(columns).messages).toEqual(exchange)
    expect(rowOf(columns).responses).toEqual([1])
  })

  test('is what columns are named as, before any other', () => {
    const columns = { messages: [], ask: 'q', reply: 'a' }
    expect(rowOf(columns, { promptColumn: 'ask', responseColumn: 'reply' }).messages).toEqual(exchange)
    expect(shapeOf(columns, { promptColumn: 'ask', responseColumn: 'none' })).toBeUndefined()
  })

  test('is unknown where no known column is', () => {
    expect(shapeOf({ text: 'a' })).toBeUndefined()
  })

  test('puts the input of an instruction after it, and the system prompt before the prompt', () => {
    expect(rowOf({ instruction: 'q', input: 'i', output: 'a' }).messages[0]!.content).toBe('q\n\ni')
    expect(rowOf({ system: 's', prompt: 'q', answer: 'a' }).messages[0]).toEqual({ role: 'system', content: 's' })
  })
})

describe('a training row', () => {
  test('has every turn of the assistant that says something', () => {
    const messages = [...exchange, exchange[0]!, { role: 'assistant', content: ' ' }, ...exchange]
    expect(rowOf({ id: 7, messages })).toMatchObject({ id: '7', responses: [1, 5] })
  })

  test.each([
    [{ prompt: 'q', answer: ' \n' }, 'has an empty response'],
    [{ prompt: '', answer: 'a' }, 'has an empty prompt'],
    [{ prompt: 'q', answer: null }, 'has no text in answer'],
    [{ prompt: 'q', answer: { a: 1 } }, 'has no text in answer'],
    [{ messages: [exchange[0]!] }, 'has no response'],
    [{ messages: [exchange[1]!] }, 'has no prompt'],
    [{ messages: 'x' }, 'has no list of turns in messages'],
    [{ messages: [3] }, 'has a turn that is no object'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'has a turn of an unknown role'],
    [{ messages: [{ role: 'constructor', content: 'x' }] }, 'has a turn of an unknown role'],
    [{ messages: [{ role: 'user', content: [{ type: 'image' }] }] }, 'has a turn that is no text'],
  ] as const)('%j cannot be read: it %s', (columns, why) => {
    expect(() => rowOf(columns)).toThrow(why)
  })
})
