import type { Layer } from '../../engine/contract/layer.ts'
import type { PersonaVector, VectorProvenance } from '../persona-vector.ts'

export interface VectorParts {
  readonly blockCount: number
  readonly hiddenSize: number
  /** [d] each; layers that are missing become zeros. */
  readonly directions: ReadonlyMap<Layer, Float32Array>
  /** [B+1], where they are known. */
  readonly medianResponseNorms?: Float32Array
  /** The layer used where none is asked for; by default the one nearest to the middle. */
  readonly defaultLayer?: Layer
  readonly provenance: VectorProvenance
}

/** The facts of an extraction, for a vector that no answers stand behind. */
export const noExtraction = {
  engine: { name: 'unknown', version: 'unknown', contexts: 0, slotsPerContext: 0 },
  judge: 'unknown',
  unfiltered: false,
  pairsPlanned: 0,
  pairsKept: 0,
  responseTokens: 0,
  settings: { samples: 0, maxTokens: 0, temperature: 0, seed: 0 },
} as const satisfies Partial<VectorProvenance>

/** A vector from directions by layer. */
export function assembleVector(parts: VectorParts): PersonaVector {
  const { blockCount, hiddenSize, directions, medianResponseNorms, defaultLayer, provenance } = parts
  const matrix = new Float32Array((blockCount + 1) * hiddenSize)
  for (const [layer, direction] of directions) matrix.set(direction, layer * hiddenSize)
  return {
    provenance,
    blockCount,
    hiddenSize,
    directions: { response_avg: matrix },
    medianResponseNorms: medianResponseNorms ?? new Float32Array(blockCount + 1),
    hasEmbedding: directions.has(0 as Layer),
    defaultLayer: defaultLayer ?? middleOf([...directions.keys()], blockCount),
    defaultLayerReason:
      defaultLayer === undefined
        ? `nearest to the middle of ${blockCount} blocks; nothing better is known of it`
        : 'named when the vector was made',
  }
}

/** The layer nearest to the middle of the model, where steering works best on most. */
function middleOf(layers: readonly Layer[], blockCount: number): Layer {
  const middle = (blockCount + 1) / 2
  return layers
    .filter(layer => layer > 0)
    .reduce((best, layer) => (Math.abs(layer - middle) < Math.abs(best - middle) ? layer : best))
}
