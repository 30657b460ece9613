/** A fake server that a judge is asked behind: it knows what a judge has to send, and answers like one. */
import { z } from 'zod'
import {
  type FakeAnswer,
  type FakeChatServer,
  type RequestFacts,
  startFakeChatServer,
} from '../chat/fake-chat-server.case.ts'

export type { FakeAnswer } from '../chat/fake-chat-server.case.ts'

export const fakeModel = 'fake-judge'

/** The request a judge has to send. */
const requestSchema = z
  .strictObject({
    model: z.literal(fakeModel),
    messages: z.array(z.strictObject({ role: z.enum(['system', 'user']), content: z.string().min(1) })).min(1),
    max_tokens: z.int().min(1).max(16),
    temperature: z.literal(0),
    seed: z.literal(0),
    logprobs: z.literal(true).optional(),
    top_logprobs: z.literal(20).optional(),
  })
  .refine(({ logprobs, top_logprobs }) => (logprobs === undefined) === (top_logprobs === undefined))
  .refine(({ logprobs, max_tokens }) => logprobs === undefined || max_tokens === 1)

export interface FakeRequest extends z.infer<typeof requestSchema>, RequestFacts {
  /** All messages' text. */
  readonly text: string
  readonly isProbe: boolean
}

export interface FakeOpenAi extends Omit<FakeChatServer<unknown>, 'requests'> {
  readonly requests: readonly FakeRequest[]
  /** Requests of each content, the probe left out. */
  readonly timesByText: ReadonlyMap<string, number>
}

/** Starts a server; `answer` says what it does with each request. */
export async function startFakeOpenAi(answer: (request: FakeRequest) => FakeAnswer = judgeWell): Promise<FakeOpenAi> {
  const requests: FakeRequest[] = []
  const timesByText = new Map<string, number>()
  const server = await startFakeChatServer({
    schema: requestSchema,
    answer: received => {
      const text = received.messages.map(({ content }) => content).join('\n')
      const request = { ...received, text, isProbe: text.includes('the number 57') }
      requests.push(request)
      if (!request.isProbe) timesByText.set(text, (timesByText.get(text) ?? 0) + 1)
      return answer(request)
    },
  })
  return {
    baseUrl: server.baseUrl,
    requests,
    faults: server.faults,
    timesByText,
    get mostOpen() {
      return server.mostOpen
    },
    get abandoned() {
      return server.abandoned
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** A judge that knows its trade: sure of a number that depends on what it is asked, and a little of its neighbours. */
export function judgeWell(request: FakeRequest): FakeAnswer {
  const value = request.isProbe ? 57 : numberFor(request.text)
  const text = String(value)
  if (!request.logprobs) return { kind: 'completion', text }
  return { kind: 'completion', text, top: { [text]: 0.8, [String(value + 1)]: 0.1, The: 0.1 } }
}

/** The same number for the same text, 0..98. */
export function numberFor(text: string): number {
  let hash = 7
  for (const character of text) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003
  return hash % 99
}

/** The mean that `judgeWell` gives for a text. */
export function expectedValue(text: string): number {
  return numberFor(text) + 0.1 / 0.9
}
