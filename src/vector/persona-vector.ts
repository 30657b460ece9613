import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { norm } from '../numeric/vector-math.ts'
import type { LayerProfile } from './layer-evidence.ts'

/** Which positions a vector was made from (paper, section 2.2 and appendix). */
export type VectorKind = 'response_avg' | 'prompt_avg' | 'prompt_avg_without_first' | 'prompt_last'

/** A vector that another one was made from. */
export interface VectorParent {
  readonly name: string
  /** Of its file. */
  readonly sha256: string
}

/** A vector that came in a file of another tool. */
export interface ImportOrigin {
  readonly kind: 'import'
  /** Its name, without folders. */
  readonly file: string
  readonly sha256: string
  readonly format: string
  /** How the file counts layers. */
  readonly convention: string
  /** The layers the file holds; the rows of all others are zero. */
  readonly layers: readonly number[]
}

/** A vector made from others: the weighted sum, then made orthogonal, then brought to length 1. */
export interface CombinationOrigin {
  readonly kind: 'combination'
  readonly terms: readonly (VectorParent & { readonly weight: number })[]
  readonly orthogonalTo: readonly VectorParent[]
  readonly normalised: boolean
  /** The layers that all of them have; the rows of all others are zero. */
  readonly layers: readonly number[]
}

/**
 * How a vector was made: all that is needed to make it again, and to judge it.
 * Where `origin` is there, no answers stand behind it here: the judge is `unknown`, counts and settings are 0.
 */
export interface VectorProvenance {
  /** Absent for a vector that was extracted. */
  readonly origin?: ImportOrigin | CombinationOrigin
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
  /** sha256 of what the judge was asked; absent where it was asked nothing. */
  readonly rubricHash?: string
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

/** Directions made for screening (see `makeScreeningDirections`), and where to use them. */
export interface ScreeningReadout {
  /** [B+1, d], rows of length 1. */
  readonly directions: Float32Array
  /** How many answers they were made from: under p+, under p-, and ordinary ones. */
  readonly answers: { readonly evoked: number; readonly suppressed: number; readonly ordinary: number }
  readonly layer: Layer
  readonly layerReason: string
}

/** The persona vector of a trait on a model, at every layer. */
export interface PersonaVector {
  readonly provenance: VectorProvenance
  readonly blockCount: number
  readonly hiddenSize: number
  /** [B+1, d] each; row L is layer L, row 0 the embedding. An imported vector has `response_avg` alone. */
  readonly directions: Readonly<Partial<Record<VectorKind, Float32Array>> & Record<'response_avg', Float32Array>>
  /**
   * [B+1] the median length of response tokens at each layer; token 0 of a prompt is never among them.
   * Zeros where they are not known, as for an imported vector.
   */
  readonly medianResponseNorms: Float32Array
  /** Whether row 0 was captured; zeros where the engine could not give it. */
  readonly hasEmbedding: boolean
  /** The layer used where none is asked for, above all to steer, and why. */
  readonly defaultLayer: Layer
  readonly defaultLayerReason: string
  /** Where to read the last prompt token, and why; absent: at the default layer. */
  readonly readingLayer?: Layer
  readonly readingLayerReason?: string
  /** What rows of datasets are projected on; absent: the vector itself, at the default layer. */
  readonly screening?: ScreeningReadout
  /** The evidence the layers were chosen on. */
  readonly profile?: LayerProfile
  /**
   * [questions, d] sum of (h+ - h-) over kept pairs for each extraction question, at the reading layer: the vector
   * there is proportional to their sum, and intervals can resample them.
   */
  readonly questionSums?: Float32Array
}

/** The vector at one layer, [d]; a view. Throws VECTOR_KIND_MISSING. */
export function directionAt(vector: PersonaVector, layer: Layer, kind: VectorKind = 'response_avg'): Float32Array {
  const { directions, hiddenSize, provenance } = vector
  const matrix = directions[kind]
  if (!matrix) {
    const facts = { vector: provenance.trait.name, kind, available: Object.keys(directions).join(', ') }
    throw new PersonascopeError('VECTOR_KIND_MISSING', facts)
  }
  return matrix.subarray(layer * hiddenSize, (layer + 1) * hiddenSize)
}

/** Where the last prompt token is read. */
export function readingLayerOf({ readingLayer, defaultLayer }: PersonaVector): Layer {
  return readingLayer ?? defaultLayer
}

/** Whether the lengths of response tokens are known, so that there are relative doses. */
export function knowsResponseNorms({ medianResponseNorms, blockCount }: PersonaVector): boolean {
  return medianResponseNorms[blockCount]! > 0
}

/** |v| at a layer relative to the median length of response tokens there. Throws VECTOR_NORMS_UNKNOWN. */
export function relativeNorm(vector: PersonaVector, layer: Layer): number {
  if (!knowsResponseNorms(vector))
    throw new PersonascopeError('VECTOR_NORMS_UNKNOWN', { vector: vector.provenance.trait.name })
  return norm(directionAt(vector, layer)) / vector.medianResponseNorms[layer]!
}

/** The layers a vector says something of, in order. */
export function layersOf({ provenance, blockCount, hasEmbedding }: PersonaVector): Layer[] {
  const all = Array.from({ length: blockCount + 1 }, (_, layer) => layer as Layer)
  const has = provenance.origin ? new Set(provenance.origin.layers) : undefined
  return all.filter(layer => has?.has(layer) ?? (layer > 0 || hasEmbedding))
}
