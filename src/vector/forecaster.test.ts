import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { readSafetensors, writeSafetensors } from '../store/safetensors.ts'
import {
  assertForecasts,
  assertForecastsJudge,
  forecastModelOf,
  forecastOf,
  predictScore,
  samplingDifferences,
  scoreOfProjection,
} from './forecaster.ts'
import { forecasterPath, listForecasters, readForecaster, writeForecaster } from './forecaster-file.ts'
import { sampleForecaster } from './sample-forecaster.case.ts'
import { listVectors } from './vector-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

describe('a forecaster', () => {
  test('tells the same score from the state and from the projection a probe gives', () => {
    const state = Float32Array.from([1, 2, 9, 9, 9, 9, 9, 9])
    expect(predictScore(sampleForecaster(), state)).toBe(61)
    expect(scoreOfProjection(sampleForecaster(), 11 / 5)).toBeCloseTo(61, 10)
  })

  test('takes the half width of the bin that the prediction is in, and the overall one where a bin has none', () => {
    expect(forecastOf(sampleForecaster(), 39).answerInterval).toEqual({ low: 19, high: 59 })
    expect(forecastOf(sampleForecaster(), 40).answerInterval).toEqual({ low: 10, high: 70 })
    expect(forecastOf(sampleForecaster(), 60).answerInterval).toEqual({ low: 30, high: 90 })
    expect(forecastOf(sampleForecaster(), 60).expectedInterval).toEqual({ low: 46, high: 74 })
  })

  test('stays within 0..100 and says where it was not trained', () => {
    expect(forecastOf(sampleForecaster(), 130)).toEqual({
      expectedScore: 100,
      expectedInterval: { low: 100, high: 100 },
      answerInterval: { low: 100, high: 100 },
      inRange: false,
    })
    expect(forecastOf(sampleForecaster({ expectedWidths: undefined }), 20)).toMatchObject({
      expectedInterval: undefined,
      inRange: true,
    })
  })

  test('is refused for another model, another template and another judge, each by name', async () => {
    await using engine = new FakeEngine(1)
    const model = forecastModelOf(engine.model)
    const { blockCount, hiddenSize } = engine.model
    const made = { ...model, blockCount, hiddenSize }
    const of = (changed: Partial<typeof made>) => {
      const { provenance } = sampleForecaster()
      return sampleForecaster({ provenance: { ...provenance, model: { ...made, ...changed } } })
    }
    expect(() => assertForecasts(of({}), model)).not.toThrow()
    expect(() => assertForecasts(of({ fileHash: 'other' }), model)).toThrow(/another model/)
    expect(() => assertForecasts(of({ hiddenSize: hiddenSize + 1 }), model)).toThrow(/another model/)
    expect(() => assertForecasts(of({ chatTemplateHash: 'other' }), model)).toThrow(/another chat template/)
    expect(() => assertForecastsJudge(of({}), { id: 'lexicon:sentiment' })).not.toThrow()
    expect(() => assertForecastsJudge(of({}), { id: 'lexicon:negative-sentiment' })).toThrow(/another judge/)
    expect(() => assertForecastsJudge(of({}), { id: 'lexicon:sentiment', rubricHash: 'r' })).toThrow(/another judge/)
  })

  test('says which sampling differs from that of its training', () => {
    expect(samplingDifferences(sampleForecaster(), { temperature: 0.7, maxTokens: 60 })).toEqual([])
    expect(samplingDifferences(sampleForecaster(), { temperature: 1, maxTokens: 200 })).toHaveLength(2)
  })
})

describe("a forecaster's file", () => {
  test.each([undefined, sampleForecaster().expectedWidths])('holds all of it (expected widths: %j)', async widths => {
    const path = forecasterPath(folder, 'm', 'joyful')
    const forecaster = sampleForecaster({ expectedWidths: widths })
    await writeForecaster(path, forecaster)
    expect(await readForecaster(path)).toEqual(forecaster)
    expect(await listForecasters(folder, 'm')).toEqual(['joyful'])
    expect(await listVectors(folder, 'm')).toEqual([])
  })

  test('is refused where it was cut short, or its sizes and its model do not agree', async () => {
    const path = join(folder, 'one.safetensors')
    await writeForecaster(path, sampleForecaster())
    const { length } = await readFile(path)
    await truncate(path, length - 4)
    await expect(readForecaster(path)).rejects.toThrow(/cut short/)
    await writeForecaster(path, sampleForecaster({ direction: new Float32Array(7) }))
    await expect(readForecaster(path)).rejects.toThrow(/8 numbers/)
    await writeForecaster(path, sampleForecaster({ direction: new Float32Array(8).fill(Number.NaN) }))
    await expect(readForecaster(path)).rejects.toThrow(/not finite/)
    await writeForecaster(path, sampleForecaster({ layer: 5 as never }))
    await expect(readForecaster(path)).rejects.toThrow(/layer 5/)
    const { answerWidths } = sampleForecaster()
    const uneven = { ...answerWidths, byPrediction: { edges: [1, 2], halfWidths: [1] } }
    await writeForecaster(path, sampleForecaster({ answerWidths: uneven }))
    await expect(readForecaster(path)).rejects.toThrow(/readout is incomplete/)
  })

  test('is refused where it is no forecaster, or has lost a part', async () => {
    const path = join(folder, 'two.safetensors')
    await writeFile(path, 'no tensors')
    await expect(readForecaster(path)).rejects.toThrow(/not a valid forecaster/)
    await writeForecaster(path, sampleForecaster())
    const { tensors, metadata } = await readSafetensors(path)
    for (const changed of [{ format: 'other' }, { format_version: '2' }, { readout: '{' }, { provenance: '{}' }]) {
      await writeSafetensors(path, { tensors, metadata: { ...metadata, ...changed } })
      await expect(readForecaster(path)).rejects.toThrow(/not a valid forecaster/)
    }
    await writeSafetensors(path, { tensors: {}, metadata })
    await expect(readForecaster(path)).rejects.toThrow(/8 numbers/)
  })
})
