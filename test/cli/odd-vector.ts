import { join } from 'node:path'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { createRandom } from '../../src/numeric/random.ts'
import type { PersonaVector } from '../../src/vector/persona-vector.ts'
import { vectorPath, writeVector } from '../../src/vector/vector-file.ts'

const smollm2 = 'smollm2-135m-instruct'

/** Puts a vector that means nothing into a workspace, for tests that need one and not its meaning. */
export async function writeOddVector(workspace: string, name = 'odd', seed = 4): Promise<void> {
  await writeVector(vectorPath(join(workspace, 'vectors'), smollm2, name), randomVector(name, seed))
}

function randomVector(name: string, seed: number): PersonaVector {
  const random = createRandom(seed)
  const [blockCount, hiddenSize] = [30, 576]
  const values = Float32Array.from({ length: (blockCount + 1) * hiddenSize }, () => random.next() * 2 - 1)
  return {
    provenance: {
      trait: { name, hash: 'a' },
      model: { id: smollm2, fileHash: 'a', architecture: 'llama', weightFormat: 'Q8_0', chatTemplateHash: 'a' },
      engine: { name: 'none', version: '0', contexts: 1, slotsPerContext: 1 },
      judge: 'none',
      unfiltered: true,
      pairsPlanned: 1,
      pairsKept: 1,
      responseTokens: 1,
      settings: { samples: 1, maxTokens: 1, temperature: 1, seed: 0 },
      personascopeVersion: '0',
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    blockCount,
    hiddenSize,
    directions: { response_avg: values, prompt_avg: values, prompt_avg_without_first: values, prompt_last: values },
    medianResponseNorms: new Float32Array(blockCount + 1).fill(100),
    hasEmbedding: true,
    defaultLayer: 16 as Layer,
    defaultLayerReason: 'a test',
  }
}
