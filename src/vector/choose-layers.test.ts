import { describe, expect, test } from 'vitest'
import type { Layer } from '../engine/contract/layer.ts'
import { chooseLayers, chooseScreeningLayer, provisionalLayer } from './choose-layers.ts'
import type { LayerProfile, SteeringEvidence } from './layer-evidence.ts'

function profile(separations: readonly number[], readings?: readonly number[]): LayerProfile {
  return {
    folds: 4,
    layers: separations.map((separation, index) => ({
      layer: (index + 1) as Layer,
      relativeNorm: 0.1,
      separation,
      ...(readings && { reading: { overall: readings[index]!, withinPrompt: readings[index]! } }),
    })),
  }
}

function withSteering(to: LayerProfile, effects: Readonly<Record<number, number | undefined>>): LayerProfile {
  return {
    ...to,
    steering: {
      doses: [0.1],
      questions: 5,
      samples: 1,
      perplexityBound: 2,
      coherenceBound: 50,
      unsteered: { score: 50, perplexity: 3 },
      layers: Object.entries(effects).map(
        ([layer, effect]): SteeringEvidence => ({
          layer: Number(layer) as Layer,
          atDose: [],
          ...(effect !== undefined && { best: { dose: 0.1, effect, low: effect - 1, high: effect + 1 } }),
        }),
      ),
    },
  }
}

describe('the layer to steer at', () => {
  test('before steering was tried is the one nearest to 0.55 of the depth among those that separate best', () => {
    const { steering } = chooseLayers(profile([0.995, 0.5, 0.99, 0.992, 0.98, 0.5, 0.5, 0.999, 0.5, 0.995]))
    expect(steering.layer).toBe(4)
    expect(steering.reason).toContain('among 5 layers')
    expect(steering.reason).toContain('AUC 0.992')
    expect(steering.reason).toContain('not measured yet')
  })

  test('is where steering did most within the bound, once it was tried', () => {
    const tried = withSteering(profile([0.9, 0.9, 0.99, 0.9, 0.9]), { 2: 8.25, 3: undefined, 4: 21.5 })
    const { steering } = chooseLayers(tried)
    expect(steering.layer).toBe(4)
    expect(steering.reason).toMatch(/of 3 layers steered.*21\.5 points between doses -0\.1 and 0\.1.*20\.5 to 22\.5/)
  })

  test('is chosen by separation where steering raised the score nowhere, and says so', () => {
    for (const effects of [{ 2: -3, 4: 0 }, { 2: undefined }]) {
      const { steering } = chooseLayers(withSteering(profile([0.9, 0.9, 0.99, 0.9, 0.9]), effects))
      expect(steering.layer).toBe(3)
      expect(steering.reason).toContain('raised the score at no layer that was tried')
    }
  })

  test('of equal effects is the first', () => {
    expect(chooseLayers(withSteering(profile([0.9, 0.9, 0.9]), { 1: 5, 2: 7, 3: 7 })).steering.layer).toBe(2)
  })
})

describe('the layer to read at', () => {
  test('is where prompts tell the score best, neighbours counted in: one lucky layer does not win', () => {
    const { reading } = chooseLayers(
      profile([0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9], [0.1, 0.62, 0.1, 0.1, 0.5, 0.55, 0.5, 0.3]),
    )
    expect(reading.layer).toBe(6)
    expect(reading.reason).toContain('r 0.55 over all, 0.55 within one prompt')
  })

  test('is the steering layer where nothing was scored, or not at every layer', () => {
    const separations = [0.9, 0.99, 0.9]
    expect(chooseLayers(profile(separations)).reading).toMatchObject({
      layer: 2,
      reason: expect.stringMatching('no scores'),
    })
    const partly = profile(separations, [0.1, 0.2, 0.9])
    const gap = {
      ...partly,
      layers: partly.layers.map(({ reading, ...row }) => (row.layer === 1 ? row : { ...row, reading: reading! })),
    }
    expect(chooseLayers(gap).reading.layer).toBe(2)
  })
})

test('without a profile the layer is 0.55 of the depth, and never the embedding', () => {
  expect(provisionalLayer(30).layer).toBe(16)
  expect(provisionalLayer(1).layer).toBe(1)
})

describe('where rows of datasets are read', () => {
  const evidence = (areas: readonly (readonly [number, number])[]): LayerProfile => {
    const { layers, ...rest } = profile(areas.map(() => 0.9))
    const screening = areas.map(([fromSuppressed, fromOrdinary]) => ({ fromSuppressed, fromOrdinary }))
    return { ...rest, layers: layers.map((row, index) => ({ ...row, screening: screening[index]! })) }
  }

  test('of the layers that tell answers apart best on average, the one nearest to 0.55 of the depth', () => {
    const areas = [
      [0.5, 0.5],
      [0.7, 0.71],
      [0.71, 0.7],
      [0.9, 0.4],
      [0.65, 0.757],
    ] as const
    // 0.55 of five layers is 2.75.
    expect(chooseScreeningLayer(evidence(areas))).toMatchObject({
      layer: 3,
      reason: expect.stringMatching(/0\.710 from p-, 0\.700/),
    })
  })

  test('nowhere in particular without evidence', () => {
    expect(chooseScreeningLayer(profile([0.9, 0.8]))).toBeUndefined()
  })
})
