import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { norm } from '../numeric/vector-math.ts'
import { directionAt, type PersonaVector, relativeNorm } from './persona-vector.ts'

/**
 * A relative dose is |coefficient * v| over the median length of response tokens at that layer. It carries over
 * between models where coefficients do not. The sign goes along. Throws VECTOR_NORMS_UNKNOWN.
 */
export function doseOf(vector: PersonaVector, layer: Layer, coefficient: number): number {
  return coefficient * relativeNorm(vector, layer)
}

/**
 * The coefficient that gives a relative dose. Throws VECTOR_NORMS_UNKNOWN, and REQUEST_INVALID where the
 * vector is zero at that layer.
 */
export function coefficientOf(vector: PersonaVector, layer: Layer, dose: number): number {
  if (norm(directionAt(vector, layer)) === 0) {
    const facts = {
      field: `the vector at layer ${layer}`,
      expected: 'other than zero for a relative dose',
      got: 'zero',
    }
    throw new PersonascopeError('REQUEST_INVALID', facts)
  }
  return dose / relativeNorm(vector, layer)
}
