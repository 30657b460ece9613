/** The engine contract on weight formats beside the one that most machines prefer; `npm test` runs it on that one. */
import { describeEngine } from '../../src/engine/engine.case.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { readyModel } from '../../src/workbench/open-model.ts'

const fileOf = async (weights: 'F16' | 'BF16') => (await readyModel('smollm2-135m-instruct', { weights })).file
const specialTexts = ['<|im_end|>', '<|im_start|>']

describeEngine({
  name: 'llama on smollm2-135m-instruct, F16, one context of two threads',
  open: async () => openLlamaEngine(await fileOf('F16'), { contexts: 1, threadsPerContext: 2 }),
  tolerance: 0,
  specialTexts,
})

describeEngine({
  name: 'llama on smollm2-135m-instruct, BF16, two contexts',
  open: async () => openLlamaEngine(await fileOf('BF16'), { contexts: 2, threadsPerContext: 1 }),
  // Where the CPU has instructions for this format, its kernels round differently by the shape of a batch.
  tolerance: 0.05,
  specialTexts,
})
