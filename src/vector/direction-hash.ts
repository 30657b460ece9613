import type { Layer } from '../engine/contract/layer.ts'
import { sha256 } from '../store/hash.ts'
import { directionAt, type PersonaVector } from './persona-vector.ts'

/** The sha256 of a vector's direction at a layer, bit by bit: whether two vectors are the same there. */
export function directionHash(vector: PersonaVector, layer: Layer): string {
  return hashOfDirection(directionAt(vector, layer))
}

/** The sha256 of a direction [d], bit by bit. */
export function hashOfDirection({ buffer, byteOffset, byteLength }: Float32Array): string {
  return sha256(new Uint8Array(buffer, byteOffset, byteLength))
}
