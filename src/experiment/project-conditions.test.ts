import { describe, expect, test } from 'vitest'
import type { Layer } from '../engine/contract/layer.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { projectConditions, randomDirections } from './project-conditions.ts'
import { normalDraws } from './synthetic-rows.case.ts'

const draw = normalDraws(3)
const [blockCount, hiddenSize] = [2, 8]
const states = Array.from({ length: 5 }, () =>
  Float32Array.from({ length: (blockCount + 1) * hiddenSize }, () => draw()),
)
const questionSums = Float32Array.from({ length: 3 * hiddenSize }, () => draw())
const layer1 = Float32Array.from(
  { length: hiddenSize },
  (_, i) => [0, 1, 2].reduce((sum, question) => sum + questionSums[question * hiddenSize + i]!, 0) / 6,
)
const vector = {
  blockCount,
  hiddenSize,
  // Layer 0 is zero, layer 2 points along the first number.
  directions: {
    response_avg: Float32Array.from([...new Array(hiddenSize).fill(0), ...layer1, 3, 0, 0, 0, 0, 0, 0, 0]),
  },
  defaultLayer: 2 as Layer,
  readingLayer: 1 as Layer,
  questionSums,
} as unknown as PersonaVector

describe('projections', () => {
  test('are h.v / |v| at every layer; there are none where the vector is zero', () => {
    const { projections } = projectConditions(states, vector, 1 as Layer, 0)
    expect(projections).toHaveLength(3)
    expect(projections[0]).toBeUndefined()
    expect([...projections[2]!]).toEqual(states.map(state => expect.closeTo(state[2 * hiddenSize]!, 6)))
  })

  test('of the parts of extraction questions add up to the projection, but for its scale', () => {
    const { projections, questionProjections } = projectConditions(states, vector, 1 as Layer, 0)
    expect(questionProjections).toHaveLength(3)
    const sums = states.map((_, index) => questionProjections!.reduce((sum, part) => sum + part[index]!, 0))
    const scale = sums[0]! / projections[1]![0]!
    expect(sums).toEqual([...projections[1]!].map(value => expect.closeTo(scale * value, 4)))
  })

  test('of extraction questions are known at the reading layer only', () => {
    expect(projectConditions(states, vector, 2 as Layer, 0).questionProjections).toBeUndefined()
    const { questionSums: _, ...imported } = vector
    expect(projectConditions(states, imported as PersonaVector, 1 as Layer, 0).questionProjections).toBeUndefined()
  })
})

describe('random directions', () => {
  test('are the same for the same seed, others at every layer and for every seed', () => {
    const of = (seed: number) => projectConditions(states, vector, 1 as Layer, seed).randomProjections
    expect(of(1)).toEqual(of(1))
    expect(of(1)[1]![0]).not.toEqual(of(2)[1]![0])
    expect(of(1)[1]).toHaveLength(randomDirections)
    const same = [states[0]!.slice().fill(1)]
    const flat = projectConditions(same, vector, 1 as Layer, 0).randomProjections
    expect(flat[1]![0]).not.toEqual(flat[2]![0])
  })

  test('are of length 1 and point everywhere alike', () => {
    const along = Float32Array.from({ length: (blockCount + 1) * hiddenSize }, (_, i) => (i % hiddenSize === 0 ? 1 : 0))
    const { randomProjections } = projectConditions([along], vector, 1 as Layer, 0)
    const cosines = randomProjections.flatMap(directions => directions.map(values => values[0]!))
    expect(cosines.every(value => Math.abs(value) <= 1)).toBe(true)
    // Uniform on the sphere: each number has mean 0 and mean square 1 / d.
    const squares = cosines.reduce((sum, value) => sum + value * value, 0) / cosines.length
    expect(squares).toBeCloseTo(1 / hiddenSize, 1)
    expect(cosines.reduce((sum, value) => sum + value, 0) / cosines.length).toBeCloseTo(0, 1)
  })
})
