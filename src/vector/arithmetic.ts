/** Vectors made from vectors: sums, parts at right angles, unit length; each at every layer by itself. */
import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { cosine, dot, unit } from '../numeric/vector-math.ts'
import {
  type CombinationOrigin,
  directionAt,
  knowsResponseNorms,
  layersOf,
  type PersonaVector,
  type VectorKind,
  type VectorParent,
} from './persona-vector.ts'

/** A vector, what it is called and the sha256 of its file. */
export interface NamedVector extends VectorParent {
  readonly vector: PersonaVector
}

export interface Combination {
  /** At least one. */
  readonly terms: readonly (NamedVector & { readonly weight: number })[]
  /** The parts along these are taken out of the sum. */
  readonly orthogonalTo?: readonly NamedVector[]
  /** Whether every layer is brought to length 1 at the end. */
  readonly normalised?: boolean
}

/** What a combination's provenance cannot know by itself. */
export interface CombinationFacts {
  readonly name: string
  readonly personascopeVersion: string
  readonly createdAt: string
}

/**
 * The weighted sum of vectors, made orthogonal to others and brought to length 1 where that is asked for. Layers and
 * kinds that not all of them have are left out. What is known of the model comes from the first.
 * @throws VECTORS_UNRELATED, OPTION_INVALID where they share no layer or nothing is left of the sum
 */
export function combineVectors(
  { terms, orthogonalTo = [], normalised = false }: Combination,
  { name, personascopeVersion, createdAt }: CombinationFacts,
): PersonaVector {
  const all: readonly NamedVector[] = [...terms, ...orthogonalTo]
  const first = all[0]!
  requireOneModel(all)
  const layers = sharedLayers(all)
  const directions: Partial<Record<VectorKind, Float32Array>> = {}
  for (const kind of sharedKinds(all)) {
    const matrix = new Float32Array(first.vector.directions.response_avg.length)
    for (const layer of layers) {
      const sum = weightedSum(
        terms.map(({ vector, weight }) => ({ weight, direction: directionAt(vector, layer, kind) })),
      )
      const away = orthogonalTo.map(({ vector }) => directionAt(vector, layer, kind))
      const result = withoutParts(sum, away)
      matrix.set(normalised ? unit(result) : result, layer * first.vector.hiddenSize)
    }
    directions[kind] = matrix
  }
  requireSomething(directions.response_avg!)
  const norms = all.find(({ vector }) => knowsResponseNorms(vector))?.vector.medianResponseNorms
  const { provenance, blockCount, hiddenSize } = first.vector
  const defaultLayer = layers.includes(first.vector.defaultLayer) ? first.vector.defaultLayer : layers.at(-1)!
  const origin: CombinationOrigin = {
    kind: 'combination',
    terms: terms.map(({ weight, ...parent }) => ({ ...asParent(parent), weight })),
    orthogonalTo: orthogonalTo.map(asParent),
    normalised,
    layers,
  }
  return {
    blockCount,
    hiddenSize,
    directions: { ...directions, response_avg: directions.response_avg! },
    medianResponseNorms: norms ?? new Float32Array(blockCount + 1),
    hasEmbedding: layers.includes(0 as Layer),
    defaultLayer,
    defaultLayerReason: `that of ${first.name}`,
    provenance: {
      origin,
      trait: { name, hash: 'unknown' },
      model: provenance.model,
      engine: provenance.engine,
      judge: 'unknown',
      unfiltered: all.some(({ vector }) => vector.provenance.unfiltered),
      pairsPlanned: 0,
      pairsKept: 0,
      responseTokens: 0,
      settings: { samples: 0, maxTokens: 0, temperature: 0, seed: 0 },
      personascopeVersion,
      createdAt,
    },
  }
}

/**
 * The cosine of every vector with every other one at a layer, as rows of a symmetric matrix.
 * @throws VECTORS_UNRELATED, LAYER_OUT_OF_RANGE where one of them does not have the layer, VECTOR_KIND_MISSING
 */
export function cosineMatrix(vectors: readonly NamedVector[], layer: Layer, kind?: VectorKind): number[][] {
  requireOneModel(vectors)
  for (const { name, vector } of vectors) {
    const layers = layersOf(vector)
    if (layers.includes(layer)) continue
    throw new PersonascopeError('LAYER_OUT_OF_RANGE', {
      lowest: layers[0] ?? 0,
      highest: layers.at(-1) ?? 0,
      model: `the vector ${name}`,
      layer,
    })
  }
  const directions = vectors.map(({ vector }) => directionAt(vector, layer, kind))
  return directions.map(a => directions.map(b => (a === b ? 1 : cosine(a, b))))
}

function requireOneModel(vectors: readonly NamedVector[]): void {
  const [first, ...others] = vectors
  if (!first) throw new RangeError('expected at least one vector')
  for (const other of others) {
    const [a, b] = [first.vector, other.vector]
    const same =
      a.provenance.model.id === b.provenance.model.id && a.blockCount === b.blockCount && a.hiddenSize === b.hiddenSize
    if (same) continue
    throw new PersonascopeError('VECTORS_UNRELATED', {
      first: first.name,
      firstModel: modelOf(a),
      second: other.name,
      secondModel: modelOf(b),
    })
  }
}

function modelOf({ provenance, blockCount, hiddenSize }: PersonaVector): string {
  return `${provenance.model.id} (${blockCount} blocks of ${hiddenSize})`
}

function sharedLayers(vectors: readonly NamedVector[]): Layer[] {
  const [first, ...others] = vectors.map(({ vector }) => layersOf(vector))
  const shared = first!.filter(layer => others.every(layers => layers.includes(layer)))
  if (shared.some(layer => layer > 0)) return shared
  const facts = { option: 'the combination', expected: 'of vectors that share a layer', got: names(vectors) }
  throw new PersonascopeError('OPTION_INVALID', facts)
}

function sharedKinds(vectors: readonly NamedVector[]): VectorKind[] {
  const [first, ...others] = vectors.map(({ vector }) => Object.keys(vector.directions) as VectorKind[])
  return first!.filter(kind => others.every(kinds => kinds.includes(kind)))
}

function weightedSum(terms: readonly { readonly weight: number; readonly direction: Float32Array }[]): Float64Array {
  const sum = new Float64Array(terms[0]!.direction.length)
  for (const { weight, direction } of terms) {
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + weight * direction[i]!
  }
  return sum
}

/** What is left of `of` at right angles to all of `away`, which need not be at right angles to each other. */
function withoutParts(of: Float64Array, away: readonly Float32Array[]): Float64Array {
  const basis: Float64Array[] = []
  for (const direction of away) {
    const rest = withoutBasis(Float64Array.from(direction), basis)
    const length = Math.sqrt(dot(rest, rest))
    // What lies in the span of the earlier ones adds nothing but rounding.
    if (length > 1e-6 * Math.sqrt(dot(direction, direction))) basis.push(rest.map(value => value / length))
  }
  return withoutBasis(of, basis)
}

/** Twice, so that rounding of the first time is taken out as well. */
function withoutBasis(of: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const rest = of.slice()
  for (let round = 0; round < 2; round++) {
    for (const axis of basis) {
      const part = dot(rest, axis)
      for (let i = 0; i < rest.length; i++) rest[i] = rest[i]! - part * axis[i]!
    }
  }
  return rest
}

function requireSomething(matrix: Float32Array): void {
  if (matrix.some(value => value !== 0) && matrix.every(Number.isFinite)) return
  const got = matrix.every(Number.isFinite) ? 'zero at every layer' : 'numbers that are not finite'
  throw new PersonascopeError('OPTION_INVALID', { option: 'the combination', expected: 'a vector', got })
}

function asParent({ name, sha256 }: VectorParent): VectorParent {
  return { name, sha256 }
}

function names(vectors: readonly NamedVector[]): string {
  return vectors.map(({ name }) => name).join(', ')
}
