import { describe, expect, test } from 'vitest'
import type { Capture } from '../contract/capture.ts'
import type { Layer } from '../contract/layer.ts'
import { ActivationCollector } from './activation-collector.ts'

const layers = [1, 3] as Layer[]
/** A row that tells its layer and position. */
const row = (layer: number, position: number) => Float32Array.of(layer, position, 10 * layer + position)

function collect(capture: Capture, options: { prompt: number; total: number; certain?: boolean; settle?: number }) {
  const collector = new ActivationCollector(capture, {
    blockCount: 4,
    hiddenSize: 3,
    promptLength: options.prompt,
    responseIsCertain: options.certain ?? true,
  })
  for (let position = 0; position < options.total; position++) {
    for (const layer of [0, 1, 2, 3, 4] as Layer[]) {
      if (collector.needs(layer, position)) collector.take(layer, position, row(layer, position))
    }
    if (options.settle !== undefined) collector.settle(options.settle)
  }
  return collector
}

describe('a collector of activations', () => {
  test('takes means over the response and over the prompt, with and without token 0', () => {
    const activations = collect(
      { layers, responseMean: true, promptMean: true, promptLast: true },
      { prompt: 3, total: 7 },
    ).finish(4)
    expect([...activations.responseMean!]).toEqual([1, 4.5, 14.5, 3, 4.5, 34.5])
    expect([...activations.promptMean!]).toEqual([1, 1, 11, 3, 1, 31])
    expect([...activations.promptMeanWithoutFirst!]).toEqual([1, 1.5, 11.5, 3, 1.5, 31.5])
    expect([...activations.promptLast!]).toEqual([1, 2, 12, 3, 2, 32])
  })

  test('gives no mean where there is no token to take it over', () => {
    const activations = collect({ layers, responseMean: true, promptMean: true }, { prompt: 1, total: 1 }).finish(0)
    expect(activations.responseMean).toBeUndefined()
    expect(activations.promptMeanWithoutFirst).toBeUndefined()
    expect([...activations.promptMean!]).toEqual([1, 0, 10, 3, 0, 30])
  })

  test('leaves out tokens that were taken back', () => {
    const capture = { layers, responseMean: true, responseNorms: true }
    const activations = collect(capture, { prompt: 2, total: 7, certain: false, settle: 2 }).finish(3)
    expect([...activations.responseMean!]).toEqual([1, 3, 13, 3, 3, 33])
    expect(activations.responseNorms).toHaveLength(2 * 3)
  })

  test('starts over where the answer begins after a thought', () => {
    const collector = collect({ layers, responseMean: true, responseNorms: true }, { prompt: 2, total: 4 })
    collector.startResponseAt(3)
    for (let position = 4; position < 7; position++) {
      for (const layer of layers) collector.take(layer, position, row(layer, position))
    }
    const activations = collector.finish(2)
    expect([...activations.responseMean!]).toEqual([1, 5.5, 15.5, 3, 5.5, 35.5])
    expect(activations.responseNorms).toHaveLength(4)
  })

  test('reads probes at every token', () => {
    const probes = [{ name: 'p', layer: 2 as Layer, direction: Float32Array.of(0, 2, 0) }]
    const [reading] = collect({ layers: [], probes }, { prompt: 2, total: 5 }).finish(3).readings
    expect([...reading!.prompt]).toEqual([0, 1])
    expect([...reading!.response]).toEqual([2, 3, 4])
  })

  test('goes on from a prefix as if it had read it itself', () => {
    const capture = {
      layers,
      promptMean: true,
      promptLast: true,
      probes: [{ name: 'p', layer: 1 as Layer, direction: Float32Array.of(1, 1, 1) }],
    }
    const whole = collect(capture, { prompt: 5, total: 5 })
    const prefix = collect(capture, { prompt: 5, total: 3 }).promptProgress(true)
    const rest = new ActivationCollector(capture, {
      blockCount: 4,
      hiddenSize: 3,
      promptLength: 5,
      responseIsCertain: true,
    })
    rest.resumePrompt(prefix)
    for (const position of [3, 4]) for (const layer of layers) rest.take(layer, position, row(layer, position))
    expect(rest.finish(0)).toEqual(whole.finish(0))
  })

  test('knows the deepest layer it reads', () => {
    const deepest = (capture: Capture) => collect(capture, { prompt: 1, total: 0 }).deepest
    expect(deepest({ layers: 'all', promptLast: true })).toBe(4)
    expect(deepest({ layers: 'all' })).toBe(0)
    expect(
      deepest({ layers: [1 as Layer], probes: [{ name: 'p', layer: 3 as Layer, direction: new Float32Array(3) }] }),
    ).toBe(3)
  })
})
