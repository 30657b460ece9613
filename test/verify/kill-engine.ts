import { setTimeout as pause } from 'node:timers/promises'
import type { LlamaEngine } from '../../src/engine/llama/llama-engine.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { PersonascopeError } from '../../src/errors/personascope-error.ts'
import { childrenOf, waitUntil } from './processes.ts'
import { check, count, pick, type Rounds, type Series, type Stage } from './series.ts'

/** An answer that is always the same, to see that an engine is as good as new. */
const question = { prompt: { text: 'Once upon a time' }, maxTokens: 4, sampling: { temperature: 0 } } as const
const longQuestion = { ...question, maxTokens: 2000, ignoreEndOfTurn: true }

export const killEngine: Series = {
  name: 'kill-engine',
  what: 'kills the engine process at a random moment of its work, and again while it opens: its requests fail, the next one is answered as ever',
  begin,
}

async function begin({ file, random }: Stage): Promise<Rounds> {
  const outcomes: Record<string, number> = {}
  let engine = await openLlamaEngine(file, { contexts: 2 })
  const { tokens: wanted } = await engine.generate(question)

  const whileWorking = async () => {
    await engine.tokenize('until it runs')
    const work = pick<(engine: LlamaEngine) => Promise<unknown>>(random, [
      engine => engine.generate(longQuestion),
      engine => engine.generateAll(Array.from({ length: 8 }, () => longQuestion)),
      engine =>
        engine.forward({ prompt: { text: 'word '.repeat(2000) }, capture: { layers: 'all', promptMean: true } }),
    ])(engine).catch((error: unknown) => error)
    await pause(random.next() * 1500)
    const victim = engine.processId
    if (victim !== undefined) process.kill(victim, 'SIGKILL')
    const outcome = await work
    count(outcomes, PersonascopeError.is(outcome) ? outcome.code : 'finished before')
    const fair = !(outcome instanceof Error) || (PersonascopeError.is(outcome) && outcome.code === 'ENGINE_CRASHED')
    check(fair, `expected ENGINE_CRASHED, got ${outcome}`)
    const { tokens } = await engine.generate(question)
    check(String(tokens) === String(wanted), `wrote ${tokens} after the crash, ${wanted} before`)
    check(engine.processId !== victim, 'the killed process is still the one')
  }

  const whileOpening = async () => {
    await engine.close()
    const opening = openLlamaEngine(file, { contexts: 2 }).catch((error: unknown) => error)
    await pause(random.next() * 600)
    for (const child of childrenOf(process.pid)) process.kill(child, 'SIGKILL')
    const outcome = await opening
    if (PersonascopeError.is(outcome)) {
      count(outcomes, `${outcome.code} while opening`)
      check(outcome.code === 'ENGINE_CRASHED', `expected ENGINE_CRASHED, got ${outcome}`)
      await waitUntil(() => childrenOf(process.pid).length === 0, 'a process is left of the engine that did not open')
    } else {
      count(outcomes, 'opened before')
      await (outcome as LlamaEngine).close()
    }
    engine = await openLlamaEngine(file, { contexts: 2 })
    const { tokens } = await engine.generate(question)
    check(String(tokens) === String(wanted), `wrote ${tokens} after the crash, ${wanted} before`)
  }

  return {
    round: async () => {
      await whileWorking()
      await whileOpening()
    },
    facts: () => outcomes,
    [Symbol.asyncDispose]: () => engine.close(),
  }
}
