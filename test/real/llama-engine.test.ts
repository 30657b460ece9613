/** The engine contract on real weights, of two architectures. Other weight formats: `npm run verify:contract`. */
import { describeEngine } from '../../src/engine/engine.case.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { modelFile } from './models.ts'

const noTemplate = { reason: 'gemma-3-270m is a base model without a chat template' }

describeEngine({
  name: 'llama on smollm2-135m-instruct, Q8_0, two contexts',
  open: () => openLlamaEngine(modelFile('smollm2-135m-instruct', 'Q8_0'), { contexts: 2, threadsPerContext: 1 }),
  tolerance: 0,
  specialTexts: ['<|im_end|>', '<|im_start|>'],
})

describeEngine({
  name: 'llama on gemma-3-270m, Q8_0',
  open: () => openLlamaEngine(modelFile('gemma-3-270m', 'Q8_0'), { contexts: 1, threadsPerContext: 2 }),
  tolerance: 0,
  specialTexts: ['<end_of_turn>'],
  skip: [
    { ...noTemplate, test: 'a prompt of messages ends where the assistant begins' },
    { ...noTemplate, test: 'a special token that somebody writes in a message is text, and begins no turn' },
    { ...noTemplate, test: 'two prompts with one system message share tokens up to a boundary' },
  ],
})
