import { spawnSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { platform } from 'node:os'
import { join } from 'node:path'
import { gguf } from '@huggingface/gguf'
import { describe, expect, test } from 'vitest'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { createRandom, type Random } from '../numeric/random.ts'
import {
  type GgufToWrite,
  ggufFile,
  ggufHeader,
  smallModel,
  type TensorToWrite,
  text,
  uint32,
  uint64,
} from './gguf-file.case.ts'
import { inspectGguf } from './inspect-gguf.ts'
import { isolateMachine } from './isolated-machine.case.ts'

const machine = isolateMachine()
const path = () => join(machine.directory, 'model.gguf')

async function inspect(bytes: Buffer) {
  writeFileSync(path(), bytes)
  return await inspectGguf(path())
}

/** Why a file is refused. */
async function refusal(bytes: Buffer): Promise<string> {
  const error = await inspect(bytes).then(
    info => new Error(`It was taken: ${JSON.stringify(info)}`),
    (reason: unknown) => reason,
  )
  if (PersonascopeError.is(error) && error.code === 'MODEL_FILE_INVALID') return String(error.facts['detail'])
  throw error
}

const { metadata, tensors } = smallModel
const [embedding, firstNorm, secondNorm] = tensors as [TensorToWrite, TensorToWrite, TensorToWrite]
const withMetadata = (more: GgufToWrite['metadata']): GgufToWrite => ({
  ...smallModel,
  metadata: { ...metadata, ...more },
})
const withTensors = (...changed: TensorToWrite[]): GgufToWrite => ({ ...smallModel, tensors: changed })

describe('a whole file', () => {
  test('says what it holds', async () => {
    const bytes = ggufFile(smallModel)
    expect(await inspect(bytes)).toEqual({
      path: path(),
      fileSize: bytes.length,
      architecture: 'llama',
      name: 'Small',
      parameterCount: 64_128,
      blockCount: 2,
      hiddenSize: 64,
      contextTokens: 2048,
      vocabularySize: 1000,
      weightFormat: 'Q8_0',
      tensorTypes: { Q8_0: 1, F32: 2 },
      hasChatTemplate: true,
    })
  })

  test('is read as the parser of Hugging Face reads it', async () => {
    const info = await inspect(ggufFile(smallModel))
    const reference = await gguf(path(), { allowLocalFile: true, computeParametersCount: true })
    const { tensorInfos, parameterCount } = reference
    const values = reference.metadata as unknown as Readonly<Record<string, unknown>>
    expect(info.parameterCount).toBe(parameterCount)
    expect(Object.values(info.tensorTypes).reduce((a, b) => a + b)).toBe(tensorInfos.length)
    expect(info.contextTokens).toBe(Number(values['llama.context_length']))
    expect(info.vocabularySize).toBe((values['tokenizer.ggml.tokens'] as string[]).length)
  })

  test('of version 2, with another alignment, is read too', async () => {
    const aligned = withTensors({ ...embedding, dimensions: [64, 1] }, { ...firstNorm, offset: 128 })
    const model = { ...aligned, version: 2, alignment: 64, dataBytes: 384 }
    const { parameterCount } = await inspect(
      ggufFile({ ...model, metadata: { ...metadata, 'general.alignment': { uint32: 64 } } }),
    )
    expect(parameterCount).toBe(128)
  })

  test('that does not name its format is named by the type of most matrices', async () => {
    const { 'general.file_type': _, ...rest } = metadata
    expect((await inspect(ggufFile({ ...smallModel, metadata: rest }))).weightFormat).toBe('Q8_0')
    const unknown = withMetadata({ 'general.file_type': { uint32: 9999 } })
    expect((await inspect(ggufFile(unknown))).weightFormat).toBe('Q8_0')
  })

  test('without a vocabulary list or chat template says so', async () => {
    const { 'tokenizer.ggml.tokens': _, 'tokenizer.chat_template': __, ...rest } = metadata
    const bare = { ...smallModel, metadata: { ...rest, 'llama.vocab_size': { uint32: 77 } } }
    expect(await inspect(ggufFile(bare))).toMatchObject({ vocabularySize: 77, hasChatTemplate: false })
  })

  test('may have a chat template and lists longer than what is read at once', async () => {
    const long = withMetadata({
      'tokenizer.chat_template': { string: 'x'.repeat(3_000_000) },
      'tokenizer.ggml.tokens': { strings: Array.from({ length: 100_000 }, (_, index) => `${index}`.repeat(4)) },
      'tokenizer.ggml.merges': { strings: ['y'.repeat(700_000), 'z'] },
    })
    const info = await inspect(ggufFile(long))
    expect(info).toMatchObject({ vocabularySize: 100_000, hasChatTemplate: true, parameterCount: 64_128 })
  })
})

describe('a file that is cut short', () => {
  test('by one byte of its last tensor is refused', async () => {
    const bytes = ggufFile(smallModel)
    expect(await refusal(bytes.subarray(0, -1))).toBe(
      `it is cut short: tensor blk.1.attn_norm.weight ends at byte ${bytes.length}, the file has ${bytes.length - 1}`,
    )
  })

  test('anywhere in its header is refused', async () => {
    const { length } = ggufHeader(smallModel)
    for (let kept = 4; kept < length; kept += 97) {
      expect(await refusal(ggufFile(smallModel).subarray(0, kept))).toMatch(/^it is cut short: .* the file has \d+$/)
    }
  })

  test('before its magic is refused', async () => {
    expect(await refusal(Buffer.alloc(0))).toBe('it has 0 bytes')
    expect(await refusal(Buffer.from('GG'))).toBe('it has 2 bytes')
  })
})

describe('a file is refused that has', () => {
  const raw = (...parts: Buffer[]) => ({ raw: Buffer.concat(parts) })
  const without = (key: string) => ({
    ...smallModel,
    metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== key)),
  })
  test.each<[string, GgufToWrite, RegExp]>([
    ['another magic', { ...smallModel, magic: 'ggml' }, /does not begin with GGUF \(found "ggml"\)/],
    ['an unprintable magic', { ...smallModel, magic: '\x7fELF' }, /found "\?ELF"/],
    ['an old version', { ...smallModel, version: 1 }, /its version is 1, expected 2 or 3/],
    ['a future version', { ...smallModel, version: 4 }, /its version is 4/],
    ['the other byte order', { ...smallModel, version: 0x03000000 }, /big-endian/],
    ['ten million tensors', { ...smallModel, claimedTensors: 10_000_000n }, /claims 10000000 tensors/],
    ['2^63 tensors', { ...smallModel, claimedTensors: 2n ** 63n }, /tensor count is larger than any file/],
    ['a million keys', { ...smallModel, claimedKeys: 1_000_000n }, /claims 1000000 metadata keys/],
    [
      'one tensor less than it claims',
      { ...smallModel, claimedTensors: 4n },
      /claims|cut short|empty|unknown|should begin/,
    ],
    ['a key of an unknown type', withMetadata({ odd: raw(uint32(99)) }), /metadata key odd has the unknown type 99/],
    [
      'a text longer than the file',
      withMetadata({ odd: raw(uint32(8), uint64(1_000_000n)) }),
      /cut short: the text odd/,
    ],
    [
      'a text longer than any file',
      withMetadata({ odd: raw(uint32(8), uint64(2n ** 60n)) }),
      /length of odd is larger/,
    ],
    [
      'a list longer than the file',
      withMetadata({ odd: raw(uint32(9), uint32(0), uint64(2n ** 40n)) }),
      /cut short: the list odd/,
    ],
    [
      'a list of more texts than the file',
      withMetadata({ odd: raw(uint32(9), uint32(8), uint64(2n ** 40n)) }),
      /cut short: the list odd/,
    ],
    [
      'a list of lists',
      withMetadata({ odd: raw(uint32(9), uint32(9), uint64(1n)) }),
      /list odd has elements of the unknown type 9/,
    ],
    ['an alignment of 0', withMetadata({ 'general.alignment': { uint32: 0 } }), /alignment is 0/],
    ['an alignment of 48', withMetadata({ 'general.alignment': { uint32: 48 } }), /alignment is 48/],
    ['an alignment in words', withMetadata({ 'general.alignment': { string: 'none' } }), /alignment is none/],
    ['a tensor of five dimensions', withTensors({ ...embedding, dimensions: [64, 1, 1, 1, 1] }), /claims 5 dimensions/],
    [
      'a tensor of an unknown type',
      withTensors({ ...embedding, type: 4 }),
      /token_embd\.weight has the unknown type 4/,
    ],
    ['a tensor of nothing', withTensors({ ...embedding, dimensions: [64, 0] }), /token_embd\.weight is empty/],
    [
      'a tensor larger than any file',
      withTensors({ ...embedding, dimensions: [2n ** 40n, 2n ** 40n] }),
      /larger than any file/,
    ],
    [
      'a tensor with a size beyond numbers',
      withTensors({ ...embedding, dimensions: [2n ** 62n] }),
      /larger than any file/,
    ],
    [
      'a row that ends inside a block',
      withTensors({ ...embedding, dimensions: [63, 10] }),
      /has 63 numbers, not a multiple of Q8_0's 32/,
    ],
    [
      'a tensor in another’s place',
      withTensors(embedding, firstNorm, { ...secondNorm, offset: 68_000 }),
      /should begin at byte 68256/,
    ],
    ['a gap between tensors', withTensors(embedding, { ...firstNorm, offset: 70_000 }), /should begin at byte 68000/],
    ['no architecture', without('general.architecture'), /names no architecture/],
    [
      'an architecture that is none',
      withMetadata({ 'general.architecture': { string: 'a\nb' } }),
      /names no architecture/,
    ],
    ['no block count', without('llama.block_count'), /has no llama\.block_count, so it holds no language model/],
    [
      'a block count beyond all models',
      withMetadata({ 'llama.block_count': { uint32: 4e9 } }),
      /llama\.block_count is 4000000000/,
    ],
    [
      'a hidden size in words',
      withMetadata({ 'llama.embedding_length': { string: 'wide' } }),
      /llama\.embedding_length is wide/,
    ],
    ['no weights', { ...smallModel, tensors: [], dataBytes: 0 }, /holds no weights/],
  ])('%s', async (_, model, detail) => {
    expect(await refusal(ggufFile(model))).toMatch(detail)
  })
})

describe('what is no file at all', () => {
  test('is told apart from a damaged one', async () => {
    await expect(inspectGguf(join(machine.directory, 'nothing'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(inspectGguf(machine.directory)).rejects.toMatchObject({ facts: { detail: 'it is not a file' } })
  })

  test.skipIf(platform() === 'win32')('is not waited for, if it is a pipe', async () => {
    expect(spawnSync('mkfifo', [path()]).status).toBe(0)
    await expect(inspectGguf(path())).rejects.toMatchObject({ facts: { detail: 'it is not a file' } })
  })
})

/** Processor time, which a busy machine does not stretch. */
function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

describe('a hostile header', () => {
  test.each([
    ['for ever is refused', 100_000_000n, /header goes on after 67108864 bytes/],
    ['almost as long as is believed is read', 8_000_000n, /should begin at byte/],
  ])('that goes on %s within a second', async (_, emptyTexts, detail) => {
    const long = withMetadata({ odd: { raw: Buffer.concat([uint32(9), uint32(8), uint64(emptyTexts)]) } })
    const { length } = ggufHeader({ ...long, tensors: [] })
    writeFileSync(path(), ggufHeader(long).subarray(0, length))
    // The rest of the file is a hole: empty texts, then tensors without names.
    truncateSync(path(), 2 ** 30)
    const before = process.cpuUsage()
    await expect(inspectGguf(path())).rejects.toMatchObject({ facts: { detail: expect.stringMatching(detail) } })
    expect(secondsSince(before)).toBeLessThan(1)
  })

  test('of few bytes takes little memory', async () => {
    const header = Buffer.concat([Buffer.from('GGUF'), uint32(3), uint64(262_144n), uint64(65_536n)])
    const before = process.memoryUsage().rss
    for (let turn = 0; turn < 20; turn++) expect(await refusal(header)).toMatch(/cut short/)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20)
  })

  test('made of a good one by chance is understood or refused, each within a second', { timeout: 60_000 }, async () => {
    const good = ggufFile(smallModel)
    const headerLength = ggufHeader(smallModel).length
    const random = createRandom(20_261_123)
    const outcomes = { taken: 0, refused: 0 }
    let slowest = 0
    for (let turn = 0; turn < 600; turn++) {
      const bytes = mutate(good, headerLength, random)
      const before = process.cpuUsage()
      try {
        const info = await inspect(bytes)
        outcomes.taken++
        expect(info.parameterCount).toBeLessThanOrEqual(bytes.length * 8)
      } catch (error) {
        if (!PersonascopeError.is(error) || error.code !== 'MODEL_FILE_INVALID') throw error
        outcomes.refused++
        expect(String(error.facts['detail'])).toMatch(/^[\x20-\x7e]{5,200}$/)
      }
      slowest = Math.max(slowest, secondsSince(before))
    }
    expect(slowest).toBeLessThan(1)
    // A fuzz that is always refused, or never, tests nothing.
    expect(outcomes.taken).toBeGreaterThan(20)
    expect(outcomes.refused).toBeGreaterThan(200)
  })
})

/** Changes a few things in the header: bytes, whole numbers, the length of the file. */
function mutate(good: Buffer, headerLength: number, random: Random): Buffer {
  const below = (limit: number) => Math.floor(random.next() * limit)
  let bytes: Buffer = Buffer.from(good)
  // Most of the header is vocabulary: half of the changes go to what surrounds it.
  const place = () =>
    below(2) === 0 ? below(headerLength) : below(2) === 0 ? below(500) : headerLength - 1 - below(200)
  const changes: readonly (() => void)[] = [
    () => (bytes[place()] = below(256)),
    () => (bytes[place()]! ^= 1 << below(8)),
    () => bytes.writeBigUInt64LE(2n ** BigInt(below(64)), Math.min(place(), bytes.length - 8)),
    () => bytes.writeUInt32LE(below(2) === 0 ? 0xffffffff : below(20), Math.min(place(), bytes.length - 4)),
    () => bytes.copyWithin(place(), place(), place()),
  ]
  if (below(8) === 0) bytes = bytes.subarray(0, below(bytes.length))
  if (bytes.length < 500 || below(12) === 0) return bytes
  for (let count = 1 + below(3); count > 0; count--) {
    if (bytes.length >= headerLength) changes[below(changes.length)]!()
  }
  return bytes
}

test('the texts of the header are read in their encoding', async () => {
  const model = withMetadata({ 'general.name': { string: 'Größe 世界' } })
  expect((await inspect(ggufFile(model))).name).toBe('Größe 世界')
  expect(text('é').length).toBe(10)
})
