/**
 * One of the fixed directions that golden values are projected on: [d], each entry +1 or -1 (its length does not
 * matter to a projection). The same rule as `sign_direction` in `make_golden.py`.
 */
export function signDirection(number: number, width: number): Float32Array {
  return Float32Array.from({ length: width }, (_, index) => ((mix(number * 65_536 + index) & 1) === 1 ? -1 : 1))
}

/** The last step of MurmurHash3, on unsigned 32-bit integers. */
function mix(value: number): number {
  let mixed = value >>> 0
  mixed ^= mixed >>> 16
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
