import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Layer } from '../engine/contract/layer.ts'
import { readSafetensors, writeSafetensors } from '../store/safetensors.ts'
import { coefficientOf, doseOf } from './dose.ts'
import { directionAt, type PersonaVector } from './persona-vector.ts'
import { listVectors, readVector, vectorPath, writeVector } from './vector-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const matrix = (start: number) => Float32Array.from({ length: 6 }, (_, index) => start + index)
const vector: PersonaVector = {
  blockCount: 2,
  hiddenSize: 2,
  directions: {
    response_avg: Float32Array.of(0, 0, 3, 4, -6, 8),
    prompt_avg: matrix(1),
    prompt_avg_without_first: matrix(2),
    prompt_last: matrix(3),
  },
  medianResponseNorms: Float32Array.of(1, 50, 20),
  hasEmbedding: true,
  defaultLayer: 1 as Layer,
  defaultLayerReason: 'a reason',
  provenance: {
    trait: { name: 'joyful', hash: 'h' },
    model: { id: 'a/model', fileHash: 'f', architecture: 'llama', weightFormat: 'Q8_0', chatTemplateHash: 't' },
    engine: { name: 'fake', version: '1', contexts: 1, slotsPerContext: 1 },
    judge: 'none',
    unfiltered: true,
    pairsPlanned: 4,
    pairsKept: 3,
    responseTokens: 99,
    settings: { samples: 1, maxTokens: 60, temperature: 1, seed: 0 },
    personascopeVersion: '0.1.0',
    createdAt: '2026-01-01T00:00:00.000Z',
  },
}

describe('a vector file', () => {
  test('is read as it was written', async () => {
    const path = vectorPath(folder, vector.provenance.model.id, 'joyful')
    await writeVector(path, vector)
    expect(await readVector(path)).toEqual(vector)
    expect(await listVectors(folder, 'a/model')).toEqual(['joyful'])
  })

  test('keeps the direction for screening, its layer and its evidence; a file without one is read as before', async () => {
    const layers = [1, 2].map(layer => ({
      layer: layer as Layer,
      relativeNorm: 0.1,
      screening: { fromSuppressed: 0.7, fromOrdinary: 0.8 },
    }))
    const screening = {
      directions: Float32Array.of(1, 0, 0, 1, 0.6, 0.8),
      answers: { evoked: 3, suppressed: 3, ordinary: 2 },
      layer: 2 as Layer,
      layerReason: 'a reason',
    }
    const path = join(folder, 'screening.safetensors')
    const whole = { ...vector, profile: { folds: 4, layers }, screening }
    await writeVector(path, whole)
    expect(await readVector(path)).toEqual(whole)
    expect(await readVector(vectorPath(folder, 'a/model', 'joyful'))).not.toHaveProperty('screening')
    const file = await readSafetensors(path)
    const { screening: _, ...tensors } = file.tensors
    await writeSafetensors(path, { ...file, tensors })
    await expect(readVector(path)).rejects.toThrow(/tensor screening is not 3 x 2/)
    await writeSafetensors(path, { ...file, metadata: { ...file.metadata, screening_layer: '9' } })
    await expect(readVector(path)).rejects.toMatchObject({ code: 'LAYER_OUT_OF_RANGE' })
    const { screening_answers: __, ...metadata } = file.metadata
    await writeSafetensors(path, { ...file, metadata })
    await expect(readVector(path)).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })

  test('says what its rows are', async () => {
    const { tensors, metadata } = await readSafetensors(vectorPath(folder, 'a/model', 'joyful'))
    expect(tensors['response_avg']!.shape).toEqual([3, 2])
    expect(metadata['layer_base']).toMatch(/row L is layer L/)
    expect(metadata['hook_point']).toBeDefined()
    expect(metadata['operation']).toBeDefined()
    expect(JSON.parse(metadata['provenance']!)).toMatchObject({ unfiltered: true })
  })

  test('gives the row of a layer', () => {
    expect([...directionAt(vector, 2 as Layer)]).toEqual([-6, 8])
    expect([...directionAt(vector, 1 as Layer, 'prompt_last')]).toEqual([5, 6])
  })

  test.each<
    [string, (file: Awaited<ReturnType<typeof readSafetensors>>) => Awaited<ReturnType<typeof readSafetensors>>]
  >([
    ['another format', file => ({ ...file, metadata: { ...file.metadata, format: 'other' } })],
    ['a newer version', file => ({ ...file, metadata: { ...file.metadata, format_version: '2' } })],
    ['a missing tensor', ({ tensors: { prompt_last: _, ...tensors }, metadata }) => ({ tensors, metadata })],
    [
      'a tensor of another shape',
      file => ({ ...file, tensors: { ...file.tensors, prompt_avg: { shape: [2, 3], values: matrix(0) } } }),
    ],
    [
      'a value that is not finite',
      file => ({ ...file, tensors: { ...file.tensors, prompt_avg: { shape: [3, 2], values: matrix(Number.NaN) } } }),
    ],
    ['no provenance', file => ({ ...file, metadata: { ...file.metadata, provenance: '{}' } })],
    ['provenance that is not JSON', file => ({ ...file, metadata: { ...file.metadata, provenance: 'x' } })],
  ])('with %s is refused', async (_, damage) => {
    const path = join(folder, 'bad.safetensors')
    await writeSafetensors(path, damage(await readSafetensors(vectorPath(folder, 'a/model', 'joyful'))))
    await expect(readVector(path)).rejects.toMatchObject({ code: 'FILE_INVALID', facts: { path } })
  })

  test('with a default layer the vector does not have is refused', async () => {
    const path = join(folder, 'deep.safetensors')
    const file = await readSafetensors(vectorPath(folder, 'a/model', 'joyful'))
    await writeSafetensors(path, { ...file, metadata: { ...file.metadata, default_layer: '3' } })
    await expect(readVector(path)).rejects.toMatchObject({ code: 'LAYER_OUT_OF_RANGE' })
  })

  test('that is none at all is refused', async () => {
    const path = join(folder, 'text.safetensors')
    await writeFile(path, 'this is no safetensors file at all')
    await expect(readVector(path)).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })
})

describe('a relative dose', () => {
  test('is the length added over the median length of response tokens', () => {
    // |v| = 5 at layer 1, median 50: a coefficient of 2 adds a fifth of a token.
    expect(doseOf(vector, 1 as Layer, 2)).toBeCloseTo(0.2, 12)
    expect(doseOf(vector, 2 as Layer, -2)).toBeCloseTo(-1, 12)
    expect(coefficientOf(vector, 1 as Layer, 0.2)).toBeCloseTo(2, 12)
  })

  test('cannot be given where the vector is zero', () => {
    expect(() => coefficientOf(vector, 0 as Layer, 0.1)).toThrowError(/zero/)
  })
})
