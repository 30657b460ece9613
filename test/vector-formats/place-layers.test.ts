/** Which layer a number in a file is: told, read from the file or its shape, never guessed. */
import { describe, expect, test } from 'vitest'
import { type Convention, conventionNames, layerMeant } from '../../src/vector/format/convention.ts'
import type { ForeignVector } from '../../src/vector/format/foreign-vector.ts'
import { type PlaceOptions, placeLayers } from '../../src/vector/format/place-layers.ts'

const model = { id: 'm', blockCount: 4, hiddenSize: 2 }
const known: PlaceOptions = { path: 'f', modelId: 'm', model }
const unknown: PlaceOptions = { path: 'f', modelId: 'm' }

/** A direction that tells its own number. */
function foreign(layout: ForeignVector['layout'], numbers: readonly number[], more: Partial<ForeignVector> = {}) {
  const rows = new Map(numbers.map(number => [number, Float32Array.of(number, 1)]))
  return { format: 'pt', layout, rows, hiddenSize: 2, ...more } as ForeignVector
}

/** Layer to number. */
function placed(vector: ForeignVector, options: PlaceOptions) {
  const { directions, ...rest } = placeLayers(vector, options)
  return { ...rest, layers: Object.fromEntries([...directions].map(([layer, [number]]) => [layer, number])) }
}

describe('a number means', () => {
  test.each<[Convention, number]>([
    ['hidden-states', 3],
    ['persona-vectors', 3],
    ['llama-cvector-generator', 3],
    ['block-output', 4],
    ['assistant-axis', 4],
    ['llama.cpp', 4],
    ['repeng', 4],
    ['saklas', 4],
  ])('as %s counts, of 3, layer %i', (convention, layer) => {
    expect(layerMeant(convention, 3, model)).toBe(layer)
  })

  test('in every convention one layer, and no layer the model does not have', () => {
    for (const convention of conventionNames)
      expect(() => layerMeant(convention, 5, model)).toThrowError(/layer 0\.\.4/)
  })
})

describe('a matrix for a model that is here', () => {
  test('of B+1 rows begins with the embedding', () => {
    expect(placed(foreign('matrix', [0, 1, 2, 3, 4]), known)).toMatchObject({
      convention: 'hidden-states',
      because: 'it has 5 rows, and m 4 blocks',
      layers: { 0: 0, 1: 1, 2: 2, 3: 3, 4: 4 },
    })
  })

  test('of B rows begins with the first block', () => {
    expect(placed(foreign('matrix', [0, 1, 2, 3]), known)).toMatchObject({
      convention: 'block-output',
      layers: { 1: 0, 2: 1, 3: 2, 4: 3 },
    })
  })

  test('of another number of rows is refused, and so is another hidden size', () => {
    expect(() => placed(foreign('matrix', [0, 1, 2]), known)).toThrowError(
      /a model of 2 or 3 blocks of 2.*m \(4 blocks of 2\)/,
    )
    expect(() => placed(foreign('matrix', [0, 1, 2, 3, 4], { hiddenSize: 3 }), known)).toThrowError(/blocks of 3/)
  })

  test('is what the user says, against its shape', () => {
    expect(placed(foreign('matrix', [0, 1, 2, 3]), { ...known, convention: 'hidden-states' })).toMatchObject({
      because: 'so it was said',
      layers: { 0: 0, 1: 1, 2: 2, 3: 3 },
    })
    expect(() => placed(foreign('matrix', [0, 1, 2, 3, 4]), { ...known, convention: 'saklas' })).toThrowError(/got 5/)
  })
})

describe('a matrix for a model that is not here', () => {
  test('is not guessed at', () => {
    expect(() => placed(foreign('matrix', [0, 1, 2, 3]), unknown)).toThrowError(
      /Cannot tell which layers f means: its 4 rows may begin with the embedding or with the first block/,
    )
  })

  test.each<[Convention, number]>([
    ['persona-vectors', 3],
    ['assistant-axis', 4],
  ])('has, as %s counts, %i blocks', (convention, blockCount) => {
    expect(placed(foreign('matrix', [0, 1, 2, 3]), { ...unknown, convention })).toMatchObject({
      convention,
      blockCount,
    })
  })

  test('is told by the number of blocks', () => {
    expect(placed(foreign('matrix', [0, 1, 2, 3]), { ...unknown, blockCount: 3 })).toMatchObject({
      convention: 'hidden-states',
    })
  })
})

describe('numbered directions', () => {
  test('with a number B can only count layers', () => {
    expect(placed(foreign('numbered', [2, 4]), known)).toMatchObject({
      convention: 'hidden-states',
      layers: { 2: 2, 4: 4 },
    })
  })

  test('without are not guessed at', () => {
    expect(() => placed(foreign('numbered', [3, 1]), known)).toThrowError(
      /its directions are numbered 1 to 3, which may count layers or blocks.*--convention/,
    )
  })

  test('are what the file says', () => {
    const declared = { convention: 'repeng', because: 'a reason' } as const
    expect(placed(foreign('numbered', [3, 1], { declared }), known)).toEqual({
      ...declared,
      blockCount: 4,
      layers: { 2: 1, 4: 3 },
    })
  })

  test('are what the user says, against the file', () => {
    const declared = { convention: 'repeng', because: 'a reason' } as const
    const options = { ...known, convention: 'llama-cvector-generator' } as const
    expect(placed(foreign('numbered', [1, 3], { declared }), options).layers).toEqual({ 1: 1, 3: 3 })
  })

  test('name the doubt the file leaves', () => {
    expect(() => placed(foreign('numbered', [1], { doubt: 'a doubt' }), known)).toThrowError(/a doubt/)
  })

  test('need the number of blocks where the model is not here', () => {
    const options = { ...unknown, convention: 'repeng' } as const
    expect(() => placed(foreign('numbered', [1]), options)).toThrowError(/Expected --blocks/)
    expect(placed(foreign('numbered', [1]), { ...options, blockCount: 4 })).toMatchObject({ blockCount: 4 })
  })

  test('of the embedding alone are refused', () => {
    const options = { ...known, convention: 'hidden-states' } as const
    expect(() => placed(foreign('numbered', [0]), options)).toThrowError(/embedding alone/)
  })
})

describe('one direction', () => {
  test('needs its layer, and goes there', () => {
    expect(() => placed(foreign('single', [0]), known)).toThrowError(/Expected --layer to be given/)
    expect(placed(foreign('single', [0]), { ...known, layer: 3 })).toMatchObject({
      convention: 'layer',
      layers: { 3: 0 },
    })
    expect(() => placed(foreign('single', [0]), { ...known, layer: 5 })).toThrowError(/layer 1\.\.4/)
  })
})
