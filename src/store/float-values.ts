/** Floating-point numbers as files hold them, little-endian, brought to 32 bits. */
export const floatBytes = { F16: 2, BF16: 2, F32: 4, F64: 8 } as const

export type FloatType = keyof typeof floatBytes

/**
 * The numbers in `bytes`; a view on them where they are F32 and aligned. Exact but for F64, which is rounded.
 * @param bytes a whole number of values
 */
export function decodeFloats(bytes: Uint8Array, type: FloatType): Float32Array {
  if (type === 'F32' && bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Float32Array(bytes.byteLength / floatBytes[type])
  const read = readers[type]
  for (let index = 0; index < values.length; index++) values[index] = read(view, index * floatBytes[type])
  return values
}

const readers: Readonly<Record<FloatType, (view: DataView, at: number) => number>> = {
  F16: (view, at) => halfValue(view.getUint16(at, true)),
  BF16: (view, at) => valueOfBits(view.getUint16(at, true) << 16),
  F32: (view, at) => view.getFloat32(at, true),
  F64: (view, at) => view.getFloat64(at, true),
}

/** IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const word = new DataView(new ArrayBuffer(4))

/** The value of a float32's bits. */
function valueOfBits(bits: number): number {
  word.setInt32(0, bits)
  return word.getFloat32(0)
}
