/**
 * Contender: the engine as `openModel` gives it, with the means of all layers captured while it writes. Steered, every
 * request has a vector of its own, added at every token of layer 16.
 */

import { createRandom } from '../src/numeric/random.ts'
import { asLayer, type GenerateRequest, openModel } from '../src/workbench/index.ts'
import { readyModel } from '../src/workbench/open-model.ts'
import { readJob, serveRounds } from './contender-process.ts'

const { model, prompts, writtenTokens } = readJob()
const { file } = await readyModel(model)
await using engine = await openModel(model)
const { hiddenSize, blockCount, weightFormat } = engine.model
const { version, contexts, threadsPerContext } = engine.info

const plain = prompts.map(
  (tokens, index): GenerateRequest => ({
    prompt: { tokens },
    maxTokens: writtenTokens,
    ignoreEndOfTurn: true,
    sampling: { seed: index },
    capture: { layers: 'all', responseMean: true },
  }),
)
const steered = plain.map((request, index): GenerateRequest => {
  const random = createRandom(index)
  const vector = Float32Array.from({ length: hiddenSize }, () => random.next() - 0.5)
  return { ...request, steering: [{ layer: asLayer(16, engine.model), mode: 'add', vector, coefficient: 1 }] }
})

const about = { engine: version, contexts, threadsPerContext, weightFormat, weightsPath: file.path }
await serveRounds(about, async options => {
  const requests = (options.steered ? steered : plain).slice(0, options.sequences)
  for (const result of await engine.generateAll(requests)) {
    const { writtenTokens: written, reusedPromptTokens, activations, steering } = result
    const captured = activations?.responseMean?.length === (blockCount + 1) * hiddenSize
    const acted = !options.steered || steering[0]!.steeredPositions === prompts[0]!.length + writtenTokens
    if (written !== writtenTokens || reusedPromptTokens > 0 || !captured || !acted)
      throw new Error('the engine did not do the work')
  }
})
