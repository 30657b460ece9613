import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Layer } from '../engine/contract/layer.ts'
import { dot, norm } from '../numeric/vector-math.ts'
import { type Combination, combineVectors, cosineMatrix, type NamedVector } from './arithmetic.ts'
import { assembleVector, noExtraction } from './format/assemble-vector.ts'
import { directionAt, layersOf, type PersonaVector } from './persona-vector.ts'

/** Computed by numpy (test/vector-formats/make_fixtures.py). */
const known: Readonly<Record<string, number[]>> = JSON.parse(
  readFileSync(new URL('../../test/vector-formats/fixtures/arithmetic.json', import.meta.url), 'utf8'),
)
const facts = { name: 'made', personascopeVersion: '0', createdAt: '2026-01-01T00:00:00.000Z' }

/** Four blocks of eight. */
function named(name: string, layers: readonly number[] = [0, 1, 2, 3, 4], modelId = 'm'): NamedVector {
  const matrix = Float32Array.from(known[name] ?? new Array(40).fill(0))
  const vector = assembleVector({
    blockCount: 4,
    hiddenSize: 8,
    directions: new Map(layers.map(layer => [layer as Layer, matrix.subarray(8 * layer, 8 * layer + 8)])),
    provenance: {
      ...noExtraction,
      origin: { kind: 'import', file: `${name}.pt`, sha256: 'x', format: 'pt', convention: 'hidden-states', layers },
      trait: { name, hash: 'unknown' },
      model: { id: modelId, fileHash: '', architecture: '', weightFormat: '', chatTemplateHash: '' },
      personascopeVersion: '0',
      createdAt: '',
    },
  })
  return { name, sha256: `sha-${name}`, vector }
}

const [a, b, c] = [named('a'), named('b'), named('c')]
const sumOfBoth: Combination = {
  terms: [
    { ...a, weight: 0.5 },
    { ...b, weight: -0.2 },
  ],
}

function expectClose(vector: PersonaVector, wanted: string) {
  for (const [index, value] of vector.directions.response_avg.entries())
    expect(value).toBeCloseTo(known[wanted]![index]!, 5)
}

describe('a combination is what numpy computes', () => {
  test('as a weighted sum', () => {
    expectClose(combineVectors(sumOfBoth, facts), 'sum')
  })

  test('without the part along another vector', () => {
    const made = combineVectors({ terms: [{ ...a, weight: 1 }], orthogonalTo: [b] }, facts)
    expectClose(made, 'without_b')
    for (const layer of layersOf(made))
      expect(Math.abs(dot(directionAt(made, layer), directionAt(b.vector, layer)))).toBeLessThan(1e-4)
  })

  test('without the parts along two vectors that are not at right angles', () => {
    expectClose(combineVectors({ ...sumOfBoth, orthogonalTo: [b, c] }, facts), 'sum_without_b_and_c')
  })

  test('at length 1 on every layer', () => {
    const made = combineVectors({ ...sumOfBoth, normalised: true }, facts)
    expectClose(made, 'unit_sum')
    for (const layer of layersOf(made)) expect(norm(directionAt(made, layer))).toBeCloseTo(1, 6)
  })

  test('in its cosines', () => {
    for (let layer = 0; layer < 5; layer++) {
      const cosines = cosineMatrix([a, b, c], layer as Layer).flat()
      for (const [index, value] of cosines.entries())
        expect(value).toBeCloseTo(known['cosines']![9 * layer + index]!, 6)
    }
  })
})

describe('a combination', () => {
  test('of a vector alone, times 1, is that vector bit for bit', () => {
    const made = combineVectors({ terms: [{ ...a, weight: 1 }] }, facts)
    expect(made.directions).toEqual(a.vector.directions)
  })

  test('names its parents and their hashes', () => {
    const { provenance } = combineVectors({ ...sumOfBoth, orthogonalTo: [c], normalised: true }, facts)
    expect(provenance).toMatchObject({
      trait: { name: 'made' },
      model: { id: 'm' },
      origin: {
        kind: 'combination',
        terms: [
          { name: 'a', sha256: 'sha-a', weight: 0.5 },
          { name: 'b', sha256: 'sha-b', weight: -0.2 },
        ],
        orthogonalTo: [{ name: 'c', sha256: 'sha-c' }],
        normalised: true,
        layers: [0, 1, 2, 3, 4],
      },
    })
  })

  test('has the layers all of them have, and zeros elsewhere', () => {
    const made = combineVectors(
      {
        terms: [
          { ...named('a', [1, 2, 3]), weight: 1 },
          { ...named('b', [2, 3, 4]), weight: 1 },
        ],
      },
      facts,
    )
    expect(layersOf(made)).toEqual([2, 3])
    expect(norm(directionAt(made, 1 as Layer))).toBe(0)
    expect(norm(directionAt(made, 2 as Layer))).toBeGreaterThan(0)
    expect(made.hasEmbedding).toBe(false)
    expect([2, 3]).toContain(made.defaultLayer)
  })

  test('of a vector and what is parallel to it is refused: nothing is left', () => {
    const nothing = () =>
      combineVectors(
        {
          terms: [
            { ...a, weight: 1 },
            { ...a, weight: -1 },
          ],
        },
        facts,
      )
    expect(nothing).toThrowError(/zero at every layer/)
  })

  test('of vectors that share no layer is refused', () => {
    const apart = () =>
      combineVectors(
        {
          terms: [
            { ...named('a', [1]), weight: 1 },
            { ...named('b', [2]), weight: 1 },
          ],
        },
        facts,
      )
    expect(apart).toThrowError(/share a layer/)
  })

  test('of vectors of different models is refused', () => {
    const mixed = () =>
      combineVectors(
        {
          terms: [
            { ...a, weight: 1 },
            { ...named('b', [1], 'other'), weight: 1 },
          ],
        },
        facts,
      )
    expect(mixed).toThrowError(/Expected vectors of one model: a is of m \(4 blocks of 8\), b of other/)
    expect(() => cosineMatrix([a, named('b', [1], 'other')], 1 as Layer)).toThrowError(/of one model/)
  })

  test('takes a direction it is orthogonal to twice only once', () => {
    const once = combineVectors({ terms: [{ ...a, weight: 1 }], orthogonalTo: [b] }, facts)
    const twice = combineVectors({ terms: [{ ...a, weight: 1 }], orthogonalTo: [b, b] }, facts)
    expect(twice.directions).toEqual(once.directions)
  })
})

describe('a comparison', () => {
  test('is 1 with itself and the same both ways', () => {
    const cosines = cosineMatrix([a, b, c], 2 as Layer)
    for (const [row, values] of cosines.entries()) {
      expect(values[row]).toBe(1)
      for (const [column, value] of values.entries()) expect(cosines[column]![row]).toBe(value)
    }
  })

  test('at a layer one of them does not have is refused', () => {
    expect(() => cosineMatrix([a, named('b', [2, 3])], 1 as Layer)).toThrowError(/layer 2\.\.3 of the vector b, got 1/)
  })
})
