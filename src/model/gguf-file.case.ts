/** Writes GGUF files for tests: right ones, and ones that are wrong in one place. */

export type MetadataValue =
  | { readonly uint32: number }
  | { readonly uint64: bigint }
  | { readonly float32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly uint8s: readonly number[] }
  /** The bytes of a value, its type's number first. */
  | { readonly raw: Buffer }

export interface TensorToWrite {
  readonly name: string
  readonly dimensions: readonly (number | bigint)[]
  /** The number of its type; 0 is F32, 8 is Q8_0. */
  readonly type: number
  /** Where in the data it claims to begin. */
  readonly offset: number | bigint
}

export interface GgufToWrite {
  readonly magic?: string
  readonly version?: number
  readonly metadata: Readonly<Record<string, MetadataValue>>
  readonly tensors: readonly TensorToWrite[]
  /** How many it claims, where that is not how many there are. */
  readonly claimedKeys?: bigint
  readonly claimedTensors?: bigint
  /** Bytes after the header. */
  readonly dataBytes: number
  readonly alignment?: number
}

/** A model of two blocks, with a vocabulary and a chat template; 64 wide, in Q8_0. */
export const smallModel: GgufToWrite = {
  metadata: {
    'general.architecture': { string: 'llama' },
    'general.name': { string: 'Small' },
    'general.file_type': { uint32: 7 },
    'llama.block_count': { uint32: 2 },
    'llama.embedding_length': { uint32: 64 },
    'llama.context_length': { uint64: 2048n },
    'llama.rope.freq_base': { float32: 10_000 },
    'tokenizer.ggml.add_bos_token': { bool: true },
    'tokenizer.ggml.tokens': { strings: Array.from({ length: 1000 }, (_, index) => `token ${index} ü`) },
    'tokenizer.ggml.token_type': { uint8s: Array.from({ length: 1000 }, (_, index) => index & 255) },
    'tokenizer.chat_template': { string: '{{ messages }}' },
  },
  tensors: [
    { name: 'token_embd.weight', dimensions: [64, 1000], type: 8, offset: 0 },
    { name: 'blk.0.attn_norm.weight', dimensions: [64], type: 0, offset: 68_000 },
    { name: 'blk.1.attn_norm.weight', dimensions: [64], type: 0, offset: 68_256 },
  ],
  dataBytes: 68_512,
}

/** The bytes of a GGUF file. */
export function ggufFile(model: GgufToWrite): Buffer {
  const header = ggufHeader(model)
  const { alignment = 32, dataBytes } = model
  return Buffer.concat([
    header,
    Buffer.alloc((alignment - (header.length % alignment)) % alignment),
    Buffer.alloc(dataBytes),
  ])
}

export function ggufHeader({ magic = 'GGUF', version = 3, metadata, tensors, ...claims }: GgufToWrite): Buffer {
  const { claimedTensors = BigInt(tensors.length), claimedKeys = BigInt(Object.keys(metadata).length) } = claims
  return Buffer.concat([
    Buffer.from(magic, 'latin1'),
    uint32(version),
    uint64(claimedTensors),
    uint64(claimedKeys),
    ...Object.entries(metadata).flatMap(([key, value]) => [text(key), encode(value)]),
    ...tensors.flatMap(({ name, dimensions, type, offset }) => [
      text(name),
      uint32(dimensions.length),
      ...dimensions.map(length => uint64(BigInt(length))),
      uint32(type),
      uint64(BigInt(offset)),
    ]),
  ])
}

function encode(value: MetadataValue): Buffer {
  if ('uint32' in value) return Buffer.concat([uint32(4), uint32(value.uint32)])
  if ('uint64' in value) return Buffer.concat([uint32(10), uint64(value.uint64)])
  if ('float32' in value) {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatLE(value.float32)
    return Buffer.concat([uint32(6), bytes])
  }
  if ('bool' in value) return Buffer.concat([uint32(7), Buffer.from([Number(value.bool)])])
  if ('string' in value) return Buffer.concat([uint32(8), text(value.string)])
  if ('strings' in value)
    return Buffer.concat([uint32(9), uint32(8), uint64(BigInt(value.strings.length)), ...value.strings.map(text)])
  if ('uint8s' in value)
    return Buffer.concat([uint32(9), uint32(0), uint64(BigInt(value.uint8s.length)), Buffer.from(value.uint8s)])
  return value.raw
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint64(BigInt(bytes.length)), bytes])
}
