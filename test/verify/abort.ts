import { setTimeout as pause } from 'node:timers/promises'
import type { LlamaEngine } from '../../src/engine/llama/llama-engine.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { PersonascopeError } from '../../src/errors/personascope-error.ts'
import { memoryOf, processorTicks, waitUntil } from './processes.ts'
import { check, count, pick, type Rounds, type Series, type Stage } from './series.ts'

const question = { prompt: { text: 'Once upon a time' }, maxTokens: 4, sampling: { temperature: 0 } } as const
const longQuestion = { ...question, maxTokens: 3000, ignoreEndOfTurn: true }
const questions = Array.from({ length: 20 }, () => ({ ...longQuestion, maxTokens: 1500 }))
const capture = { layers: 'all', responseMean: true, promptLast: true } as const

type Work = (engine: LlamaEngine, signal: AbortSignal) => Promise<unknown>

const works: Readonly<Record<string, Work>> = {
  generate: (engine, signal) => engine.generate({ ...longQuestion, capture }, { signal }),
  stream: async (engine, signal) => {
    for await (const _ of engine.stream(longQuestion, { signal }));
  },
  'generateAll, reproducible': (engine, signal) => engine.generateAll(questions, { signal }),
  'generateAll, packed': (engine, signal) => engine.generateAll(questions, { signal, mode: 'packed' }),
  forward: (engine, signal) =>
    engine.forward(
      { prompt: { text: 'word '.repeat(3000) }, capture: { layers: 'all', promptMean: true } },
      { signal },
    ),
}

/** Rounds after which the engine process holds all it will ever hold. */
const warmRounds = 10

export const abort: Series = {
  name: 'abort',
  what: 'aborts work at a random moment: the engine stops it, and answers the next request as ever',
  begin,
}

async function begin({ file, random }: Stage): Promise<Rounds> {
  const engine = await openLlamaEngine(file, { contexts: 2 })
  const { tokens: wanted } = await engine.generate(question)
  const processId = engine.processId!
  const outcomes: Record<string, number> = {}
  let rounds = 0
  let warmBytes: number | undefined
  const round = async () => {
    const [name, work] = pick(random, Object.entries(works))
    const stop = new AbortController()
    const outcome = work(engine, stop.signal).catch((error: unknown) => error)
    await pause(random.next() * 1000)
    stop.abort()
    const end = await outcome
    const isAborted = PersonascopeError.is(end) && end.code === 'ENGINE_ABORTED'
    check(isAborted || !(end instanceof Error), `expected ENGINE_ABORTED of ${name}, got ${end}`)
    count(outcomes, isAborted ? `${name} aborted` : `${name} finished before`)
    await waitUntilIdle(processId)
    const { tokens } = await engine.generate(question)
    check(String(tokens) === String(wanted), `wrote ${tokens} after the abort, ${wanted} before`)
    check(engine.processId === processId, 'the engine process was started again')
    if (++rounds === warmRounds) warmBytes = memoryOf(processId)
  }
  return {
    round,
    finish: async () => {
      if (warmBytes === undefined) return
      const now = memoryOf(processId)
      check(now < warmBytes * 1.25, `the engine process grew from ${warmBytes} to ${now} bytes`)
    },
    facts: () => ({ ...outcomes, engineBytes: [warmBytes, memoryOf(processId)] }),
    [Symbol.asyncDispose]: () => engine.close(),
  }
}

/** Work that nobody waits for any more would show as processor time. */
async function waitUntilIdle(processId: number): Promise<void> {
  let last = { ticks: -1, at: 0 }
  await waitUntil(() => {
    const ticks = processorTicks(processId)
    if (ticks > last.ticks + 1) last = { ticks, at: Date.now() }
    return Date.now() - last.at > 200
  }, 'the engine process still works')
}
