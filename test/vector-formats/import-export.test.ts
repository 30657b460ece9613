/** Vectors on their way in and out of a workspace. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { sha256OfFile } from '../../src/store/hash.ts'
import { readSafetensors } from '../../src/store/safetensors.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { coefficientOf } from '../../src/vector/dose.ts'
import { exportVector } from '../../src/vector/format/export-vector.ts'
import { directionAt, layersOf, relativeNorm } from '../../src/vector/persona-vector.ts'
import { listVectors, readVector, vectorPath, writeVector } from '../../src/vector/vector-file.ts'
import { combineStoredVectors } from '../../src/workbench/combine-vectors.ts'
import { type ImportOptions, importVector } from '../../src/workbench/import-vector.ts'
import { expectedTensors, fixtures, torchFolders } from './fixtures.ts'
import { extractedVector as extracted } from './sample-vector.ts'
import { writeSmallModel } from './small-model.ts'

let folder: string
let workspace: Workspace
let model: string
let modelId: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  workspace = openWorkspace(join(folder, 'workspace'))
  model = `file:${await writeSmallModel(folder)}`
  modelId = 'small-4-8'
})
afterAll(async () => await rm(folder, { recursive: true }))

const newest = torchFolders.at(-1)!
const fixture = (...parts: string[]) => join(fixtures, ...parts)

async function bring(path: string, more: Partial<ImportOptions> = {}) {
  return await importVector({ path, name: 'evil', model, workspace, overwrite: true, ...more })
}

describe('importing', () => {
  test('a reference .pt puts row L at layer L, bit for bit, and says where it came from', async () => {
    const path = fixture(newest, 'float32.pt')
    const { vector, path: stored, placed } = await bring(path)
    expect(vector.directions.response_avg).toEqual(expectedTensors['float32']!['']!.values)
    expect(placed).toMatchObject({ convention: 'hidden-states', because: 'it has 5 rows, and small-4-8 4 blocks' })
    expect(layersOf(vector)).toEqual([0, 1, 2, 3, 4])
    expect(vector.provenance.origin).toEqual({
      kind: 'import',
      file: 'float32.pt',
      sha256: await sha256OfFile(path),
      format: 'pt',
      convention: 'hidden-states',
      layers: [0, 1, 2, 3, 4],
    })
    expect(vector.provenance).toMatchObject({ trait: { name: 'evil' }, model: { id: modelId, architecture: 'llama' } })
    expect(await readVector(stored)).toEqual(vector)
    expect(await listVectors(workspace.vectors, modelId)).toContain('evil')
  })

  test('an assistant-axis .pt puts row i at layer i+1, and no embedding', async () => {
    const { vector } = await bring(fixture(newest, 'assistant-axis.pt'))
    const { values } = expectedTensors['assistant-axis']!['']!
    expect(vector.directions.response_avg.subarray(8)).toEqual(values)
    expect(vector.directions.response_avg.subarray(0, 8)).toEqual(new Float32Array(8))
    expect(vector.hasEmbedding).toBe(false)
    expect(layersOf(vector)).toEqual([1, 2, 3, 4])
  })

  test('one of several tensors takes the one that was named', async () => {
    const path = fixture(newest, 'two-tensors.pt')
    await expect(bring(path)).rejects.toThrow(/axis, mean.*--tensor/)
    const { vector } = await bring(path, { tensor: 'mean' })
    expect(vector.directions.response_avg.subarray(8)).toEqual(expectedTensors['two-tensors']!['mean']!.values)
    await expect(bring(path, { tensor: 'other' })).rejects.toThrow(/no tensor other; it has: axis, mean/)
  })

  test('a dictionary of one tensor and other things takes the tensor', async () => {
    const { vector } = await bring(fixture(newest, 'dictionary.pt'))
    expect(vector.directions.response_avg.subarray(8)).toEqual(expectedTensors['dictionary']!['axis']!.values)
  })

  test('a direction for one layer goes there, and becomes the layer used', async () => {
    const { vector } = await bring(fixture(newest, 'one-direction.pt'), { layer: 3 })
    expect(directionAt(vector, 3 as Layer)).toEqual(expectedTensors['one-direction']!['']!.values)
    expect(layersOf(vector)).toEqual([3])
    expect(vector.defaultLayer).toBe(3)
  })

  test('the same GGUF file as repeng and as llama-cvector-generator lies one layer apart', async () => {
    const path = fixture('gguf', 'cvector-generator.gguf')
    await expect(bring(path)).rejects.toMatchObject({ code: 'VECTOR_CONVENTION_UNCLEAR' })
    const measured = await bring(path, { convention: 'llama-cvector-generator' })
    const applied = await bring(path, { convention: 'llama.cpp' })
    expect(layersOf(measured.vector)).toEqual([1, 2, 3])
    expect(layersOf(applied.vector)).toEqual([2, 3, 4])
    expect(directionAt(applied.vector, 4 as Layer)).toEqual(directionAt(measured.vector, 3 as Layer))
  })

  test('a bare GGUF file asks how it counts; one of repeng does not', async () => {
    await expect(bring(fixture('gguf', 'bare.gguf'))).rejects.toMatchObject({ code: 'VECTOR_CONVENTION_UNCLEAR' })
    expect(layersOf((await bring(fixture('gguf', 'repeng.gguf'))).vector)).toEqual([2, 3, 4])
    expect(layersOf((await bring(fixture('gguf', 'counts-from-0.gguf'))).vector)).toEqual([1, 2, 3, 4])
  })

  test('safetensors of Python are read: a matrix, halves, a tensor a layer', async () => {
    const matrix = await bring(fixture('safetensors', 'hidden-states.safetensors'))
    expect(matrix.vector.directions.response_avg).toEqual(expectedTensors['float32']!['']!.values)
    const halves = await bring(fixture('safetensors', 'block-outputs.safetensors'))
    expect(layersOf(halves.vector)).toEqual([1, 2, 3, 4])
    // The first 32 numbers of the same generator, rounded to 8 bits of fraction by PyTorch.
    const rounded = expectedTensors['bfloat16']!['']!.values.subarray(0, 32)
    expect(halves.vector.directions.response_avg.subarray(8)).toEqual(rounded)
    const path = fixture('safetensors', 'by-layer.safetensors')
    await expect(bring(path)).rejects.toMatchObject({ code: 'VECTOR_CONVENTION_UNCLEAR' })
    expect(layersOf((await bring(path, { convention: 'saklas' })).vector)).toEqual([1, 2, 3, 4])
  })

  test('for a model of another shape is refused', async () => {
    const other = `file:${await writeSmallModel(folder, 4, 16)}`
    await expect(bring(fixture(newest, 'float32.pt'), { model: other })).rejects.toMatchObject({
      code: 'VECTOR_MODEL_MISMATCH',
    })
  })

  test('for a model that is not here asks for what the file does not tell', async () => {
    const gone = 'hf:nobody/nothing/none.gguf'
    const path = fixture(newest, 'float32.pt')
    await expect(bring(path, { model: gone })).rejects.toMatchObject({ code: 'VECTOR_CONVENTION_UNCLEAR' })
    const { vector, modelKnown } = await bring(path, { model: gone, convention: 'persona-vectors' })
    expect(modelKnown).toBe(false)
    expect(vector).toMatchObject({ blockCount: 4, provenance: { model: { id: 'none', fileHash: 'unknown' } } })
  })

  test('over a vector of the same name is refused unless it is said', async () => {
    await bring(fixture(newest, 'float32.pt'), { name: 'taken' })
    const again = bring(fixture(newest, 'float16.pt'), { name: 'taken', overwrite: false })
    await expect(again).rejects.toMatchObject({ code: 'VECTOR_NAME_TAKEN' })
  })

  test('a vector of ours is refused with a line that says why', async () => {
    const path = join(folder, 'own.safetensors')
    await writeVector(path, extracted())
    await expect(bring(path)).rejects.toThrow(/a vector of Personascope already/)
  })

  test.each([
    ['what is not there', 'none.pt', 'FILE_NOT_FOUND'],
    ['a folder', '.', 'FILE_INVALID'],
    ['an empty file', 'empty', 'FILE_INVALID'],
    ['a text', 'text', 'FILE_INVALID'],
  ])('%s is refused', async (_, name, code) => {
    await writeFile(join(folder, 'empty'), '')
    await writeFile(join(folder, 'text'), 'a text that is no vector at all')
    await expect(bring(join(folder, name))).rejects.toMatchObject({ code })
  })
})

describe('relative doses of an imported vector', () => {
  test('are unknown, and say so', async () => {
    const { vector } = await bring(fixture(newest, 'float32.pt'))
    expect(() => relativeNorm(vector, 2 as Layer)).toThrowError(/does not know how long response tokens are/)
    expect(() => coefficientOf(vector, 2 as Layer, 0.1)).toThrowError(/--norms-from/)
    expect(() => directionAt(vector, 2 as Layer, 'prompt_last')).toThrowError(/no direction prompt_last/)
  })

  test('are known with the lengths of a vector of the same model', async () => {
    const { vector, path } = await bring(fixture(newest, 'float32.pt'), { normsFrom: extracted() })
    expect(vector.medianResponseNorms).toEqual(extracted().medianResponseNorms)
    expect(relativeNorm(await readVector(path), 2 as Layer)).toBeGreaterThan(0)
    const other = bring(fixture(newest, 'float32.pt'), { normsFrom: { ...extracted(), hiddenSize: 4 } })
    await expect(other).rejects.toMatchObject({ code: 'VECTOR_MODEL_MISMATCH' })
  })
})

describe('exporting', () => {
  test('to GGUF and back gives every layer from 2 on, bit for bit', async () => {
    const path = join(folder, 'joyful.gguf')
    expect(await exportVector(extracted(), { format: 'gguf', path })).toEqual([2, 3, 4])
    const { vector, placed } = await bring(path)
    expect(placed).toMatchObject({ convention: 'llama.cpp', because: 'the file says so' })
    for (const layer of [2, 3, 4] as Layer[])
      expect(directionAt(vector, layer)).toEqual(directionAt(extracted(), layer))
    expect(directionAt(vector, 1 as Layer)).toEqual(new Float32Array(8))
  })

  test('to safetensors and back gives every layer, bit for bit', async () => {
    const path = join(folder, 'joyful.safetensors')
    expect(await exportVector(extracted(), { format: 'safetensors', path })).toEqual([0, 1, 2, 3, 4])
    const { tensors, metadata } = await readSafetensors(path)
    expect(tensors['direction']).toEqual({ shape: [5, 8], values: extracted().directions.response_avg })
    expect(metadata).toMatchObject({ convention: 'hidden-states', trait: 'joyful', model: modelId })
    expect((await bring(path)).vector.directions.response_avg).toEqual(extracted().directions.response_avg)
  })

  test('of some layers to safetensors writes a tensor each, which come back where they were', async () => {
    const path = join(folder, 'some.safetensors')
    await exportVector(extracted(), { format: 'safetensors', path, layers: [2, 3] })
    expect(Object.keys((await readSafetensors(path)).tensors)).toEqual(['layer_2', 'layer_3'])
    const { vector } = await bring(path)
    expect(layersOf(vector)).toEqual([2, 3])
    expect(directionAt(vector, 3 as Layer)).toEqual(directionAt(extracted(), 3 as Layer))
  })

  test('to CSV writes a row a layer that gives the same float32 again', async () => {
    const path = join(folder, 'joyful.csv')
    await exportVector(extracted(), { format: 'csv', path })
    const [header, ...rows] = (await readFile(path, 'utf8')).trimEnd().split('\n')
    expect(header).toBe('layer,d0,d1,d2,d3,d4,d5,d6,d7')
    expect(rows.map(row => row.split(',')[0])).toEqual(['0', '1', '2', '3', '4'])
    const values = rows.flatMap(row => row.split(',').slice(1).map(Number))
    expect(Float32Array.from(values)).toEqual(extracted().directions.response_avg)
  })

  test('takes the kind and the factor that were asked for', async () => {
    const path = join(folder, 'scaled.csv')
    await exportVector(extracted(), { format: 'csv', path, kind: 'prompt_last', scale: -2, layers: [3, 3] })
    const values = (await readFile(path, 'utf8')).trimEnd().split('\n')[1]!.split(',').slice(1).map(Number)
    const wanted = directionAt(extracted(), 3 as Layer, 'prompt_last').map(value => -2 * value)
    expect(Float32Array.from(values)).toEqual(wanted)
  })

  test.each<[Parameters<typeof exportVector>[1]['format'], [number, number], RegExp]>([
    ['gguf', [1, 3], /2-4 \(llama\.cpp refuses a direction for the first block, which is layer 1\), got "1-3"/],
    ['gguf', [1, 1], /2-4/],
    ['csv', [3, 5], /0-4, got "3-5"/],
    ['safetensors', [7, 9], /0-4/],
  ])('to %s of the layers %j is refused where there is none', async (format, layers, why) => {
    const path = join(folder, 'never')
    await expect(exportVector(extracted(), { format, path, layers })).rejects.toThrow(why)
  })
})

describe('a combination in the workspace', () => {
  test('names its parents by the hashes of their files', async () => {
    const paths = []
    for (const name of ['joyful', 'calm']) {
      const path = vectorPath(workspace.vectors, modelId, name)
      await writeVector(path, extracted(name))
      paths.push(path)
    }
    const { vector, path } = await combineStoredVectors({
      expression: '2*joyful - calm',
      name: 'mixed',
      modelId,
      workspace,
    })
    expect(vector.provenance.origin).toMatchObject({
      terms: [
        { name: 'joyful', sha256: await sha256OfFile(paths[0]!), weight: 2 },
        { name: 'calm', sha256: await sha256OfFile(paths[1]!), weight: -1 },
      ],
    })
    expect(vector.directions).toEqual(extracted().directions)
    expect(await readVector(path)).toEqual(vector)
    const unknown = combineStoredVectors({ expression: 'a', name: 'b', modelId, workspace })
    await expect(unknown).rejects.toMatchObject({ code: 'VECTOR_UNKNOWN' })
  })

  test('of an imported and an extracted vector has the one direction both have', async () => {
    await writeVector(vectorPath(workspace.vectors, modelId, 'joyful'), extracted())
    await bring(fixture('gguf', 'repeng.gguf'), { name: 'honest' })
    const { vector } = await combineStoredVectors({ expression: 'joyful + honest', name: 'both', modelId, workspace })
    expect(Object.keys(vector.directions)).toEqual(['response_avg'])
    expect(layersOf(vector)).toEqual([2, 3, 4])
    expect(relativeNorm(vector, 2 as Layer)).toBeGreaterThan(0)
  })
})
