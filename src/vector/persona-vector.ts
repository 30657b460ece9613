import type { Layer } from '../engine/contract/layer.ts'
import { norm } from '../numeric/vector-math.ts'

/** Which positions a vector was made from (paper, section 2.2 and appendix). */
export type VectorKind = 'response_avg' | 'prompt_avg' | 'prompt_avg_without_first' | 'prompt_last'

/** How a vector was made: all that is needed to make it again, and to judge it. */
export interface VectorProvenance {
  readonly trait: { readonly name: string; readonly hash: string }
  readonly model: {
    readonly id: string
    readonly fileHash: string
    readonly architecture: string
    readonly weightFormat: string
    readonly chatTemplateHash: string
  }
  readonly engine: {
    readonly name: string
    readonly version: string
    readonly contexts: number
    readonly slotsPerContext: number
  }
  /** `none`: every pair was kept, the vector is unfiltered. */
  readonly judge: string
  readonly unfiltered: boolean
  readonly pairsPlanned: number
  readonly pairsKept: number
  readonly responseTokens: number
  readonly settings: {
    readonly samples: number
    readonly maxTokens: number
    readonly temperature: number
    readonly seed: number
  }
  readonly personascopeVersion: string
  readonly createdAt: string
}

/** The persona vector of a trait on a model, at every layer. */
export interface PersonaVector {
  readonly provenance: VectorProvenance
  readonly blockCount: number
  readonly hiddenSize: number
  /** [B+1, d] each; row L is layer L, row 0 the embedding. */
  readonly directions: Readonly<Record<VectorKind, Float32Array>>
  /** [B+1] the median length of response tokens at each layer; token 0 of a prompt is never among them. */
  readonly medianResponseNorms: Float32Array
  /** Whether row 0 was captured; zeros where the engine could not give it. */
  readonly hasEmbedding: boolean
  /** The layer used where none is asked for, and why. */
  readonly defaultLayer: Layer
  readonly defaultLayerReason: string
}

/** The vector at one layer, [d]; a view. */
export function directionAt(vector: PersonaVector, layer: Layer, kind: VectorKind = 'response_avg'): Float32Array {
  return vector.directions[kind].subarray(layer * vector.hiddenSize, (layer + 1) * vector.hiddenSize)
}

/** |v| at a layer relative to the median length of response tokens there. */
export function relativeNorm(vector: PersonaVector, layer: Layer): number {
  return norm(directionAt(vector, layer)) / vector.medianResponseNorms[layer]!
}
