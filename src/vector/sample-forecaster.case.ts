import type { Layer } from '../engine/contract/layer.ts'
import type { Forecaster } from './forecaster.ts'

/** A forecaster for tests: of a model of 4 blocks of 8, reading layer 3; `parts` replace its own. */
export function sampleForecaster(parts: Partial<Forecaster> = {}): Forecaster {
  return {
    direction: Float32Array.from([3, 4, 0, 0, 0, 0, 0, 0]),
    intercept: 50,
    layer: 3 as Layer,
    answerWidths: { overall: 30, byPrediction: { edges: [40, 60], halfWidths: [20, 30, null] } },
    expectedWidths: { overall: 12, byPrediction: { edges: [50], halfWidths: [10, 14] } },
    constantHalfWidth: 45,
    range: { low: 20, high: 80 },
    provenance: {
      model: { id: 'm', fileHash: 'f', chatTemplateHash: 't', blockCount: 4, hiddenSize: 8 },
      trait: { name: 'joyful', hash: 'h' },
      judge: 'lexicon:sentiment',
      sampling: { temperature: 0.7, maxTokens: 60 },
      training: {
        run: 'forecast-joyful-0',
        answers: 400,
        unscored: 0,
        systemPrompts: 10,
        questions: ['Who is there?'],
        askedTwice: 40,
        meanScore: 55,
        scoreDeviation: 20,
        penalty: 1000,
        folds: 4,
        seed: 0,
        shuffled: false,
      },
      evidence: {
        verdict: 'evidence',
        withinPromptR: 0.5,
        low: 0.4,
        high: 0.6,
        confidence: 0.99,
        r: 0.6,
        byLayer: [{ layer: 3, penalty: 1000, withinPromptR: 0.5 }],
        learningCurve: [{ questions: 15, withinPromptR: 0.3 }],
      },
      personascopeVersion: '0',
      createdAt: '2026-11-26T00:00:00.000Z',
    },
    ...parts,
  }
}
