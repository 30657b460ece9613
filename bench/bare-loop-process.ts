/**
 * Contender: the same loop on llama.cpp, bare: one context of two threads, the same weights, the same passes, the same
 * sampling; no callback, nothing captured, no process border.
 */
import { loadLibrary, startBackends } from '../src/engine/llama/native/load-library.ts'
import { locateLibrary } from '../src/engine/llama/native/locate-library.ts'
import { NativeContext } from '../src/engine/llama/native/native-context.ts'
import { NativeModel } from '../src/engine/llama/native/native-model.ts'
import { Sampler, SamplerScratch } from '../src/engine/request/sampler.ts'
import { readJob, serveRounds } from './contender-process.ts'

const { prompts, writtenTokens, sideBySide, weightsPath } = readJob()
const { directory, origin } = locateLibrary()
const library = loadLibrary(directory)
startBackends(library)
const model = NativeModel.load(library, weightsPath)
const promptTokens = prompts[0]!.length
const threads = 2
const context = new NativeContext(library, model, {
  slots: sideBySide,
  tokensPerSlot: 256,
  threads,
  rowsPerPass: 512,
  logitRowsPerPass: sideBySide,
  onNode: undefined,
})
const scratch = new SamplerScratch(model.size)

await serveRounds({ engine: `llama.cpp ${origin}`, threads, weightFormat: model.weightFormat }, ({ sequences }) => {
  for (let from = 0; from < sequences; from += sideBySide)
    writeAll(prompts.slice(from, Math.min(from + sideBySide, sequences)))
})

function writeAll(chosen: typeof prompts): void {
  context.forgetAll()
  const samplers = chosen.map((_, slot) => new Sampler({ seed: slot }, scratch))
  const next = chosen.map((tokens, slot) => {
    const last = promptTokens - 1
    context.decode(tokens.map((token, position) => ({ token, position, slot, wantsLogits: position === last })))
    return samplers[slot]!.sample(context.logits(last))!
  })
  for (let position = promptTokens; position < promptTokens + writtenTokens - 1; position++) {
    context.decode(next.map((token, slot) => ({ token, position, slot, wantsLogits: true })))
    for (const [slot, sampler] of samplers.entries()) next[slot] = sampler.sample(context.logits(slot))!
  }
}
