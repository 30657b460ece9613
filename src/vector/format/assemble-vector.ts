import type { Layer } from '../../engine/contract/layer.ts'
import { provisionalLayer } from '../extract-vector.ts'
import type { PersonaVector, VectorProvenance } from '../persona-vector.ts'

export interface VectorParts {
  readonly blockCount: number
  readonly hiddenSize: number
  /** [d] each; layers that are missing become zeros. */
  readonly directions: ReadonlyMap<Layer, Float32Array>
  /** [B+1], where they are known. */
  readonly medianResponseNorms?: Float32Array
  /** The layer used where none is asked for; by default the one at 0.55 of the depth, or the nearest there is. */
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
  const { layer: wanted, reason } = provisionalLayer(blockCount)
  const nearest = [...directions.keys()]
    .filter(layer => layer > 0)
    .reduce((best, layer) => (Math.abs(layer - wanted) < Math.abs(best - wanted) ? layer : best))
  return {
    provenance,
    blockCount,
    hiddenSize,
    directions: { response_avg: matrix },
    medianResponseNorms: medianResponseNorms ?? new Float32Array(blockCount + 1),
    hasEmbedding: directions.has(0 as Layer),
    defaultLayer: defaultLayer ?? nearest,
    defaultLayerReason:
      defaultLayer === undefined
        ? nearest === wanted
          ? reason
          : `the nearest there is to ${reason}`
        : 'named when the vector was made',
  }
}
