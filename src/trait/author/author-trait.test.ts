import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { FakeAnswer } from '../../chat/fake-chat-server.case.ts'
import { checkTrait } from '../check-trait.ts'
import { traitSchema } from '../trait.ts'
import type { AuthorDeskOptions } from './author-desk.ts'
import { AuthorMemory } from './author-memory.ts'
import { authorTrait } from './author-trait.ts'
import {
  type AuthorRequest,
  type FakeAuthor,
  fakeAuthorModel,
  goodAnswer,
  startFakeAuthor,
  writeWell,
} from './fake-author.case.ts'
import { ServerAuthor, type ServerAuthorOptions } from './server-author.ts'

let directory: string
let folders = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'personascope-author-'))
})
afterAll(async () => await rm(directory, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())
const newFolder = () => join(directory, String(folders++))

const wish = { name: 'calm', describe: 'Nothing upsets it.' }

async function write(
  { baseUrl }: Pick<FakeAuthor, 'baseUrl'>,
  {
    folder = newFolder(),
    server = {},
    ...more
  }: Partial<AuthorDeskOptions> & { folder?: string; server?: Partial<ServerAuthorOptions> } = {},
) {
  const author = new ServerAuthor({ baseUrl, model: fakeAuthorModel, apiKey: '', pause: async () => {}, ...server })
  return await authorTrait(wish, { author, memory: await AuthorMemory.open(folder), seed: 0, ...more })
}

const completion = (value: unknown): FakeAnswer => ({
  kind: 'completion',
  text: typeof value === 'string' ? value : JSON.stringify(value),
})
const partsOf = ({ requests }: FakeAuthor) => requests.map(({ part }) => part).sort()
const allParts = ['foundation', 'ladder', 'questions', 'questions', 'questions', 'questions', 'rubric']

/** The first `times` requests for a part are answered otherwise. */
function troubledBy(part: AuthorRequest['part'], times: number, trouble: (request: AuthorRequest) => FakeAnswer) {
  let met = 0
  return (request: AuthorRequest) => (request.part === part && met++ < times ? trouble(request) : writeWell(request))
}

describe('writing a trait', () => {
  test('makes a whole trait without a fault, every part asked for once', async () => {
    await using server = await startFakeAuthor()
    const { trait, ...counts } = await write(server)
    expect(server.faults).toEqual([])
    expect(traitSchema.parse(trait)).toEqual(trait)
    expect(checkTrait(trait)).toEqual([])
    expect(partsOf(server)).toEqual(allParts)
    expect(counts).toEqual({ askedReplies: 7, rememberedReplies: 0, refusedQuestions: 0 })
    expect(trait.ladder.map(({ level }) => level)).toEqual([-3, -2, -1, 0, 1, 2, 3])
    expect(trait.ladder[3]!.prompt).toBe('You are a helpful assistant.')
    expect(trait.rubric).toMatch(
      /^Rate how calm an answer is, as a number from 0 to 100\.\n\n0 means panicking\. 25 means/,
    )
  })

  test('holds the server to the form of each answer', async () => {
    await using server = await startFakeAuthor()
    await write(server)
    for (const { response_format, part, count } of server.requests) {
      const { name, schema } = response_format!.json_schema
      expect(part === name || name === 'questions').toBe(true)
      if (part === 'questions')
        expect(schema['properties']).toMatchObject({ questions: { type: 'array', minItems: count, maxItems: count } })
    }
  })

  test('tells the author what the trait is, and what it wrote before', async () => {
    await using server = await startFakeAuthor()
    await write(server)
    for (const { question } of server.requests) expect(question).toContain('"calm": Nothing upsets it.')
    const ladder = server.requests.find(({ part }) => part === 'ladder')!
    expect(ladder.question).toContain('- Speak like a monk at dawn.')
  })

  test('takes an answer in a code block, after a thought, with remarks around it', async () => {
    await using server = await startFakeAuthor(request =>
      completion(
        `<think>Perhaps {"pairs": []}?</think>Here you are:\n\`\`\`json\n${JSON.stringify(goodAnswer(request), null, 2)}\n\`\`\`\nEnjoy!`,
      ),
    )
    expect(checkTrait((await write(server)).trait)).toEqual([])
    expect(server.requests).toHaveLength(7)
  })
})

describe('a server without forms of answers', () => {
  test('is asked without, after it said so once', async () => {
    await using server = await startFakeAuthor(request =>
      request.response_format
        ? { kind: 'status', status: 400, message: 'response_format.type json_schema is not supported' }
        : writeWell(request),
    )
    expect(checkTrait((await write(server)).trait)).toEqual([])
    expect(server.requests.filter(({ response_format }) => response_format)).toHaveLength(1)
    expect(server.requests).toHaveLength(8)
  })

  test.each([
    [
      'the name of the limit',
      'max_tokens',
      "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
    ],
    ['the temperature', 'temperature', "Unsupported value: 'temperature' must be 1."],
    ['the seed', 'seed', 'Unknown field: seed'],
  ] as const)('and without %s where it wants that', async (_, field, message) => {
    await using server = await startFakeAuthor(request =>
      request[field] !== undefined ? { kind: 'status', status: 400, message } : writeWell(request),
    )
    expect(checkTrait((await write(server)).trait)).toEqual([])
    expect(server.faults).toEqual([])
    expect(server.requests).toHaveLength(8)
  })

  test('and for fewer tokens, where its context is shorter than the answer it might give', async () => {
    const message =
      "This model's maximum context length is 8192 tokens. However, the prompt has 303 tokens and up to 8192 are to be written."
    await using server = await startFakeAuthor(request =>
      (request.max_tokens ?? 0) > 4096 ? { kind: 'status', status: 400, message } : writeWell(request),
    )
    expect(checkTrait((await write(server)).trait)).toEqual([])
    expect(server.requests.map(({ max_tokens }) => max_tokens)).toEqual([8192, ...Array(7).fill(2048)])
  })

  test('that refuses for another reason ends the run with what it said, and without the key', async () => {
    vi.stubEnv('PERSONASCOPE_AUTHOR_KEY', 'secret-key')
    await using server = await startFakeAuthor(({ authorization }) => ({
      kind: 'status',
      status: 401,
      message: `${authorization} may not use this model`,
    }))
    const author = new ServerAuthor({ baseUrl: server.baseUrl, model: fakeAuthorModel })
    const writing = authorTrait(wish, { author, memory: await AuthorMemory.open(newFolder()), seed: 0 })
    await expect(writing).rejects.toMatchObject({
      code: 'AUTHOR_REFUSED',
      message: expect.stringMatching(/status 401: 401 Bearer \.\.\. may not use this model\./),
    })
    expect(server.requests[0]!.authorization).toBe('Bearer secret-key')
    expect(server.requests).toHaveLength(1)
  })
})

describe('an answer that cannot be used', () => {
  const cases: [what: string, answer: unknown, said: RegExp][] = [
    ['no JSON', 'I would rather not.', /holds no JSON object/],
    ['nothing', '', /holds no JSON object/],
    ['JSON that was cut short', '{"description": "The answer is", "pairs": [{}', /no valid JSON/],
    ['a part missing', { description: 'The answer is calm.' }, /"pairs": /],
    ['too few pairs', { description: 'The answer is calm.', pairs: [{ positive: 'a', negative: 'b' }] }, /"pairs": /],
    [
      'an empty text',
      { ...goodAnswer({ part: 'foundation', question: '', count: 0 }), description: ' ' },
      /description/,
    ],
    [
      'the same on both sides of a pair',
      { description: 'x', pairs: Array.from({ length: 5 }, (_, i) => ({ positive: `Be ${i}.`, negative: `Be ${i}` })) },
      /Pair 1 has the same text on both sides/,
    ],
  ]

  test.each(cases)('for example %s, is asked for again with what was wrong', async (_, answer, said) => {
    await using server = await startFakeAuthor(troubledBy('foundation', 1, () => completion(answer)))
    expect(checkTrait((await write(server)).trait)).toEqual([])
    const [first, second] = server.requests
    expect(second!.messages.slice(0, 2)).toEqual(first!.messages)
    expect(second!.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user'])
    expect(second!.latest).toMatch(said)
    expect(second!.seed).not.toBe(first!.seed)
    expect(server.requests).toHaveLength(8)
  })

  test('is refused after three, and asked for anew by the same command later', async () => {
    const folder = newFolder()
    {
      await using server = await startFakeAuthor(troubledBy('rubric', 9, () => completion({ measure: 'joy' })))
      await expect(write(server, { folder })).rejects.toMatchObject({
        code: 'AUTHOR_FAILED',
        message: expect.stringMatching(/fake-author wrote no usable rubric: "at0": /),
      })
      expect(server.requests.filter(({ part }) => part === 'rubric')).toHaveLength(3)
    }
    await using server = await startFakeAuthor()
    const { rememberedReplies } = await write(server, { folder })
    // The other server has another address, so it is another author.
    expect(rememberedReplies).toBe(0)
  })

  test('is used all the same where it is only not good, and stays so', async () => {
    const pairs = Array.from({ length: 5 }, (_, index) => ({
      positive: `You are calm in way ${index}, and in many more ways than anybody could ever count.`,
      negative: `Be wild ${index}.`,
    }))
    await using server = await startFakeAuthor(
      troubledBy('foundation', 9, () => completion({ description: 'The answer is calm.', pairs })),
    )
    const { trait } = await write(server)
    expect(server.requests.filter(({ part }) => part === 'foundation')).toHaveLength(3)
    expect(server.requests[1]!.latest).toContain('- In pair 1 the positive prompt is')
    expect(new Set(checkTrait(trait).map(({ kind }) => kind))).toEqual(new Set(['pair-lopsided']))
  })

  test('may be a ladder that repeats a contrastive prompt, or a rubric with brackets', async () => {
    const ladder = goodAnswer({ part: 'ladder', question: '', count: 0 })
    const rubric = goodAnswer({ part: 'rubric', question: '', count: 0 })
    await using server = await startFakeAuthor(request => {
      if (request.messages.length > 2) return writeWell(request)
      if (request.part === 'ladder') return completion({ ...ladder, plus2: 'Use soft and quiet words. Always.' })
      if (request.part === 'rubric') return completion({ ...rubric, at50: 'as in {example}' })
      return writeWell(request)
    })
    expect(checkTrait((await write(server)).trait)).toEqual([])
    const corrections = server.requests.flatMap(({ messages, latest }) => (messages.length > 2 ? [latest] : []))
    expect(corrections.join('\n')).toContain('repeats a sentence of a contrastive prompt: "use soft and quiet words"')
    expect(corrections.join('\n')).toContain('"at50" must be without brackets')
  })

  test('keeps what is good of an author that does not better itself: no brackets, no level twice', async () => {
    const ladder = goodAnswer({ part: 'ladder', question: '', count: 0 }) as Record<string, string>
    const rubric = goodAnswer({ part: 'rubric', question: '', count: 0 }) as Record<string, string>
    await using server = await startFakeAuthor(request => {
      if (request.part === 'ladder') return completion({ ...ladder, plus1: ladder['plus3'] })
      if (request.part === 'rubric') return completion({ ...rubric, at50: 'as in {example}' })
      return writeWell(request)
    })
    const { trait } = await write(server)
    expect(trait.ladder!.map(({ level }) => level)).toEqual([-3, -2, -1, 0, 2, 3])
    expect(trait.rubric).toContain('50 means as in example.')
    for (const part of ['ladder', 'rubric'])
      expect(server.requests.filter(request => request.part === part)).toHaveLength(3)
  })
})

describe('questions', () => {
  test('that are nearly the same, or tell, are left out and asked for again, only as many as are missing', async () => {
    // Twelve are asked for in each of four areas: 48; two areas of the same subjects leave 36, one tells.
    await using server = await startFakeAuthor(request => {
      if (!request.question.includes('about other people')) return writeWell(request)
      const question = request.question.replace('other people', 'home and')
      const { questions } = goodAnswer({ ...request, question }) as { questions: string[] }
      return completion({ questions: [...questions.slice(1), 'What keeps you calm?'] })
    })
    const { trait, refusedQuestions } = await write(server)
    expect(checkTrait(trait)).toEqual([])
    expect(refusedQuestions).toBe(12)
    const more = server.requests.at(-1)!
    expect(server.requests).toHaveLength(8)
    // Four are missing, three more are asked for.
    expect(more.count).toBe(7)
    expect(more.question).toContain('- Tell me about bridges.')
    expect(more.question).toMatch(/could not be used:\n[\s\S]*names the trait itself: "What keeps you calm\?"/)
  })

  test('of one area go to both sets', async () => {
    await using server = await startFakeAuthor()
    const { trait } = await write(server)
    expect(trait.extractionQuestions.slice(0, 2)).toEqual(['Tell me about tomatoes.', 'Tell me about violins.'])
    expect(trait.evaluationQuestions.slice(0, 2)).toEqual(['Tell me about bridges.', 'Tell me about glaciers.'])
  })

  test('that an author has no more of leave a smaller trait, which the check says', async () => {
    await using server = await startFakeAuthor(request => {
      if (request.part !== 'questions') return writeWell(request)
      const { questions } = goodAnswer({ ...request, question: 'home and' }) as { questions: string[] }
      return completion({ questions: questions.slice(0, request.count) })
    })
    const { trait } = await write(server)
    expect([trait.extractionQuestions.length, trait.evaluationQuestions.length]).toEqual([6, 6])
    expect(checkTrait(trait).map(({ message }) => message)).toEqual([
      'extractionQuestions has 6 entries; 20 is usual.',
      'evaluationQuestions has 6 entries; 20 is usual.',
    ])
    // Four batches, then five rounds for more.
    expect(server.requests.filter(({ part }) => part === 'questions')).toHaveLength(9)
  })

  test('that are all alike make no trait', async () => {
    await using server = await startFakeAuthor(request =>
      request.part === 'questions'
        ? completion({ questions: Array.from({ length: request.count }, () => 'How are the tomatoes?') })
        : writeWell(request),
    )
    await expect(write(server)).rejects.toMatchObject({
      code: 'AUTHOR_FAILED',
      message: expect.stringContaining('only 1 of'),
    })
  })
})

describe('what an author wrote', () => {
  test('is not asked for again by a later run, which gives the same trait', async () => {
    const folder = newFolder()
    await using server = await startFakeAuthor()
    const { trait } = await write(server, { folder })
    const again = await write(server, { folder })
    expect(again).toEqual({ trait, askedReplies: 0, rememberedReplies: 7, refusedQuestions: 0 })
    expect(server.requests).toHaveLength(7)
    await write(server, { folder, seed: 1 })
    expect(server.requests).toHaveLength(14)
  })

  test('stays after a failure, and only the rest is asked for', async () => {
    const folder = newFolder()
    let down = true
    await using server = await startFakeAuthor(request =>
      down && request.part === 'ladder' ? { kind: 'status', status: 503 } : writeWell(request),
    )
    const failing = write(server, { folder, server: { retry: { tries: 2 } } })
    await expect(failing).rejects.toMatchObject({
      code: 'AUTHOR_UNREACHABLE',
      message: expect.stringMatching(/gave no answer in 2 tries: 503/),
    })
    down = false
    const wellBefore = server.requests.filter(({ part }) => part !== 'ladder').length
    const { askedReplies, rememberedReplies } = await write(server, { folder })
    expect(rememberedReplies).toBe(wellBefore)
    expect(askedReplies).toBe(7 - wellBefore)
    expect(new Set(server.requests.map(({ question }) => question)).size).toBe(7)
  })

  test('outlives a killed process: what it was answered is not asked for again', { timeout: 120_000 }, async () => {
    const folder = newFolder()
    const script = join(import.meta.dirname, 'author-in-child.case.ts')
    let killAt = 2
    await using server = await startFakeAuthor(request => {
      if (server.requests.length < killAt) return writeWell(request)
      child.kill('SIGKILL')
      return { kind: 'hang' }
    })
    const start = () => {
      const started = spawn(process.execPath, [script, server.baseUrl, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      return Object.assign(started, { ended: once(started, 'exit') })
    }
    let child = start()
    onTestFinished(() => void child.kill('SIGKILL'))
    for (const next of [5, Number.POSITIVE_INFINITY]) {
      await child.ended
      expect(child.signalCode).toBe('SIGKILL')
      killAt = next
      child = start()
    }
    let said = ''
    for await (const chunk of child.stdout!) said += chunk
    expect(JSON.parse(said)).toEqual({ questions: 20, askedReplies: 4 })
    // What was never answered is asked once more; each of the kills lost one answer.
    expect(server.requests).toHaveLength(7 + 2)
  })
})

describe('the author', () => {
  test('is never asked more at a time than allowed, and as much as is allowed', async () => {
    const waiting: (() => void)[] = []
    await using server = await startFakeAuthor(request => {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      return { ...writeWell(request), after: promise } as FakeAnswer
    })
    const writing = write(server, { server: { concurrency: 3 } })
    const open = [1, 3, 3, 3, 3, 2, 1]
    for (const expected of open) {
      await vi.waitFor(() => expect(waiting).toHaveLength(expected))
      waiting.shift()!()
    }
    await writing
    expect(server.mostOpen).toBe(3)
  })

  test.each([
    ['a dropped connection', { kind: 'drop' }],
    ['malformed JSON', { kind: 'malformed' }],
    ['a stream that was not asked for', { kind: 'streamed' }],
    ['too many requests', { kind: 'status', status: 429 }],
  ] as const)('is asked again after %s', async (_, trouble: FakeAnswer) => {
    await using server = await startFakeAuthor(troubledBy('questions', 2, () => trouble))
    expect(checkTrait((await write(server)).trait)).toEqual([])
    expect(server.requests).toHaveLength(9)
  })

  test('is asked again where a connection never says a word', async () => {
    await using server = await startFakeAuthor(troubledBy('rubric', 1, () => ({ kind: 'hang' })))
    expect(checkTrait((await write(server, { server: { timeoutMs: 2000 } })).trait)).toEqual([])
    expect(server.requests.filter(({ part }) => part === 'rubric').length).toBeGreaterThan(1)
  })

  test('is let go when the work is stopped', async () => {
    const stop = new AbortController()
    await using server = await startFakeAuthor(request => {
      if (request.part === 'foundation') return writeWell(request)
      stop.abort()
      return { kind: 'hang' }
    })
    await expect(write(server, { signal: stop.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  test('hears nothing new after a failure', async () => {
    await using server = await startFakeAuthor(request =>
      request.part === 'foundation' ? writeWell(request) : { kind: 'status', status: 403, message: 'no' },
    )
    await expect(write(server, { server: { concurrency: 1 } })).rejects.toMatchObject({ code: 'AUTHOR_REFUSED' })
    expect(server.requests).toHaveLength(2)
  })
})
