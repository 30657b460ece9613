import { expect, test } from 'vitest'
import { conversationOf, turnsOfLine } from './conversation.ts'

const user = { role: 'user', content: 'a' } as const
const assistant = { role: 'assistant', content: 'b' } as const

test('a log of messages has a turn for each answer, with what stands before it', () => {
  const messages = [{ role: 'developer', content: [{ type: 'text', text: 's' }] }, user, assistant, user, assistant]
  expect(turnsOfLine({ messages, model: 'x' })).toEqual([
    { messages: [{ role: 'system', content: 's' }, user], response: 'b' },
    { messages: [{ role: 'system', content: 's' }, user, assistant, user], response: 'b' },
  ])
})

test('a log of requests and responses has one turn a line', () => {
  const line = { request: { messages: [user] }, response: { choices: [{ message: { content: 'c' } }] } }
  expect(turnsOfLine(line)).toEqual([{ messages: [user], response: 'c' }])
})

test.each([null, 3, {}, { messages: [] }, { messages: [{ role: 'tool', content: 'x' }] }])('%j has none', line => {
  expect(turnsOfLine(line)).toEqual([])
})

test('a streamed answer is put together, whatever else is in the stream', () => {
  const delta = (content: string, index = 0) =>
    `data: ${JSON.stringify({ choices: [{ index, delta: { content } }] })}\n\n`
  const stream = `: note\n\n${delta('a')}${delta('other', 1)}data: {broken\n\n${delta('b')}data: [DONE]\n\n`
  expect(conversationOf({ messages: [user] }, stream)).toEqual({ messages: [user], response: 'ab' })
  expect(conversationOf({ messages: [user] }, 'data: [DONE]')).toBeUndefined()
})
