/** Conversations as OpenAI's API and its logs write them. */
import { z } from 'zod'
import type { ChatMessage } from '../chat/message.ts'

/** What was asked, and one answer to it. */
export interface Conversation {
  readonly messages: readonly ChatMessage[]
  readonly response: string
}

const messageSchema = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(z.object({ type: z.literal('text'), text: z.string() }))]),
})

const requestSchema = z.object({ messages: z.array(messageSchema).min(1) })
const answerSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
})
const chunkSchema = z.object({
  choices: z.array(z.object({ index: z.int().default(0), delta: z.object({ content: z.string().nullish() }) })),
})

/**
 * A request and the body of its answer, whole or as server-sent events; the first choice.
 * @returns undefined where it is something else, or no text was answered
 */
export function conversationOf(request: unknown, answer: string): Conversation | undefined {
  const asked = requestSchema.safeParse(request)
  if (!asked.success) return undefined
  const response = wholeAnswer(answer) ?? streamedAnswer(answer)
  return response ? { messages: asked.data.messages.map(toMessage), response } : undefined
}

/**
 * The turns of one line of a log: `{messages: [...]}` whose assistant turns are each an answer to what stands before,
 * or `{request: {messages}, response: {choices}}`.
 * @returns none where the line is something else
 */
export function turnsOfLine(line: unknown): Conversation[] {
  const pair = z.object({ request: requestSchema, response: answerSchema }).safeParse(line)
  if (pair.success) {
    const { request, response } = pair.data
    return [{ messages: request.messages.map(toMessage), response: response.choices[0]!.message.content }]
  }
  const log = requestSchema.safeParse(line)
  if (!log.success) return []
  const messages = log.data.messages.map(toMessage)
  return messages.flatMap(({ role, content }, index) =>
    role === 'assistant' && index > 0 && content !== ''
      ? [{ messages: messages.slice(0, index), response: content }]
      : [],
  )
}

function wholeAnswer(text: string): string | undefined {
  const parsed = answerSchema.safeParse(jsonOf(text))
  return parsed.success ? parsed.data.choices[0]!.message.content : undefined
}

function streamedAnswer(text: string): string {
  let answer = ''
  for (const [, data] of text.matchAll(/^data:\s*(.*)$/gm)) {
    const parsed = chunkSchema.safeParse(jsonOf(data!))
    if (!parsed.success) continue
    for (const { index, delta } of parsed.data.choices) if (index === 0) answer += delta.content ?? ''
  }
  return answer
}

function toMessage({ role, content }: z.infer<typeof messageSchema>): ChatMessage {
  const text = typeof content === 'string' ? content : content.map(part => part.text).join('')
  return { role: role === 'developer' ? 'system' : role, content: text }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
