/** Damages vector files at random, and says what a reader makes of them. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PersonascopeError } from '../../src/errors/personascope-error.ts'
import type { Random } from '../../src/numeric/random.ts'
import type { Forecaster } from '../../src/vector/forecaster.ts'
import { readForecaster, writeForecaster } from '../../src/vector/forecaster-file.ts'
import type { ForeignFormat, ForeignVector } from '../../src/vector/format/foreign-vector.ts'
import { placeLayers } from '../../src/vector/format/place-layers.ts'
import { readForeignVector } from '../../src/vector/format/read-foreign-vector.ts'
import type { PersonaVector } from '../../src/vector/persona-vector.ts'
import { sampleForecaster } from '../../src/vector/sample-forecaster.case.ts'
import { readVector, writeVector } from '../../src/vector/vector-file.ts'
import { type MemberToWrite, zipOf } from './build-torch-file.ts'
import { filesIn, fixtures, torchFolders } from './fixtures.ts'
import { extractedVector } from './sample-vector.ts'

export const readers = ['pt', 'gguf', 'safetensors', 'own', 'forecaster'] as const
export type Reader = (typeof readers)[number]

/** What became of a damaged file: read after all, refused, or what must never happen. */
export type Outcome = 'read' | 'refused' | { readonly fault: string }

/**
 * The files that damage begins with.
 * @param folder where files can be written
 */
export async function seedsOf(reader: Reader, folder: string): Promise<Buffer[]> {
  const all = (name: string) => filesIn(name).map(file => readFileSync(join(fixtures, name, file)))
  switch (reader) {
    case 'pt':
      return [...torchFolders.flatMap(all), ...all('hostile')]
    case 'gguf':
      return all('gguf')
    case 'safetensors':
      return all('safetensors')
    case 'own':
      return [await ownFile(extractedVector(), folder), await ownFile(importedVector(), folder)]
    case 'forecaster':
      return [await forecasterFile(folder)]
  }
}

async function ownFile(vector: PersonaVector, folder: string): Promise<Buffer> {
  const path = join(folder, 'seed.safetensors')
  await writeVector(path, vector)
  return readFileSync(path)
}

async function forecasterFile(folder: string): Promise<Buffer> {
  const path = join(folder, 'forecaster-seed.safetensors')
  await writeForecaster(path, sampleForecaster())
  return readFileSync(path)
}

function importedVector(): PersonaVector {
  const { directions, provenance, ...vector } = extractedVector()
  const layers = [1, 2, 3, 4]
  const origin = { kind: 'import', file: 'a.pt', sha256: 'x', format: 'pt', convention: 'saklas', layers } as const
  return { ...vector, directions: { response_avg: directions.response_avg }, provenance: { ...provenance, origin } }
}

/** Writes a damaged file and reads it. */
export async function readDamaged(reader: Reader, content: Buffer, path: string): Promise<Outcome> {
  await writeFile(path, content)
  return await outcomeOf(path, reader)
}

/**
 * Reads a file, and places it in a model of four blocks of eight.
 * @param reader by default the one that the file's first bytes ask for
 */
export async function outcomeOf(path: string, reader?: Reader): Promise<Outcome> {
  try {
    if (reader === 'own') return faultOfOwn(await readVector(path)) ?? 'read'
    if (reader === 'forecaster') return faultOfForecaster(await readForecaster(path)) ?? 'read'
    const vector = await readForeignVector(path, reader && { from: reader satisfies ForeignFormat })
    const fault = faultOf(vector)
    if (fault) return fault
    const model = { id: 'm', blockCount: 4, hiddenSize: 8 }
    const { directions } = placeLayers(vector, { path, modelId: 'm', model, layer: 2 })
    const isWrong = [...directions].some(([layer, values]) => layer < 0 || layer > 4 || values.length !== 8)
    return isWrong ? { fault: 'a direction at a layer there is not' } : 'read'
  } catch (error) {
    if (PersonascopeError.is(error) && error.code !== 'INTERNAL') return 'refused'
    return { fault: error instanceof Error ? `${error.stack}` : String(error) }
  }
}

function faultOf({ rows, hiddenSize }: ForeignVector): Outcome | undefined {
  if (rows.size === 0 || hiddenSize < 1) return { fault: 'a vector of nothing' }
  const isWrong = [...rows.values()].some(row => row.length !== hiddenSize || !row.every(Number.isFinite))
  return isWrong ? { fault: 'a row that is none' } : undefined
}

function faultOfOwn({ directions, blockCount, hiddenSize, defaultLayer }: PersonaVector): Outcome | undefined {
  const isWrong = Object.values(directions).some(
    matrix => matrix.length !== (blockCount + 1) * hiddenSize || !matrix.every(Number.isFinite),
  )
  return isWrong || !(defaultLayer >= 1 && defaultLayer <= blockCount) ? { fault: 'a vector that is none' } : undefined
}

function faultOfForecaster({ direction, intercept, layer, provenance }: Forecaster): Outcome | undefined {
  const { hiddenSize, blockCount } = provenance.model
  const isWhole = direction.length === hiddenSize && direction.every(Number.isFinite) && Number.isFinite(intercept)
  return isWhole && layer >= 1 && layer <= blockCount ? undefined : { fault: 'a forecaster that is none' }
}

/** A damaged file. Checksums and lengths around the damage are made right half of the time, so that it gets in deep. */
export function damage(reader: Reader, seed: Buffer, random: Random): Buffer {
  if (random.next() < 0.5) return damageBytes(seed, random)
  if (reader === 'pt') return damageMember(seed, random)
  if (reader === 'safetensors' || reader === 'own' || reader === 'forecaster') return damageHeader(seed, random)
  return damageBytes(seed, random)
}

function damageMember(seed: Buffer, random: Random): Buffer {
  const members = membersOf(seed)
  if (members.length === 0) return damageBytes(seed, random)
  const chosen =
    random.next() < 0.8 ? members.findIndex(({ name }) => name.endsWith('data.pkl')) : below(members.length, random)
  return zipOf(
    members.map((member, index) =>
      index === chosen ? { ...member, content: damageBytes(member.content, random) } : member,
    ),
  )
}

function damageHeader(seed: Buffer, random: Random): Buffer {
  const length = Number(seed.readBigUInt64LE())
  const header = damageBytes(seed.subarray(8, 8 + length), random)
  const start = Buffer.alloc(8)
  start.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([start, header, seed.subarray(8 + length)])
}

/** The members of a zip without compression, found by walking its directory. */
function membersOf(zip: Buffer): MemberToWrite[] {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  if (end < 0) return []
  const members: MemberToWrite[] = []
  let at = zip.readUInt32LE(end + 16)
  while (at + 46 <= zip.length && zip.readUInt32LE(at) === 0x02014b50) {
    const [size, nameLength, start] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt32LE(at + 42)]
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    const from = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28)
    members.push({ name, content: zip.subarray(from, from + size) })
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return members
}

/** One to three of: flipped bits, a hostile number, an end that is missing, a piece that is doubled, gone or noise. */
function damageBytes(seed: Buffer, random: Random): Buffer {
  let content = Buffer.from(seed)
  for (let round = 0; round <= below(3, random); round++) {
    if (content.length === 0) return content
    content = damages[below(damages.length, random)]!(content, random)
  }
  return content
}

const damages: readonly ((content: Buffer<ArrayBuffer>, random: Random) => Buffer<ArrayBuffer>)[] = [
  (content, random) => {
    for (let flip = 0; flip <= below(8, random); flip++)
      content[below(content.length, random)]! ^= 1 << below(8, random)
    return content
  },
  (content, random) => {
    const width = [1, 2, 4, 8][below(4, random)]!
    const value = hostileNumbers(content.length)[below(hostileNumbers(0).length, random)]!
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
    bytes.copy(content, below(content.length, random), 0, width)
    return content
  },
  (content, random) => content.subarray(0, below(content.length, random)),
  (content, random) => {
    const [from, to] = piece(content.length, random)
    return Buffer.concat([content.subarray(0, to), content.subarray(from)])
  },
  (content, random) => {
    const [from, to] = piece(content.length, random)
    return Buffer.concat([content.subarray(0, from), content.subarray(to)])
  },
  (content, random) => {
    const at = below(content.length, random)
    const noise = Buffer.from(Array.from({ length: 1 + below(16, random) }, () => below(256, random)))
    return Buffer.concat([content.subarray(0, at), noise, content.subarray(at)])
  },
  (content, random) => {
    // Digits and instructions turned into others keep texts and pickles well-formed for longer.
    const at = below(content.length, random)
    content[at] = '0123456789[]{}",:().RQbuietqhcX'.charCodeAt(below(31, random))
    return content
  },
]

function hostileNumbers(size: number): bigint[] {
  const near = [0n, 1n, 7n, 0x7fn, 0xffn, 0x7fffn, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn]
  const far = [2n ** 40n, 2n ** 53n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n, -8n]
  return [...near, ...far, BigInt(size), BigInt(size) - 1n, BigInt(size) + 1n]
}

function piece(length: number, random: Random): [number, number] {
  const from = below(length, random)
  return [from, Math.min(length, from + 1 + below(64, random))]
}

function below(limit: number, random: Random): number {
  return Math.floor(random.next() * limit)
}
