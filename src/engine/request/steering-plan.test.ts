import { describe, expect, test } from 'vitest'
import type { Layer } from '../contract/layer.ts'
import type { Steering } from '../contract/steering.ts'
import { SteeringPlan } from './steering-plan.ts'

const layer = 2 as Layer
const apply = (steering: Steering[], values: number[], position = 0, promptLength = 3) => {
  const row = Float32Array.from(values)
  new SteeringPlan(steering, promptLength).apply(layer, position, row)
  return [...row]
}

describe('a steering plan', () => {
  test('adds coefficient times vector, rounded once to float32 as llama.cpp does', () => {
    const vector = Float32Array.of(0.1, 0.2)
    const expected = [1, 2].map((value, index) => Math.fround(value + Math.fround(3 * vector[index]!)))
    expect(apply([{ mode: 'add', layer, vector, coefficient: 3 }], [1, 2])).toEqual(expected)
  })

  test('ablates along the unit direction, whatever the length of the one given', () => {
    expect(apply([{ mode: 'ablate', layer, direction: Float32Array.of(0, 5) }], [4, 3])).toEqual([4, 0])
  })

  test('caps what exceeds the ceiling and nothing else', () => {
    const cap = (ceiling: number): Steering => ({ mode: 'cap', layer, direction: Float32Array.of(2, 0), ceiling })
    expect(apply([cap(1)], [4, 3])).toEqual([1, 3])
    expect(apply([cap(5)], [4, 3])).toEqual([4, 3])
    expect(apply([cap(1)], [-4, 3])).toEqual([-4, 3])
  })

  test('acts in the order given', () => {
    const add: Steering = { mode: 'add', layer, vector: Float32Array.of(10, 0), coefficient: 1 }
    const ablate: Steering = { mode: 'ablate', layer, direction: Float32Array.of(1, 0) }
    expect(apply([add, ablate], [1, 1])).toEqual([0, 1])
    expect(apply([ablate, add], [1, 1])).toEqual([10, 1])
  })

  test.each([
    ['all', [true, true, true, true]],
    ['prompt', [true, true, true, false]],
    ['response', [false, false, true, true]],
  ] as const)('with positions %s covers exactly its positions', (positions, expected) => {
    const plan = new SteeringPlan([{ mode: 'add', layer, vector: Float32Array.of(1), coefficient: 1, positions }], 3)
    expect([0, 1, 2, 3].map(position => plan.needs(layer, position))).toEqual(expected)
    expect([0, 1, 2, 3].map(position => plan.apply(layer, position, Float32Array.of(0)))).toEqual(expected)
    expect(plan.report()).toEqual([{ steeredPositions: expected.filter(Boolean).length }])
  })

  test('a condition on the same layer sees the row as it was, and holds from then on', () => {
    const when = { layer, direction: Float32Array.of(1, 0), above: 2 }
    const plan = new SteeringPlan([{ mode: 'add', layer, vector: Float32Array.of(100, 0), coefficient: 1, when }], 5)
    const results = [1, 3, 0].map((value, position) => {
      const row = Float32Array.of(value, 0)
      plan.apply(layer, position, row)
      return row[0]
    })
    expect(results).toEqual([1, 103, 100])
    expect(plan.report()).toEqual([{ steeredPositions: 2, firedAtPosition: 1 }])
  })

  test('a condition on a deeper layer acts one token later', () => {
    const when = { layer: 3 as Layer, direction: Float32Array.of(1), above: 0 }
    const plan = new SteeringPlan([{ mode: 'add', layer, vector: Float32Array.of(1), coefficient: 1, when }], 5)
    const row = Float32Array.of(1)
    expect(plan.apply(layer, 0, row)).toBe(false)
    plan.apply(3 as Layer, 0, row)
    expect(plan.apply(layer, 1, row)).toBe(true)
  })

  test('goes on from where a prefix left it', () => {
    const when = { layer, direction: Float32Array.of(1), above: 0 }
    const make = () => new SteeringPlan([{ mode: 'add', layer, vector: Float32Array.of(1), coefficient: 1, when }], 5)
    const first = make()
    first.apply(layer, 0, Float32Array.of(1))
    const second = make()
    second.resume(first.progress(true), true)
    expect(second.apply(layer, 1, Float32Array.of(-9))).toBe(true)
    expect(second.report()).toEqual([{ steeredPositions: 2, firedAtPosition: 0 }])
  })
})
