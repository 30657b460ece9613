import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { assertAdapterFits } from './assert-adapter-fits.ts'
import { type GgufToWrite, ggufFile, smallModel, type TensorToWrite, uint32 } from './gguf-file.case.ts'
import { isolateMachine } from './isolated-machine.case.ts'

const machine = isolateMachine()

/** A model with one matrix of 64 inputs and 32 outputs, in F32. */
const model: GgufToWrite = {
  ...smallModel,
  tensors: [{ name: 'blk.0.attn_k.weight', dimensions: [64, 32], type: 0, offset: 0 }],
  dataBytes: 64 * 32 * 4,
}

const metadata: GgufToWrite['metadata'] = {
  'general.architecture': { string: 'llama' },
  'general.type': { string: 'adapter' },
  'adapter.type': { string: 'lora' },
  'adapter.lora.alpha': { float32: 8 },
}

/** One after another, each at a multiple of 32 bytes; F32, or F16 for type 1. */
function tensorsOf(...wanted: readonly (readonly [name: string, dimensions: readonly number[], type?: number])[]) {
  let dataBytes = 0
  const tensors = wanted.map(([name, dimensions, type = 0]): TensorToWrite => {
    const tensor = { name, dimensions, type, offset: dataBytes }
    const bytes = dimensions.reduce((product, length) => product * length, type === 1 ? 2 : 4)
    dataBytes += Math.ceil(bytes / 32) * 32
    return tensor
  })
  return { tensors, dataBytes }
}

const a = ['blk.0.attn_k.weight.lora_a', [64, 2]] as const
const b = ['blk.0.attn_k.weight.lora_b', [2, 32]] as const
const adapter: GgufToWrite = { metadata, ...tensorsOf(a, b) }

async function refusal(changed: Partial<GgufToWrite>): Promise<string | undefined> {
  const paths = { adapter: join(machine.directory, 'adapter.gguf'), model: join(machine.directory, 'model.gguf') }
  writeFileSync(paths.adapter, ggufFile({ ...adapter, ...changed }))
  writeFileSync(paths.model, ggufFile(model))
  try {
    await assertAdapterFits(paths.adapter, paths.model)
    return undefined
  } catch (error) {
    if (PersonascopeError.is(error) && error.code === 'ADAPTER_UNFIT') return String(error.facts['detail'])
    throw error
  }
}

const withMetadata = (more: GgufToWrite['metadata']) => ({ metadata: { ...metadata, ...more } })

test('an adapter of the model’s shape fits, in F32 and in F16', async () => {
  expect(await refusal({})).toBeUndefined()
  expect(await refusal(tensorsOf([...a, 1], [...b, 1]))).toBeUndefined()
  const ofRankOne = tensorsOf(['blk.0.attn_k.weight.lora_a', [64]], ['blk.0.attn_k.weight.lora_b', [1, 32]])
  expect(await refusal(ofRankOne)).toBeUndefined()
})

test.each<[string, Partial<GgufToWrite>, string]>([
  ['no adapter', withMetadata({ 'general.type': { string: 'model' } }), 'it holds no adapter'],
  [
    'another architecture',
    withMetadata({ 'general.architecture': { string: 'gemma3' } }),
    'it is for the architecture gemma3, the model’s is llama',
  ],
  ['another kind', withMetadata({ 'adapter.type': { string: 'ia3' } }), 'its kind is ia3, expected lora'],
  [
    'a strength that is no float32, at which llama.cpp ends the process',
    withMetadata({ 'adapter.lora.alpha': { string: '8' } }),
    'its adapter.lora.alpha is 8, expected a float32',
  ],
  [
    'a strength that is no number',
    withMetadata({ 'adapter.lora.alpha': { float32: Number.NaN } }),
    'its adapter.lora.alpha is NaN, expected a float32',
  ],
  [
    'tokens it waits for',
    withMetadata({ 'adapter.alora.invocation_tokens': { raw: Buffer.concat([9, 4, 0, 0].map(uint32)) } }),
    'it acts only after certain tokens, and only adapters that act everywhere can be used',
  ],
  [
    'another width',
    tensorsOf(['blk.0.attn_k.weight.lora_a', [96, 2]], b),
    'blk.0.attn_k.weight is 64 x 32, its matrices A and B are 96 x 2 and 2 x 32',
  ],
  [
    'two ranks',
    tensorsOf(a, ['blk.0.attn_k.weight.lora_b', [4, 32]]),
    'blk.0.attn_k.weight is 64 x 32, its matrices A and B are 64 x 2 and 4 x 32',
  ],
  ['half a pair', tensorsOf(a), 'blk.0.attn_k.weight.lora_a has no matrix B'],
  ['the other half', tensorsOf(b), 'blk.0.attn_k.weight.lora_b has no matrix A'],
  [
    'a block there is not',
    tensorsOf(['blk.9.attn_k.weight.lora_a', [64, 2]], ['blk.9.attn_k.weight.lora_b', [2, 32]]),
    'the model has no tensor blk.9.attn_k.weight',
  ],
  [
    'a norm, which llama.cpp passes over without a word',
    tensorsOf(a, b, ['blk.0.attn_norm.weight', [64]]),
    'it changes blk.0.attn_norm.weight as a whole, which llama.cpp would pass over or refuse',
  ],
  [
    'the token embedding',
    tensorsOf(['token_embd.weight.lora_a', [64, 2]], ['token_embd.weight.lora_b', [2, 32]]),
    'it changes the token embedding, whose matrices lie another way round',
  ],
  [
    'whole numbers',
    tensorsOf(['blk.0.attn_k.weight.lora_a', [64, 2], 26], b),
    'blk.0.attn_k.weight.lora_a is stored as I32, expected one of F32, F16, BF16, Q8_0',
  ],
  ['no tensors', tensorsOf(), 'it holds no tensors'],
])('one with %s is refused', async (_, changed, detail) => {
  expect(await refusal(changed)).toBe(detail)
})
