import { expect, test } from 'vitest'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { compareWithNeighbours } from '../verify/neighbours.ts'
import { modelFile } from './models.ts'

test('reproducible answers on Q8_0 are the same alone and beside neighbours with opposite steering', async () => {
  const file = modelFile('smollm2-135m-instruct', 'Q8_0')
  await using engine = await openLlamaEngine(file, { contexts: 1, threadsPerContext: 2 })
  const report = await compareWithNeighbours(engine, {
    mode: 'reproducible',
    subjects: 3,
    neighbours: 4,
    maxTokens: 14,
  })
  expect(report).toEqual({ answers: 3, different: 0, sameTokens: 39, tokens: 39, otherReadings: 0 })
})
