import type { ModelInfo } from '../src/engine/contract/engine-info.ts'
import { asLayer } from '../src/engine/contract/layer.ts'
import { createRandom } from '../src/numeric/random.ts'
import { openWorkspace } from '../src/store/workspace.ts'
import { type Forecaster, forecastModelOf } from '../src/vector/forecaster.ts'
import { forecasterPath, writeForecaster } from '../src/vector/forecaster-file.ts'

/** Puts a forecaster that means nothing into a workspace: it costs a server what one that means something does. */
export async function writeOddForecaster(folder: string, model: ModelInfo, trait: string, seed: number) {
  const { vectors } = openWorkspace(folder)
  await writeForecaster(forecasterPath(vectors, model.id, trait), randomForecaster(model, trait, seed))
}

function randomForecaster(model: ModelInfo, trait: string, seed: number): Forecaster {
  const random = createRandom(seed)
  const widths = { overall: 30, byPrediction: { edges: [40, 60], halfWidths: [30, 25, 20] } }
  const madeOn = { blockCount: model.blockCount, hiddenSize: model.hiddenSize }
  return {
    direction: Float32Array.from({ length: model.hiddenSize }, () => (random.next() - 0.5) / 10),
    intercept: 50,
    // As forecasters are: near the end, each at a layer of its own.
    layer: asLayer(model.blockCount - 1 - seed, model),
    answerWidths: widths,
    expectedWidths: widths,
    constantHalfWidth: 40,
    range: { low: 0, high: 100 },
    provenance: {
      model: { ...forecastModelOf(model), ...madeOn },
      trait: { name: trait, hash: '' },
      judge: 'none',
      sampling: { temperature: 1, maxTokens: 1 },
      training: {
        run: '',
        answers: 1,
        unscored: 0,
        systemPrompts: 1,
        questions: [],
        askedTwice: 0,
        meanScore: 50,
        scoreDeviation: 1,
        penalty: 1,
        folds: 2,
        seed: 0,
        shuffled: false,
      },
      evidence: {
        verdict: 'evidence',
        withinPromptR: 0,
        low: 0,
        high: 0,
        confidence: 0.9,
        r: 0,
        byLayer: [],
        learningCurve: [],
      },
      personascopeVersion: '0',
      createdAt: '2026-01-01T00:00:00.000Z',
    },
  }
}
