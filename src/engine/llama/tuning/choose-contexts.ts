import { availableParallelism } from 'node:os'
import { locateLibrary } from '../native/locate-library.ts'
import { type LlamaEngineOptions, type ModelFile, openLlamaEngine } from '../open-llama-engine.ts'
import { type ContextChoice, recallContexts, rememberContexts } from './machine-notes.ts'
import { measureThroughput } from './measure-throughput.ts'

export interface ChooseContextsOptions {
  /** Hears what is about to be measured. */
  readonly onMeasure?: (what: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * How many contexts of how many threads run this model fastest on this machine: several contexts of few threads win
 * on small models, because the threads of one context wait for each other after every one of a thousand nodes.
 * Measured once with the library in use, then remembered.
 * @throws ENGINE_ABORTED, what opening an engine throws
 */
export async function chooseContexts(
  file: ModelFile,
  { onMeasure = () => {}, signal }: ChooseContextsOptions = {},
): Promise<ContextChoice> {
  const library = locateLibrary()
  const known = await recallContexts(library.id, file.hash)
  if (known) return known
  const results: MeasuredCandidate[] = []
  for (const options of candidates(availableParallelism())) {
    onMeasure(nameOf(options))
    await using engine = await openLlamaEngine(file, options)
    results.push({ options, speed: await measureThroughput(engine, { signal }) })
  }
  const { contexts, threadsPerContext } = choose(results)
  const choice: ContextChoice = {
    contexts,
    threadsPerContext,
    tokensPerSecond: Object.fromEntries(results.map(({ options, speed }) => [nameOf(options), Math.round(speed)])),
    date: new Date().toISOString(),
  }
  await rememberContexts(library.id, file.hash, choice)
  return choice
}

/**
 * How much faster fewer contexts must be to be chosen: with any other process at work on the machine, the threads of one
 * context wait for the one that was put aside and fall to a fifth, where contexts of one thread lose a share
 * (docs/lab-log.md).
 */
const worthWaiting = 1.3

interface MeasuredCandidate {
  readonly options: Candidate
  /** Tokens per second. */
  readonly speed: number
}

/** The most contexts, unless fewer are clearly faster. Expects the candidates with most contexts first. */
export function choose(results: readonly MeasuredCandidate[]): Candidate {
  return results.reduce((a, b) => (b.speed > worthWaiting * a.speed ? b : a)).options
}

type Candidate = Required<Pick<LlamaEngineOptions, 'contexts' | 'threadsPerContext'>>

/** One thread a context, and a few ways of giving contexts more; at most four are tried. */
export function candidates(cores: number): Candidate[] {
  const threads = [1, 2, 4, 8, 16, cores].filter((count, index, all) => count <= cores && all.indexOf(count) === index)
  // Beyond eight contexts the memory of their sequences outweighs what they gain.
  const options = threads.map(threadsPerContext => ({
    contexts: Math.floor(cores / threadsPerContext),
    threadsPerContext,
  }))
  return options.filter(({ contexts }) => contexts <= 8).slice(0, 4)
}

function nameOf({ contexts, threadsPerContext }: Candidate): string {
  return `${contexts} x ${threadsPerContext}`
}
