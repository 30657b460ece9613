/** A tensor of float32 numbers, as it stands in a safetensors file. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly values: Float32Array
  /** Everything under one index of the first dimension. */
  row(index: number): Float32Array
}

interface TensorHeader {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/**
 * Reads a safetensors file that holds float32 only: 8 bytes with the length of the header, the header in JSON, the
 * numbers.
 */
export function readTensors(file: Uint8Array): ReadonlyMap<string, Tensor> {
  const headerLength = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength))) as Record<
    string,
    TensorHeader
  >
  // A copy: the numbers begin anywhere in the file, and a Float32Array must begin at a multiple of four.
  const data = new Uint8Array(file.subarray(8 + headerLength)).buffer
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__')
  return new Map(tensors.map(([name, about]) => [name, readTensor(name, about, data)]))
}

function readTensor(
  name: string,
  { dtype, shape, data_offsets: [start, end] }: TensorHeader,
  data: ArrayBuffer,
): Tensor {
  if (dtype !== 'F32') throw new Error(`Expected tensor ${name} to be F32, got ${dtype}.`)
  const values = new Float32Array(data, start, (end - start) / 4)
  const count = shape[0] ?? 1
  const size = values.length / count
  return {
    shape,
    values,
    row(index) {
      if (!(index >= 0 && index < count))
        throw new RangeError(`Expected a row under ${count} of ${name}, got ${index}.`)
      return values.subarray(index * size, (index + 1) * size)
    },
  }
}
