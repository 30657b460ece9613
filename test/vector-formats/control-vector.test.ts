/** GGUF control vectors: those of other tools, and ours. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gguf } from '@huggingface/gguf'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { type GgufToWrite, ggufFile } from '../../src/model/gguf-file.case.ts'
import { writeControlVector } from '../../src/vector/format/control-vector.ts'
import { readForeignVector } from '../../src/vector/format/read-foreign-vector.ts'
import { fixtures } from './fixtures.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const fixture = (name: string) => readForeignVector(join(fixtures, 'gguf', `${name}.gguf`))

describe('a control vector written by Python', () => {
  test.each([
    ['repeng', [3, 2, 1], 'repeng', 'llama'],
    ['counts-from-0', [0, 1, 2, 3], 'repeng', 'llama'],
    ['cvector-generator', [1, 2, 3], undefined, 'llama'],
    ['bare', [1, 2, 3], undefined, undefined],
  ])('as %s does is read, and its counting told where it shows', async (name, numbers, convention, modelHint) => {
    const vector = await fixture(name)
    expect([...vector.rows.keys()]).toEqual(numbers)
    expect(vector.declared?.convention).toBe(convention)
    expect(vector).toMatchObject({ format: 'gguf', layout: 'numbered', hiddenSize: 8 })
    expect(vector.modelHint).toBe(modelHint)
  })

  test('holds the numbers Python put in, under the same ones', async () => {
    // The same generator numbers stand in the safetensors fixture, by the same seeds.
    const tensors = await readForeignVector(join(fixtures, 'safetensors', 'by-layer.safetensors'))
    const vector = await fixture('repeng')
    for (const [number, values] of vector.rows) expect(values).toEqual(tensors.rows.get(number))
  })

  test('by llama-cvector-generator names the two ways it can be meant', async () => {
    expect((await fixture('cvector-generator')).doubt).toMatch(/layer_count is signed.*where llama.cpp adds it/)
  })
})

describe('a control vector of ours', () => {
  const direction = (seed: number) =>
    Float32Array.from({ length: 9 }, (_, index) => Math.fround(Math.sin(seed + index)))
  const directions = new Map([2, 3, 7].map(layer => [layer as Layer, direction(layer)]))

  test('is read as it was written, bit for bit, one number lower', async () => {
    const path = join(folder, 'own.gguf')
    await writeControlVector(path, { modelHint: 'llama', directions })
    const vector = await readForeignVector(path)
    expect([...vector.rows.keys()]).toEqual([1, 2, 6])
    for (const [number, values] of vector.rows) expect(values).toEqual(directions.get((number + 1) as Layer))
    expect(vector.declared).toEqual({ convention: 'llama.cpp', because: 'the file says so' })
  })

  test('is what an independent GGUF reader expects, data aligned to 32 bytes', async () => {
    const path = join(folder, 'own.gguf')
    await writeControlVector(path, { modelHint: 'llama', directions, metadata: { 'personascope.trait': 'joyful' } })
    const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true })
    expect(metadata).toMatchObject({
      version: 3,
      'general.architecture': 'controlvector',
      'controlvector.model_hint': 'llama',
      'controlvector.layer_count': 3,
      'personascope.trait': 'joyful',
    })
    expect(tensorInfos.map(({ name, shape, dtype }) => ({ name, shape, dtype }))).toEqual(
      [1, 2, 6].map(block => ({ name: `direction.${block}`, shape: [9n], dtype: 0 })),
    )
    const bytes = await readFile(path)
    tensorInfos.forEach(({ offset }, index) => {
      const at = Number(tensorDataOffset) + Number(offset)
      expect(at % 32).toBe(0)
      expect(bytes.readFloatLE(at)).toBe([...directions.values()][index]![0])
    })
    expect(bytes.length % 32).toBe(0)
  })

  test('never has a direction.0', async () => {
    const path = join(folder, 'none.gguf')
    for (const layer of [0, 1]) {
      const forbidden = new Map([[layer as Layer, direction(1)]])
      await expect(writeControlVector(path, { modelHint: '', directions: forbidden })).rejects.toThrow(/direction\.0/)
    }
  })
})

/** A control vector with one thing wrong. */
function damaged(change: Partial<GgufToWrite>): Buffer {
  return ggufFile({
    metadata: { 'general.architecture': { string: 'controlvector' } },
    tensors: [
      { name: 'direction.1', dimensions: [8], type: 0, offset: 0 },
      { name: 'direction.2', dimensions: [8], type: 0, offset: 32 },
    ],
    dataBytes: 64,
    ...change,
  })
}

describe('a file that is no control vector', () => {
  const tensor = { name: 'direction.1', dimensions: [8], type: 0, offset: 0 }

  test.each<[string, Partial<GgufToWrite>, RegExp]>([
    ['is a model', { metadata: { 'general.architecture': { string: 'llama' } } }, /it is for llama/],
    ['names no architecture', { metadata: {} }, /it is for undefined/],
    ['has a tensor of another name', { tensors: [{ ...tensor, name: 'token_embd.weight' }] }, /is no direction/],
    ['has a number with letters', { tensors: [{ ...tensor, name: 'direction.1a' }] }, /is no direction/],
    ['has a negative number', { tensors: [{ ...tensor, name: 'direction.-1' }] }, /is no direction/],
    ['has a number of twelve digits', { tensors: [{ ...tensor, name: 'direction.123456789012' }] }, /is no direction/],
    ['has a matrix', { tensors: [{ ...tensor, dimensions: [8, 1] }] }, /8 x 1\) is no direction/],
    ['has halves', { tensors: [{ ...tensor, type: 1 }] }, /\(F16, 8\) is no direction/],
    ['has no tensors', { tensors: [] }, /no direction/],
    ['has two of one number', { tensors: [tensor, { ...tensor, name: 'direction.01', offset: 32 }] }, /two directions/],
    [
      'has directions of two lengths',
      { tensors: [tensor, { ...tensor, name: 'direction.2', dimensions: [4], offset: 32 }] },
      /has 4 numbers, another has 8/,
    ],
    ['claims a length of gigabytes', { tensors: [{ ...tensor, dimensions: [2 ** 31] }] }, /at most .* are read/],
    ['is cut short', { dataBytes: 40 }, /cut short/],
    ['claims ten million tensors', { claimedTensors: 10_000_000n }, /claims 10000000 tensors/],
  ])('because it %s is refused', async (_, change, why) => {
    const path = join(folder, 'bad.gguf')
    await writeFile(path, damaged(change))
    await expect(readForeignVector(path)).rejects.toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringMatching(why),
    })
  })

  test('because a number is not finite is refused', async () => {
    const path = join(folder, 'bad.gguf')
    const content = damaged({})
    content.writeFloatLE(Number.NaN, content.length - 4)
    await writeFile(path, content)
    await expect(readForeignVector(path)).rejects.toThrow(/not finite/)
  })
})
