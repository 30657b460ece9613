/**
 * The safetensors format: 8 bytes of header length, a JSON header, then the tensors' bytes without a gap.
 * Only F32 tensors are written: all that this project keeps. Files of other tools may hold shorter or longer floats.
 */
import { open, stat } from 'node:fs/promises'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { decodeFloats, type FloatType, floatBytes } from './float-values.ts'
import { writeFileWhole } from './write-file-whole.ts'

/** A tensor in row-major order. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, Tensor>>
  /** Free text by key. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Headers are text written by programs: anything longer is not one of ours. */
const longestHeader = 16 * 2 ** 20
const mostDimensions = 8
/** Never a plain setter on an object made from a file. */
const forbiddenNames = new Set(['__proto__', 'constructor', 'prototype'])

interface HeaderEntry {
  readonly dtype: FloatType
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** Writes tensors and metadata, whole or not at all. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function writeSafetensors(path: string, { tensors, metadata }: SafetensorsFile): Promise<void> {
  const entries = Object.entries(tensors)
  let offset = 0
  const header: Record<string, unknown> = { __metadata__: metadata }
  for (const [name, { shape, values }] of entries) {
    const end = offset + values.byteLength
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] }
    offset = end
  }
  // Readers that map the file want the data aligned; the format allows trailing spaces for that.
  const text = JSON.stringify(header)
  const bytes = new TextEncoder().encode(text.padEnd(text.length + ((8 - (byteLength(text) % 8)) % 8)))
  const length = new Uint8Array(new BigUint64Array([BigInt(bytes.length)]).buffer)
  await writeFileWhole(path, [length, bytes, ...entries.map(([, { values }]) => bytesOf(values))])
}

/**
 * Reads a file of F32 tensors.
 * @param types what tensors may be, all brought to F32
 * @param wanted the tensors to read, where not all: the bytes of the others stay on disk
 * @throws FILE_NOT_FOUND, FILE_INVALID with what is wrong
 */
export async function readSafetensors(
  path: string,
  kind = 'safetensors file',
  types: readonly FloatType[] = ['F32'],
  wanted: (name: string) => boolean = () => true,
): Promise<SafetensorsFile> {
  const invalid = (detail: string) => new PersonascopeError('FILE_INVALID', { path, kind, detail })
  const size = await sizeOf(path, kind)
  const file = await open(path)
  try {
    if (size < 8) throw invalid(`it has ${size} bytes`)
    const headerLength = Number((await readBytes(file, 0, 8)).readBigUInt64LE())
    if (headerLength > Math.min(longestHeader, size - 8)) throw invalid(`its header claims ${headerLength} bytes`)
    const { metadata, entries } = parseHeader((await readBytes(file, 8, headerLength)).toString('utf8'), types, invalid)
    const start = 8 + headerLength
    checkLayout(entries, size - start, invalid)
    const tensors: Record<string, Tensor> = {}
    for (const [
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ] of entries.filter(([name]) => wanted(name))) {
      tensors[name] = { shape, values: decodeFloats(await readBytes(file, start + from, to - from), dtype) }
    }
    return { tensors, metadata }
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string, kind: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    throw new PersonascopeError('FILE_NOT_FOUND', { path, kind }, { cause: error })
  }
}

async function readBytes(file: Awaited<ReturnType<typeof open>>, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.from(new ArrayBuffer(length))
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer
}

type Invalid = (detail: string) => PersonascopeError

function parseHeader(text: string, types: readonly FloatType[], invalid: Invalid) {
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (error) {
    throw invalid(`its header is not JSON (${textOf(error)})`)
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw invalid('its header is not an object')
  const { __metadata__: metadata = {}, ...rest } = header as Record<string, unknown>
  if (!isTextRecord(metadata)) throw invalid('its metadata is not text by key')
  const entries = Object.entries(rest).map(([name, entry]): [string, HeaderEntry] => [
    name,
    checkEntry(name, entry, types, invalid),
  ])
  return { metadata, entries }
}

function checkEntry(name: string, entry: unknown, types: readonly FloatType[], invalid: Invalid): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<HeaderEntry>
  if (forbiddenNames.has(name)) throw invalid(`a tensor cannot be named ${name}`)
  if (!dtype || !types.includes(dtype)) throw invalid(`tensor ${name} is ${dtype}, not ${types.join(', ')}`)
  if (!Array.isArray(shape) || shape.length > mostDimensions || !shape.every(isCount))
    throw invalid(`tensor ${name} has no valid shape`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw invalid(`tensor ${name} has no valid offsets`)
  const wanted = shape.reduce((product, length) => product * length, floatBytes[dtype])
  const [from, to] = offsets as [number, number]
  if (to - from !== wanted) throw invalid(`tensor ${name} has ${to - from} bytes where its shape needs ${wanted}`)
  return { dtype, shape, data_offsets: [from, to] }
}

/** The format allows neither gaps nor overlaps, and the last tensor ends where the file does. */
function checkLayout(entries: readonly [string, HeaderEntry][], dataLength: number, invalid: Invalid): void {
  let end = 0
  const ordered = entries.toSorted(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  )
  for (const [
    name,
    {
      data_offsets: [from, to],
    },
  ] of ordered) {
    if (from !== end) throw invalid(`tensor ${name} begins at byte ${from}, not at ${end}`)
    end = to
  }
  if (end !== dataLength) throw invalid(`its tensors end at byte ${end} of ${dataLength}: it was cut short or added to`)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTextRecord(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every(text => typeof text === 'string')
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}

function bytesOf({ buffer, byteOffset, byteLength: length }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}
