/** The two labelled answers of a pair are alike in length, in tokens of the default model. */
import { expect, test } from 'vitest'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { areaUnderCurve } from '../../src/numeric/area-under-curve.ts'
import { labelledTraits, matchedParts, readLabelled } from '../screening/labelled/read-labelled.ts'
import { modelFile } from './models.ts'

test('length tells labelled answers from others no better than chance', async () => {
  const options = { contexts: 1, threadsPerContext: 1, slotsPerContext: 1 }
  await using engine = await openLlamaEngine(modelFile('smollm2-135m-instruct', 'Q8_0'), options)
  for (const name of labelledTraits.flatMap(trait => matchedParts.map(part => `${trait}-${part}`))) {
    const rows = await readLabelled(name)
    const lengths = await Promise.all(rows.map(async ({ response }) => (await engine.tokenize(response)).length))
    const of = (label: number) => lengths.filter((_, index) => rows[index]!.label === label)
    const [shows, others] = [of(1), of(0)]
    expect(Math.max(...shows.map((length, pair) => Math.abs(length - others[pair]!)))).toBeLessThanOrEqual(4)
    const area = areaUnderCurve(shows, others)!
    expect(area, name).toBeGreaterThan(0.45)
    expect(area, name).toBeLessThan(0.55)
  }
})
