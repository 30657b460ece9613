/**
 * Reads the header of a GGUF file, which says what the file holds, without trusting it.
 *
 * The parser of `@huggingface/gguf` is not used on files a user brings: a file of 24 bytes that claims ten million
 * tensors takes it 2.7 s and 440 MB. Here every length is checked against what the file can still hold before a step
 * is taken, what is only to be counted is skipped, and the limits below bound the rest.
 */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { HeaderReader, Malformed, shown } from './header-reader.ts'
import { type TensorLayout, tensorLayout } from './tensor-layout.ts'

export interface GgufHeader {
  readonly version: number
  /** Single values by their keys; long texts are cut. */
  readonly values: ReadonlyMap<string, GgufValue>
  /** The numbers of the single values' types. */
  readonly valueTypes: ReadonlyMap<string, number>
  /** Of lists only the lengths. */
  readonly listLengths: ReadonlyMap<string, number>
  readonly tensors: TensorSummary
  /** Where in the file the tensors' offsets count from. */
  readonly dataStart: number
  /** Bytes. */
  readonly fileSize: number
}

export type GgufValue = string | number | boolean

/** One tensor, as the header describes it. */
export interface GgufTensor {
  readonly name: string
  /** The length of a row first, as GGUF has it. */
  readonly shape: readonly number[]
  /** For example F32. */
  readonly type: string
  /** From where the data begins. */
  readonly offset: number
}

export interface TensorSummary {
  readonly count: number
  /** How many numbers all tensors hold. */
  readonly parameterCount: number
  /** How many tensors of each type. */
  readonly types: ReadonlyMap<string, number>
  /** The same of tensors with two dimensions or more. */
  readonly matrixTypes: ReadonlyMap<string, number>
}

/** No file that llama.cpp can use has more; real ones stay a factor of ten below. */
const mostKeys = 65_536
const mostTensors = 262_144
const mostDimensions = 4

const magic = 'GGUF'
const readableVersions = [2, 3]
const defaultAlignment = 32

const typeNumbers = { bool: 7, string: 8, array: 9 } as const
/** Bytes of the fixed-size value types, by their numbers. */
const valueBytes: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
}

/**
 * Reads and checks the header of a GGUF file.
 * @param onTensor hears of every tensor; it may throw `Malformed` to refuse the file
 * @throws FILE_NOT_FOUND, MODEL_FILE_INVALID
 */
export async function readGgufHeader(
  path: string,
  onTensor: (tensor: GgufTensor) => void = () => {},
): Promise<GgufHeader> {
  const file = await openFile(path)
  try {
    return await parseHeader(new HeaderReader(file, (await file.stat()).size), onTensor)
  } catch (error) {
    if (error instanceof Malformed) throw invalid(path, error.message)
    throw error
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Asked before opening, which would wait for ever on a pipe.
    if (!(await stat(path)).isFile()) throw invalid(path, 'it is not a file')
    return await open(path)
  } catch (error) {
    if (PersonascopeError.is(error)) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : textOf(error)
    if (code === 'ENOENT') throw new PersonascopeError('FILE_NOT_FOUND', { kind: 'model file', path }, { cause: error })
    throw invalid(path, `it cannot be opened (${code})`)
  }
}

function invalid(path: string, detail: string): PersonascopeError {
  return new PersonascopeError('MODEL_FILE_INVALID', { path, detail })
}

async function parseHeader(reader: HeaderReader, onTensor: (tensor: GgufTensor) => void): Promise<GgufHeader> {
  const version = await parseVersion(reader)
  const tensorCount = await reader.size('tensor count')
  const keyCount = await reader.size('key count')
  if (keyCount > mostKeys) throw new Malformed(`it claims ${keyCount} metadata keys, at most ${mostKeys} are believed`)
  if (tensorCount > mostTensors) {
    throw new Malformed(`it claims ${tensorCount} tensors, at most ${mostTensors} are believed`)
  }
  const { values, valueTypes, listLengths } = await parseMetadata(reader, keyCount)
  const alignment = alignmentOf(values)
  const tensors = await parseTensors(reader, tensorCount, alignment, onTensor)
  const dataStart = padded(reader.position, alignment)
  const { lastName, lastEnd, ...summary } = tensors
  if (tensorCount > 0 && dataStart + lastEnd > reader.fileSize) {
    throw new Malformed(
      `it is cut short: tensor ${lastName} ends at byte ${dataStart + lastEnd}, the file has ${reader.fileSize}`,
    )
  }
  return { version, values, valueTypes, listLengths, tensors: summary, dataStart, fileSize: reader.fileSize }
}

async function parseVersion(reader: HeaderReader): Promise<number> {
  if (reader.fileSize < magic.length) throw new Malformed(`it has ${reader.fileSize} bytes`)
  const found = await reader.bytes(magic.length)
  if (found.toString('latin1') !== magic) {
    throw new Malformed(`it does not begin with ${magic} (found "${shown(found.toString('latin1'))}")`)
  }
  const version = await reader.uint32()
  if (readableVersions.includes(version)) return version
  if (version > 0 && (version & 0xffff) === 0) throw new Malformed('its numbers are big-endian')
  throw new Malformed(`its version is ${version}, expected ${readableVersions.join(' or ')}`)
}

async function parseMetadata(reader: HeaderReader, keyCount: number) {
  const values = new Map<string, GgufValue>()
  const valueTypes = new Map<string, number>()
  const listLengths = new Map<string, number>()
  for (let index = 0; index < keyCount; index++) {
    const key = await reader.name('metadata key')
    const type = await reader.uint32()
    if (type === typeNumbers.array) {
      listLengths.set(key, await parseList(reader, key))
      continue
    }
    values.set(key, await parseValue(reader, key, type))
    valueTypes.set(key, type)
  }
  return { values, valueTypes, listLengths }
}

async function parseValue(reader: HeaderReader, key: string, type: number): Promise<GgufValue> {
  if (type === typeNumbers.string) return await reader.text(key)
  const size = valueBytes[type]
  if (size === undefined) throw new Malformed(`metadata key ${shown(key)} has the unknown type ${type}`)
  return decode(await reader.bytes(size), type)
}

function decode(bytes: Buffer, type: number): number | boolean {
  switch (type) {
    case 0:
      return bytes.readUInt8()
    case 1:
      return bytes.readInt8()
    case 2:
      return bytes.readUInt16LE()
    case 3:
      return bytes.readInt16LE()
    case 4:
      return bytes.readUInt32LE()
    case 5:
      return bytes.readInt32LE()
    case 6:
      return bytes.readFloatLE()
    case typeNumbers.bool:
      return bytes.readUInt8() !== 0
    case 10:
      return Number(bytes.readBigUInt64LE())
    case 11:
      return Number(bytes.readBigInt64LE())
    default:
      return bytes.readDoubleLE()
  }
}

/** @returns the list's length; its content is skipped */
async function parseList(reader: HeaderReader, key: string): Promise<number> {
  const type = await reader.uint32()
  const length = await reader.size(`length of ${shown(key)}`)
  const size = valueBytes[type]
  if (type === typeNumbers.string) await reader.skipTexts(length, key)
  else if (size !== undefined) await reader.skip(length * size, `the list ${shown(key)}`)
  else throw new Malformed(`the list ${shown(key)} has elements of the unknown type ${type}`)
  return length
}

function alignmentOf(values: ReadonlyMap<string, GgufValue>): number {
  const alignment = values.get('general.alignment') ?? defaultAlignment
  const isPowerOfTwo = typeof alignment === 'number' && alignment > 0 && Number.isInteger(Math.log2(alignment))
  if (!isPowerOfTwo) throw new Malformed(`its alignment is ${alignment}, expected a power of two`)
  return alignment
}

async function parseTensors(
  reader: HeaderReader,
  count: number,
  alignment: number,
  onTensor: (tensor: GgufTensor) => void,
) {
  const types = new Map<string, number>()
  const matrixTypes = new Map<string, number>()
  let parameterCount = 0
  let lastEnd = 0
  let lastName = ''
  for (let index = 0; index < count; index++) {
    const name = await reader.name('tensor name')
    const { shape, elements, bytes, type, offset } = await parseTensor(reader, name)
    const expected = padded(lastEnd, alignment)
    if (offset !== expected) {
      throw new Malformed(`tensor ${shown(name)} should begin at byte ${expected} of the data, it claims ${offset}`)
    }
    parameterCount += elements
    lastEnd = offset + bytes
    lastName = shown(name)
    if (!Number.isSafeInteger(lastEnd)) throw new Malformed(`tensor ${lastName} is larger than any file`)
    onTensor({ name, shape, type, offset })
    types.set(type, (types.get(type) ?? 0) + 1)
    if (shape.length > 1) matrixTypes.set(type, (matrixTypes.get(type) ?? 0) + 1)
  }
  return { count, parameterCount, types, matrixTypes, lastEnd, lastName }
}

async function parseTensor(reader: HeaderReader, name: string) {
  const dimensions = await reader.uint32()
  if (dimensions > mostDimensions) throw new Malformed(`tensor ${shown(name)} claims ${dimensions} dimensions`)
  const shape: number[] = []
  for (let dimension = 0; dimension < dimensions; dimension++) {
    shape.push(await reader.size(`size of tensor ${shown(name)}`))
  }
  const [rowLength = 1] = shape
  const elements = shape.reduce((product, length) => product * length, 1)
  const typeNumber = await reader.uint32()
  const layout = tensorLayout(typeNumber)
  if (!layout) throw new Malformed(`tensor ${shown(name)} has the unknown type ${typeNumber}`)
  const bytes = bytesOf(name, layout, rowLength, elements)
  return {
    shape,
    elements,
    bytes,
    type: layout.type,
    offset: await reader.size(`offset of tensor ${shown(name)}`),
  }
}

function bytesOf(
  name: string,
  { type, blockLength, blockBytes }: TensorLayout,
  rowLength: number,
  elements: number,
): number {
  const bytes = (elements / blockLength) * blockBytes
  if (elements === 0) throw new Malformed(`tensor ${shown(name)} is empty`)
  if (!Number.isSafeInteger(elements) || bytes > Number.MAX_SAFE_INTEGER) {
    throw new Malformed(`tensor ${shown(name)} is larger than any file`)
  }
  if (rowLength % blockLength !== 0) {
    throw new Malformed(
      `a row of tensor ${shown(name)} has ${rowLength} numbers, not a multiple of ${type}'s ${blockLength}`,
    )
  }
  return bytes
}

function padded(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment
}
