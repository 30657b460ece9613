import type { Layer } from '../../src/engine/contract/layer.ts'
import type { PersonaVector } from '../../src/vector/persona-vector.ts'

/** An extracted vector of four blocks of eight: numbers at every layer, norms known. */
export function extractedVector(name = 'joyful'): PersonaVector {
  const matrix = (seed: number) =>
    Float32Array.from({ length: 40 }, (_, index) => Math.fround(Math.sin(seed + 7 * index)))
  return {
    blockCount: 4,
    hiddenSize: 8,
    directions: {
      response_avg: matrix(1),
      prompt_avg: matrix(2),
      prompt_avg_without_first: matrix(3),
      prompt_last: matrix(4),
    },
    medianResponseNorms: Float32Array.of(1, 10, 20, 30, 40),
    hasEmbedding: true,
    defaultLayer: 2 as Layer,
    defaultLayerReason: 'a reason',
    provenance: {
      trait: { name, hash: 'h' },
      model: { id: 'small-4-8', fileHash: 'f', architecture: 'llama', weightFormat: 'F32', chatTemplateHash: 't' },
      engine: { name: 'fake', version: '1', contexts: 1, slotsPerContext: 1 },
      judge: 'none',
      unfiltered: true,
      pairsPlanned: 4,
      pairsKept: 3,
      responseTokens: 99,
      settings: { samples: 1, maxTokens: 60, temperature: 1, seed: 0 },
      personascopeVersion: '0.1.0',
      createdAt: '2026-01-01T00:00:00.000Z',
    },
  }
}
