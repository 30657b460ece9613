/**
 * The loop to be measured against: llama.cpp with one context of two threads, the same prompts, the same sampling, no
 * callback, nothing captured. In a process of its own; does one round for each line on standard input and prints its
 * seconds as JSON.
 */
import { createInterface } from 'node:readline'
import { loadLibrary, startBackends } from '../src/engine/llama/native/load-library.ts'
import { NativeContext } from '../src/engine/llama/native/native-context.ts'
import { NativeModel } from '../src/engine/llama/native/native-model.ts'
import { Sampler, SamplerScratch } from '../src/engine/request/sampler.ts'
import { benchmarkPrompt, promptTokens, sequences, writtenTokens } from './workload.ts'

const [directory, path] = process.argv.slice(2)
const library = loadLibrary(directory!)
startBackends(library)
const model = NativeModel.load(library, path!)
const context = new NativeContext(library, model, {
  slots: sequences,
  tokensPerSlot: 256,
  threads: 2,
  rowsPerPass: 512,
  logitRowsPerPass: sequences,
  onNode: undefined,
})
const scratch = new SamplerScratch(model.size)

process.stdout.write('{"ready":true}\n')
for await (const _ of createInterface({ input: process.stdin })) {
  const start = performance.now()
  round()
  process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - start) / 1000 })}\n`)
}

function round(): void {
  context.forgetAll()
  const samplers = Array.from({ length: sequences }, (_, slot) => new Sampler({ seed: slot }, scratch))
  const next: number[] = []
  for (let slot = 0; slot < sequences; slot++) {
    const last = promptTokens - 1
    context.decode(benchmarkPrompt(slot, model.size).map((token, position) => ({ token, position, slot, wantsLogits: position === last })))
    next.push(samplers[slot]!.sample(context.logits(last))!)
  }
  for (let step = 1; step < writtenTokens; step++) {
    context.decode(next.map((token, slot) => ({ token, position: promptTokens + step - 1, slot, wantsLogits: true })))
    for (let slot = 0; slot < sequences; slot++) next[slot] = samplers[slot]!.sample(context.logits(slot))!
  }
}
