import { readdirSync } from 'node:fs'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { childrenOf, memoryOf, waitUntil } from './processes.ts'
import { check, type Rounds, type Series, type Stage, wholeBetween } from './series.ts'

/** How much this process may grow over all rounds: what a leak of results or listeners would soon pass. */
const mostGrowthBytes = 60e6

export const loads: Series = {
  name: 'loads',
  what: 'opens the model, asks it something, closes it: no process, file or memory is left',
  begin,
}

async function begin({ file, random }: Stage): Promise<Rounds> {
  const openFiles = () => readdirSync('/proc/self/fd').length
  const peaks: number[] = []
  let wanted: readonly number[] | undefined
  const round = async () => {
    const engine = await openLlamaEngine(file, { contexts: wholeBetween(random, 1, 3) })
    const processId = engine.processId!
    try {
      const { tokens } = await engine.generate({
        prompt: { text: 'Once upon a time' },
        maxTokens: 3,
        sampling: { temperature: 0 },
      })
      wanted ??= tokens
      check(String(tokens) === String(wanted), `wrote ${tokens} where another load wrote ${wanted}`)
      peaks.push(memoryOf(processId, { peak: true }))
    } finally {
      await engine.close()
    }
    await waitUntil(() => !childrenOf(process.pid).includes(processId), `engine process ${processId} still runs`)
  }
  // The first loads fill caches of Node itself.
  for (let warm = 0; warm < 2; warm++) await round()
  const [memoryBefore, filesBefore] = [process.memoryUsage().rss, openFiles()]
  return {
    round: async () => {
      await round()
      check(openFiles() <= filesBefore + 2, `${openFiles()} open files where there were ${filesBefore}`)
    },
    finish: async () => {
      const growth = process.memoryUsage().rss - memoryBefore
      check(growth < mostGrowthBytes, `this process grew by ${growth} bytes`)
      check(childrenOf(process.pid).length === 0, 'an engine process is left')
    },
    facts: () => ({
      growthBytes: process.memoryUsage().rss - memoryBefore,
      openFiles: [filesBefore, openFiles()],
      enginePeakBytes: [Math.min(...peaks), Math.max(...peaks)],
    }),
    [Symbol.asyncDispose]: async () => {},
  }
}
