/** LoRA adapters on real weights: one that changes nothing, one that changes what peft changes, and ones that are refused. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../src/engine/contract/engine.ts'
import { locateLibrary } from '../../src/engine/llama/native/locate-library.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { assertAdapterFits } from '../../src/model/assert-adapter-fits.ts'
import { relativeError } from '../../src/numeric/vector-math.ts'
import { sha256OfFile } from '../../src/store/hash.ts'
import { readTensors } from '../parity/read-tensors.ts'
import { modelFile } from './models.ts'

const golden = (file: string) => join(import.meta.dirname, '../parity/golden/adapter', file)
const [random, zero] = [golden('random.gguf'), golden('zero.gguf')]
const base = modelFile('smollm2-135m-instruct', 'F32')
const process1 = { contexts: 1, threadsPerContext: 1 }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const open = async (path: string) =>
  await openLlamaEngine({ ...base, adapter: { id: 'tuned', path, hash: await sha256OfFile(path) } }, process1)

test.each(['Q8_0', 'F32'] as const)(
  'with B = 0 it leaves every logit as it is, bit for bit; another one does not: %s',
  async format => {
    const { path } = modelFile('smollm2-135m-instruct', format)
    const script = join(import.meta.dirname, 'adapter-process.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [
      script,
      locateLibrary().directory,
      path,
      zero,
      random,
    ])
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual([{ same: true }, { same: false }])
  },
)

test('it changes what transformers with peft changes, at every layer, and the model goes by another name', async () => {
  const tensors = readTensors(readFileSync(golden('golden.safetensors')))
  const { prompt, promptTokens } = JSON.parse(readFileSync(golden('golden.json'), 'utf8'))
  const lastOf = async (engine: Engine) => {
    const { activations } = await engine.forward({
      prompt: { text: prompt },
      capture: { layers: 'all', promptLast: true },
    })
    return activations!.promptLast!
  }
  await using plain = await openLlamaEngine(base, process1)
  await using tuned = await open(random)
  expect(await tuned.tokenize(prompt)).toEqual(promptTokens)
  const [own, changed] = [await lastOf(plain), await lastOf(tuned)]
  const { hiddenSize, blockCount } = tuned.model
  for (let layer = 0; layer <= blockCount; layer++) {
    const row = (values: Float32Array) => values.subarray(layer * hiddenSize, (layer + 1) * hiddenSize)
    const [expected, without] = [tensors.get('last')!.row(layer), tensors.get('base')!.row(layer)]
    expect(relativeError(row(changed), expected), `layer ${layer}`).toBeLessThan(2e-4)
    expect(relativeError(row(own), without), `layer ${layer} of the base`).toBeLessThan(2e-4)
    // Above the first block that it acts on, far more than the tolerance.
    if (layer > 4) expect(relativeError(expected, without), `layer ${layer}`).toBeGreaterThan(0.02)
  }
  const [written] = await tuned.generateAll([
    { prompt: { text: prompt }, maxTokens: 1, sampling: { temperature: 0 }, topLogprobs: 5, ignoreEndOfTurn: true },
  ])
  for (const [rank, { token, logprob }] of written!.logprobs![0]!.top.entries()) {
    expect(token).toBe(tensors.get('tokens')!.values[rank])
    expect(logprob).toBeCloseTo(tensors.get('logprobs')!.values[rank]!, 2)
  }
  expect(tuned.model).toMatchObject({ id: 'smollm2-135m-instruct+tuned', adapter: { id: 'tuned' } })
  expect(tuned.model.fileHash).not.toBe(plain.model.fileHash)
})

test('one of another model is refused by its header; a broken one by the engine, which goes on', async () => {
  await expect(assertAdapterFits(random, modelFile('gemma-3-270m', 'Q8_0').path)).rejects.toMatchObject({
    code: 'ADAPTER_UNFIT',
    message: expect.stringContaining('it is for the architecture llama, the model’s is gemma3'),
  })
  await assertAdapterFits(random, base.path)
  // Past the check of the header, as a file that was changed after it: no weights behind the names.
  const cut = join(folder, 'cut.gguf')
  await writeFile(cut, readFileSync(random).subarray(0, 40_000))
  await expect(open(cut)).rejects.toMatchObject({ code: 'ENGINE_LOAD_FAILED' })
})
