/**
 * GGUF control vectors: a tensor `direction.N` for each block, F32 [d]. llama.cpp adds `direction.N` to the output of
 * block N, counted from 0, which is our layer N+1; it refuses a whole file for a `direction.0`, so layer 1 has no place
 * in it. It reads no metadata.
 */
import { open } from 'node:fs/promises'
import { blockBefore, type Layer } from '../../engine/contract/layer.ts'
import { type GgufHeader, type GgufTensor, readGgufHeader } from '../../model/gguf-header.ts'
import { Malformed, shown } from '../../model/header-reader.ts'
import { decodeFloats } from '../../store/float-values.ts'
import { writeFileWhole } from '../../store/write-file-whole.ts'
import { type Convention, conventionNames, conventions } from './convention.ts'
import { type ForeignVector, vectorOfRows } from './foreign-vector.ts'
import { readExactly } from './read-exactly.ts'
import { mostRows, valuesIn } from './tensor-limits.ts'

/** The lowest layer such a file can hold. */
export const lowestControlLayer = 2

const architecture = 'controlvector'
const keys = {
  architecture: 'general.architecture',
  modelHint: 'controlvector.model_hint',
  layerCount: 'controlvector.layer_count',
  convention: 'personascope.convention',
} as const
const valueTypes = { uint32: 4, int32: 5, string: 8 } as const
const alignment = 32
const float32Type = 0

export interface ControlVectorToWrite {
  /** The architecture of the model it is for, for example llama. */
  readonly modelHint: string
  /** [d] each, by layer, from `lowestControlLayer` on. */
  readonly directions: ReadonlyMap<Layer, Float32Array>
  /** More texts by key, for whoever reads the file; llama.cpp does not. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** Writes a control vector, whole or not at all. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function writeControlVector(path: string, content: ControlVectorToWrite): Promise<void> {
  const { modelHint, directions, metadata = {} } = content
  if (directions.has(1 as Layer) || directions.has(0 as Layer)) throw new RangeError('llama.cpp refuses direction.0')
  const texts = { ...metadata, [keys.convention]: 'llama.cpp' satisfies Convention }
  const header: Buffer[] = [
    Buffer.from('GGUF'),
    uint32(3),
    uint64(directions.size),
    uint64(3 + Object.keys(texts).length),
    ...[text(keys.architecture), uint32(valueTypes.string), text(architecture)],
    ...[text(keys.modelHint), uint32(valueTypes.string), text(modelHint)],
    ...[text(keys.layerCount), uint32(valueTypes.uint32), uint32(directions.size)],
    ...Object.entries(texts).flatMap(([key, value]) => [text(key), uint32(valueTypes.string), text(value)]),
  ]
  const data: Buffer[] = []
  let offset = 0
  for (const [layer, { buffer, byteOffset, byteLength, length }] of directions) {
    header.push(text(`direction.${blockBefore(layer)}`), uint32(1), uint64(length), uint32(float32Type), uint64(offset))
    const padding = (alignment - (byteLength % alignment)) % alignment
    data.push(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength), Buffer.alloc(padding))
    offset += byteLength + padding
  }
  const headerBytes = header.reduce((sum, part) => sum + part.length, 0)
  await writeFileWhole(path, [...header, Buffer.alloc((alignment - (headerBytes % alignment)) % alignment), ...data])
}

/**
 * Reads a control vector of any tool.
 * @throws FILE_NOT_FOUND, MODEL_FILE_INVALID, Malformed with what is wrong
 */
export async function readControlVector(path: string): Promise<ForeignVector> {
  const tensors: GgufTensor[] = []
  let total = 0
  const header = await readGgufHeader(path, tensor => {
    total += valuesIn(tensor.shape, `tensor ${shown(tensor.name)}`)
    valuesIn([total], 'all of it')
    if (!isDirection(tensor)) {
      const { name, type, shape } = tensor
      throw new Malformed(`tensor ${shown(name)} (${type}, ${shape.join(' x ')}) is no direction of a control vector`)
    }
    tensors.push(tensor)
    if (tensors.length > mostRows) throw new Malformed(`it claims more than ${mostRows} directions`)
  })
  const found = header.values.get(keys.architecture)
  if (found !== architecture) throw new Malformed(`it is for ${shown(String(found))}, it holds no control vector`)
  const file = await open(path)
  try {
    const rows = []
    for (const { name, shape, offset } of tensors) {
      const bytes = await readExactly(file, header.dataStart + offset, shape[0]! * 4)
      rows.push({ name, number: Number(name.slice('direction.'.length)), values: decodeFloats(bytes, 'F32') })
    }
    const modelHint = header.values.get(keys.modelHint)
    return {
      ...vectorOfRows(rows, 'gguf'),
      ...countingOf(header, tensors),
      ...(typeof modelHint === 'string' && { modelHint: shown(modelHint) }),
    }
  } finally {
    await file.close()
  }
}

function isDirection({ name, type, shape }: GgufTensor): boolean {
  return /^direction\.\d{1,5}$/.test(name) && type === 'F32' && shape.length === 1
}

/** What the file gives away of who wrote it. */
function countingOf(
  { values, valueTypes: types }: GgufHeader,
  tensors: readonly GgufTensor[],
): Pick<ForeignVector, 'declared' | 'doubt'> {
  const own = conventionNames.find(name => name === values.get(keys.convention))
  if (own) return { declared: { convention: own, because: 'the file says so' } }
  if (tensors.some(({ name }) => name === 'direction.0'))
    return {
      declared: { convention: 'repeng', because: 'it has a direction.0, which only tools that count from 0 write' },
    }
  const type = types.get(keys.layerCount)
  if (type === valueTypes.uint32)
    return {
      declared: {
        convention: 'repeng',
        because: 'its layer_count is unsigned, as repeng writes it and llama.cpp does not',
      },
    }
  if (type === valueTypes.int32) {
    const { meaning } = conventions['llama-cvector-generator']
    return {
      doubt: `its layer_count is signed, as llama-cvector-generator writes it: where ${meaning}. Name that one for the layer it was made on, llama.cpp for the layer where llama.cpp adds it`,
    }
  }
  return {}
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint64(bytes.length), bytes])
}
