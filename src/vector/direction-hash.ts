import type { Layer } from '../engine/contract/layer.ts'
import { sha256 } from '../store/hash.ts'
import { directionAt, type PersonaVector } from './persona-vector.ts'

/** The sha256 of a vector's direction at a layer, bit by bit: whether two vectors are the same there. */
export function directionHash(vector: PersonaVector, layer: Layer): string {
  const { buffer, byteOffset, byteLength } = directionAt(vector, layer)
  return sha256(new Uint8Array(buffer, byteOffset, byteLength))
}
