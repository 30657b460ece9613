import type { Random } from './random.ts'
import { unit } from './vector-math.ts'

/** A direction uniform on the sphere, [size], of length 1: normal draws (Box and Muller 1958), scaled. */
export function randomDirection(size: number, random: Random): Float32Array {
  const values = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    values[i] = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  }
  return unit(values)
}
