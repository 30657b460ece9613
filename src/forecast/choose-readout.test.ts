import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { createRandom, deriveSeed } from '../numeric/random.ts'
import { shuffle } from '../numeric/shuffle.ts'
import { chooseReadout, type LayerFeatures, type ReadoutRows } from './choose-readout.ts'

const prompts = 12
const questions = 40
const columns = 8
const options = { penalties: [1, 10, 100], folds: 3, seed: 1, confidence: 0.9, bins: 3 }

describe('choosing a readout', () => {
  test('finds the layer that holds the score and the direction it lies in', async () => {
    const { layers, rows, direction } = simulate()
    const readout = (await chooseReadout(layers, rows, options))!
    expect(readout.layer).toBe(2)
    expect(readout.byLayer.map(({ layer }) => layer)).toEqual([1, 2, 3])
    expect(readout.withinPromptR).toBeGreaterThan(0.8)
    const length = Math.hypot(...readout.direction) * Math.hypot(...direction)
    const cosine = direction.reduce((sum, value, index) => sum + value * readout.direction[index]!, 0) / length
    expect(cosine).toBeGreaterThan(0.99)
  })

  test('its interval covers answers to other prompts and questions about as often as it says', async () => {
    const { layers, rows } = simulate()
    const readout = (await chooseReadout(layers, rows, options))!
    const other = simulate(2)
    const { values } = other.layers[1]!.features
    const covered = Array.from(other.rows.scores).filter((score, row) => {
      const products = readout.direction.map((weight, column) => weight * values[row * columns + column]!)
      const predicted = readout.intercept + products.reduce((sum, value) => sum + value, 0)
      return Math.abs(score - predicted) <= readout.halfWidth!
    })
    expect(covered.length / other.rows.scores.length).toBeGreaterThan(0.86)
    expect(covered.length / other.rows.scores.length).toBeLessThan(0.94)
  })

  test('shuffled scores are told by no layer', async () => {
    const { layers, rows } = simulate()
    const scores = Float64Array.from(shuffle(rows.scores, createRandom(5)))
    const readout = (await chooseReadout(layers, { ...rows, scores }, options))!
    for (const { withinPromptR } of readout.byLayer) expect(Math.abs(withinPromptR)).toBeLessThan(0.2)
  })

  test('a layer that merely knows the system prompt is not taken for one that tells answers apart', async () => {
    const { rows } = simulate()
    const ofPrompt = Array.from(rows.scores, (_, row) => rows.systemPrompts[row] as number)
    const values = Float32Array.from(
      ofPrompt.flatMap(prompt => Array.from({ length: columns }, (_, c) => prompt ** (c % 3))),
    )
    const layers = [{ layer: 1 as Layer, features: { values, columns } }]
    expect((await chooseReadout(layers, rows, options))?.withinPromptR ?? 0).toBeLessThan(0.2)
  })

  test('agrees with scikit-learn on layer, penalty, direction, intercept and interval', async () => {
    const { columns, systemPrompts, questions, penalties, expected, ...golden } = readGolden<Golden>('choose-readout')
    const layers = golden.layers.map((values, index) => ({
      layer: (index + 1) as Layer,
      features: { values: Float32Array.from(values), columns },
    }))
    const rows = { scores: Float64Array.from(golden.scores), systemPrompts, questions }
    const readout = (await chooseReadout(layers, rows, { ...options, penalties, seed: 4 }))!
    expect([readout.layer, readout.penalty]).toEqual([expected.layer, expected.penalty])
    expectClose(readout.direction, expected.direction)
    expectClose(readout.intercept, expected.intercept)
    expectClose(readout.halfWidth, expected.halfWidth)
    expectClose(readout.withinPromptR, expected.withinPromptR)
    const byLayer = readout.byLayer.map(({ withinPromptR }) => withinPromptR)
    expectClose(byLayer, golden.byLayer)
  })

  test('agrees with scikit-learn on activations and scores of a real model', async () => {
    const { columns, systemPrompts, questions, penalties, expected, ...golden } = readGolden<RealGolden>('real-readout')
    const layers = golden.layers.map((values, index) => ({
      layer: (index + 1) as Layer,
      features: { values: Float32Array.from(values), columns },
    }))
    const rows = { scores: Float64Array.from(golden.scores), systemPrompts, questions }
    const seed = deriveSeed(0, 'forecast/folds')
    const readout = (await chooseReadout(layers, rows, { ...options, penalties, seed }))!
    expect([readout.layer, readout.penalty]).toEqual([expected.layer, expected.penalty])
    expectClose(readout.direction, expected.direction)
    expectClose(readout.intercept, expected.intercept)
    expectClose(readout.withinPromptR, expected.withinPromptR)
    expectClose(readout.halfWidth, expected.halfWidth)
    expectClose(readout.halfWidthByPrediction.edges, expected.edges)
    expectClose(readout.halfWidthByPrediction.halfWidths as number[], expected.halfWidths)
    expectClose(
      readout.byLayer.map(({ withinPromptR }) => withinPromptR),
      expected.byLayer,
    )
  })

  test('scores that are all equal give no readout', async () => {
    const { layers, rows } = simulate()
    expect(await chooseReadout(layers, { ...rows, scores: rows.scores.map(() => 50) }, options)).toBeUndefined()
  })

  test('refuses fewer system prompts than folds', async () => {
    const { layers, rows } = simulate()
    const one = { ...rows, systemPrompts: Array.from(rows.scores, () => 0) }
    await expect(chooseReadout(layers, one, options)).rejects.toThrow(RangeError)
  })
})

/** What `make_readout_fixture.py` wrote. */
interface Golden {
  readonly layers: readonly number[][]
  readonly columns: number
  readonly scores: readonly number[]
  readonly systemPrompts: readonly number[]
  readonly questions: readonly number[]
  readonly penalties: readonly number[]
  readonly byLayer: readonly number[]
  readonly expected: {
    readonly layer: number
    readonly penalty: number
    readonly withinPromptR: number
    readonly direction: readonly number[]
    readonly intercept: number
    readonly halfWidth: number
  }
}

/** What `make_real_readout_fixture.py` wrote. */
interface RealGolden extends Omit<Golden, 'byLayer' | 'expected'> {
  readonly expected: Golden['expected'] & {
    readonly byLayer: readonly number[]
    readonly edges: readonly number[]
    readonly halfWidths: readonly number[]
  }
}

/** Layer 2 holds what the score is made of, the others noise; one direction for every seed. */
function simulate(seed = 1): { layers: LayerFeatures[]; rows: ReadoutRows; direction: number[] } {
  const random = createRandom(seed)
  const draw = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  const count = prompts * questions
  const direction = [3, -2, 1, 0, 4, 0, -1, 2]
  const layers = [1, 2, 3].map(layer => ({
    layer: layer as Layer,
    features: { values: Float32Array.from({ length: count * columns }, draw), columns },
  }))
  const { values } = layers[1]!.features
  const scores = Float64Array.from({ length: count }, (_, row) => {
    const products = direction.map((weight, column) => weight * values[row * columns + column]!)
    return 50 + products.reduce((sum, value) => sum + value, 0) + 2 * draw()
  })
  const systemPrompts = Array.from({ length: count }, (_, row) => Math.floor(row / questions))
  return {
    layers,
    rows: { scores, systemPrompts, questions: Array.from({ length: count }, (_, i) => i % questions) },
    direction,
  }
}
