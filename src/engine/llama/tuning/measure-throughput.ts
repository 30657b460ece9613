import type { Engine } from '../../contract/engine.ts'

/** A model with this many parameters is measured with one sequence a context; smaller ones with more, up to 16. */
const parametersPerSequence = 2e9

const promptTokens = 24
const writtenTokens = 8

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
        prompt: {
          tokens: Array.from(
            { length: promptTokens },
            (_, at) => 100 + ((index * 131 + at * 17) % (vocabularySize - 200)),
          ),
        },
        maxTokens: writes,
        ignoreEndOfTurn: true,
        sampling: { seed: index },
        capture: { layers: 'all', responseMean: true },
      })),
      signal ? { signal } : {},
    )
  await round(1, engine.info.contexts)
  const timed = async () => {
    const start = performance.now()
    await round(writtenTokens, count)
    return performance.now() - start
  }
  const first = await timed()
  const best = first > longRoundMs ? first : Math.min(first, await timed())
  return (count * (promptTokens + writtenTokens)) / (best / 1000)
}
