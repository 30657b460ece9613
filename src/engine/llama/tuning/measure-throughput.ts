import type { Engine } from '../../contract/engine.ts'
import { asLayer } from '../../contract/layer.ts'

/** A model with this many parameters is measured with one sequence a context; smaller ones with more, up to 16. */
const parametersPerSequence = 2e9

const promptTokens = 24
const writtenTokens = 8

/** Texts that are read: as long as short answers with their questions. */
const textTokens = 128
const textsPerContext = 6

/** After so long a round there is no second one. */
const longRoundMs = 4000

/**
 * How fast an engine reads and writes what an extraction reads and writes: short prompts, sampled answers, means of
 * all layers captured. The better of two short rounds, because other processes only ever slow one down; one where it
 * took long.
 * @returns tokens per second, read and written together
 * @throws ENGINE_ABORTED, what the engine throws
 */
export async function measureThroughput(
  engine: Engine,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const { parameterCount, vocabularySize } = engine.model
  const sequences = Math.max(1, Math.min(16, Math.floor(parametersPerSequence / parameterCount)))
  const count = sequences * engine.info.contexts
  const round = (writes: number, length: number) =>
    engine.generateAll(
      Array.from({ length }, (_, index) => ({
        prompt: { tokens: madeTokens(index, promptTokens, vocabularySize) },
        maxTokens: writes,
        ignoreEndOfTurn: true,
        sampling: { seed: index },
        capture: { layers: 'all', responseMean: true },
      })),
      signal ? { signal } : {},
    )
  await round(1, engine.info.contexts)
  const seconds = await secondsOf(() => round(writtenTokens, count))
  return (count * (promptTokens + writtenTokens)) / seconds
}

/**
 * How fast an engine reads whole texts up to half its depth, as screening does. Measured as `measureThroughput` does.
 * @returns tokens per second
 * @throws ENGINE_ABORTED, what the engine throws
 */
export async function measureReading(
  engine: Engine,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const { blockCount, vocabularySize } = engine.model
  const layer = asLayer(Math.ceil(blockCount / 2), engine.model)
  const round = (length: number) =>
    engine.forwardAll(
      Array.from({ length }, (_, index) => ({
        prompt: { tokens: madeTokens(index, textTokens, vocabularySize) },
        capture: { layers: [layer], promptLast: true },
      })),
      signal ? { signal } : {},
    )
  const count = textsPerContext * engine.info.contexts
  await round(engine.info.contexts)
  return (count * textTokens) / (await secondsOf(() => round(count)))
}

/** The better of two rounds; one where it took long. */
async function secondsOf(round: () => Promise<unknown>): Promise<number> {
  const timed = async () => {
    const start = performance.now()
    await round()
    return performance.now() - start
  }
  const first = await timed()
  return (first > longRoundMs ? first : Math.min(first, await timed())) / 1000
}

function madeTokens(text: number, length: number, vocabularySize: number): number[] {
  return Array.from({ length }, (_, at) => 100 + ((text * 131 + at * 17) % (vocabularySize - 200)))
}
