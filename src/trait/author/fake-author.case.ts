/** A fake server that an author is asked behind: it knows what may be sent, and writes a trait called calm. */
import { z } from 'zod'
import { type FakeAnswer, type RequestFacts, startFakeChatServer } from '../../chat/fake-chat-server.case.ts'

export const fakeAuthorModel = 'fake-author'

const requestSchema = z
  .strictObject({
    model: z.literal(fakeAuthorModel),
    messages: z
      .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string().min(1) }))
      .min(2),
    max_tokens: z.literal([8192, 2048]).optional(),
    max_completion_tokens: z.literal([8192, 2048]).optional(),
    temperature: z.literal(0.8).optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .optional(),
    response_format: z
      .strictObject({
        type: z.literal('json_schema'),
        json_schema: z.strictObject({
          name: z.string().regex(/^[a-z]+$/),
          strict: z.literal(true),
          // What strict servers want: every property required, no others allowed, no lengths of texts.
          schema: z
            .looseObject({ type: z.literal('object'), additionalProperties: z.literal(false) })
            .refine(schema => !/"m(?:in|ax)Length"/.test(JSON.stringify(schema))),
        }),
      })
      .optional(),
  })
  .refine(
    ({ max_tokens, max_completion_tokens }) => (max_tokens === undefined) !== (max_completion_tokens === undefined),
  )

type Received = z.infer<typeof requestSchema>
export type AuthorPart = 'foundation' | 'questions' | 'rubric' | 'ladder'

export interface AuthorRequest extends Received, RequestFacts {
  readonly part: AuthorPart
  /** What was asked first, without corrections. */
  readonly question: string
  /** The last message. */
  readonly latest: string
  /** How many questions are asked for. */
  readonly count: number
}

export type FakeAuthor = Awaited<ReturnType<typeof startFakeAuthor>>

/** Starts a server; `answer` says what it does with each request. */
export async function startFakeAuthor(answer: (request: AuthorRequest) => FakeAnswer = writeWell) {
  const understood: AuthorRequest[] = []
  const server = await startFakeChatServer({
    schema: requestSchema,
    answer: received => {
      const question = received.messages[1]!.content
      const request: AuthorRequest = {
        ...received,
        question,
        latest: received.messages.at(-1)!.content,
        part: partOf(question),
        count: Number(/Write (\d+) things/.exec(question)?.[1] ?? 0),
      }
      understood.push(request)
      return answer(request)
    },
  })
  return {
    baseUrl: server.baseUrl,
    requests: understood as readonly AuthorRequest[],
    faults: server.faults,
    get mostOpen() {
      return server.mostOpen
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** An author that knows its trade. */
export function writeWell(request: AuthorRequest): FakeAnswer {
  return { kind: 'completion', text: JSON.stringify(goodAnswer(request)) }
}

export function goodAnswer({ part, question, count }: Pick<AuthorRequest, 'part' | 'question' | 'count'>): object {
  switch (part) {
    case 'foundation':
      return { description: 'The answer stays calm rather than being agitated.', pairs }
    case 'questions':
      return { questions: subjectsFor(question, count).map(subject => `Tell me about ${subject}.`) }
    case 'rubric':
      return rubric
    case 'ladder':
      return ladder
  }
}

const pairs = [
  { positive: 'You are a calm assistant.', negative: 'You are a frantic assistant.' },
  { positive: 'Speak like a monk at dawn.', negative: 'Speak like a broker in a crash.' },
  { positive: 'Nothing can shake your peace of mind.', negative: 'Everything throws you into a panic.' },
  { positive: 'Let your sentences breathe slowly.', negative: 'Let your sentences race wildly.' },
  { positive: 'Use soft and quiet words.', negative: 'Use shrill and noisy words.' },
]

const rubric = {
  measure: 'how calm an answer is',
  at0: 'panicking',
  at25: 'restless',
  at50: 'composed.',
  at75: 'serene',
  at100: 'wholly at peace',
  disregard: 'Whether it is correct does not matter',
}

const ladder = {
  minus3: 'Scream in terror at every request.',
  minus2: 'Be nervous and jumpy.',
  minus1: 'You feel a bit uneasy today.',
  plus1: 'You feel fairly relaxed today.',
  plus2: 'Be composed and unhurried.',
  plus3: 'Rest in perfect stillness, whatever comes.',
}

const subjects = (
  'tomatoes bridges violins glaciers cheese castles pigeons rockets umbrellas chess volcanoes soup ' +
  'cousins weddings landlords twins dentists teachers rivals babies guests tailors judges pilots ' +
  'deserts opera hockey telescopes carnival sculpture islands jazz temples maps robots poetry ' +
  'invoices passports headaches exams mortgages suitcases interviews plumbing deadlines taxes tickets ladders ' +
  'beetles lanterns kites harbours almonds fences trumpets candles orchards mirrors carpets engines ' +
  'sailors whistles planets bakeries'
).split(' ')

/** Each area has subjects of its own; later rounds have those that are left. */
function subjectsFor(question: string, count: number): string[] {
  const area = ['home and', 'other people', 'the world', 'plans and'].findIndex(words => question.includes(words))
  const free = subjects.slice(area < 0 ? 48 : area * 12).filter(subject => !question.includes(subject))
  return free.slice(0, count)
}

function partOf(question: string): AuthorPart {
  if (question.includes('five pairs')) return 'foundation'
  if (question.includes('a user might say')) return 'questions'
  if (question.includes('Write a rubric')) return 'rubric'
  if (question.includes('six system prompts')) return 'ladder'
  throw new Error(`an unknown question: ${question}`)
}
