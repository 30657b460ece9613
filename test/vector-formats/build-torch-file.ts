/** Writes files as `torch.save` lays them out, for tests: right ones, and ones that lie. */
import { crc32 } from 'node:zlib'

export interface MemberToWrite {
  readonly name: string
  readonly content: Buffer
  /** What the directory claims, where that is not so. */
  readonly claimedSize?: number
  readonly claimedPackedSize?: number
  readonly claimedStart?: number
  readonly checksum?: number
  readonly flags?: number
  readonly method?: number
}

export interface ArchiveClaims {
  readonly count?: number
  readonly directoryLength?: number
  readonly directoryStart?: number
  readonly disk?: number
  readonly comment?: Buffer
}

/** A zip without compression. */
export function zipOf(members: readonly MemberToWrite[], claims: ArchiveClaims = {}): Buffer {
  const parts: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const member of members) {
    const { content, flags = 0x800, method = 0 } = member
    const name = Buffer.from(member.name)
    const checksum = member.checksum ?? crc32(content)
    const packed = member.claimedPackedSize ?? member.claimedSize ?? content.length
    const size = member.claimedSize ?? content.length
    const fields = [0, flags, method, 0, 0]
    parts.push(bytes(4, 0x04034b50), ...fields.map(value => bytes(2, value)), bytes(4, checksum))
    parts.push(bytes(4, packed), bytes(4, size), bytes(2, name.length), bytes(2, 0), name, content)
    entries.push(bytes(4, 0x02014b50), bytes(2, 0), ...fields.map(value => bytes(2, value)), bytes(4, checksum))
    entries.push(bytes(4, packed), bytes(4, size), bytes(2, name.length), ...[0, 0, 0, 0].map(() => bytes(2, 0)))
    entries.push(bytes(4, 0), bytes(4, member.claimedStart ?? at), name)
    at += 30 + name.length + content.length
  }
  const directory = Buffer.concat(entries)
  const { count = members.length, directoryLength = directory.length, directoryStart = at, disk = 0 } = claims
  const comment = claims.comment ?? Buffer.alloc(0)
  const end = [bytes(4, 0x06054b50), bytes(2, disk), bytes(2, 0), bytes(2, count), bytes(2, count)]
  end.push(bytes(4, directoryLength), bytes(4, directoryStart), bytes(2, comment.length), comment)
  return Buffer.concat([...parts, directory, ...end])
}

/** A `.pt` file around a pickle. */
export function torchFileOf(pickle: Buffer, storage = Buffer.alloc(160)): Buffer {
  return zipOf([
    { name: 'archive/data.pkl', content: pickle },
    { name: 'archive/data/0', content: storage },
    { name: 'archive/version', content: Buffer.from('3\n') },
  ])
}

export interface TensorToPickle {
  readonly storageType?: string
  readonly key?: string
  readonly count?: number
  readonly offset?: number
  readonly shape?: readonly number[]
  readonly strides?: readonly number[]
}

/** The pickle of a tensor, as torch.save writes it. */
export function tensorPickle(tensor: TensorToPickle = {}): Buffer {
  return Buffer.concat([Buffer.from([0x80, 2]), tensorInstructions(tensor), Buffer.from('.')])
}

export function tensorInstructions(tensor: TensorToPickle = {}): Buffer {
  const { storageType = 'FloatStorage', key = '0', count = 40, offset = 0, shape = [5, 8], strides = [8, 1] } = tensor
  return Buffer.concat([
    Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n(('),
    text('storage'),
    Buffer.from(`ctorch\n${storageType}\n`),
    ...[text(key), text('cpu'), integer(count), Buffer.from('tQ'), integer(offset)],
    ...[Buffer.from('('), ...shape.map(integer), Buffer.from('t('), ...strides.map(integer), Buffer.from('t')],
    Buffer.from([0x89]),
    Buffer.from('ccollections\nOrderedDict\n)RtR'),
  ])
}

/** BINUNICODE, with a length that may be a lie. */
export function text(value: string, claimedLength = Buffer.byteLength(value)): Buffer {
  return Buffer.concat([Buffer.from('X'), bytes(4, claimedLength), Buffer.from(value)])
}

/** BININT where it fits, else LONG1. */
export function integer(value: number): Buffer {
  if (value >= -(2 ** 31) && value < 2 ** 31) {
    const body = Buffer.alloc(4)
    body.writeInt32LE(value)
    return Buffer.concat([Buffer.from('J'), body])
  }
  const body = Buffer.alloc(8)
  body.writeBigInt64LE(BigInt(value))
  return Buffer.concat([Buffer.from([0x8a, 8]), body])
}

/** An unsigned little-endian number. */
export function bytes(count: number, value: number): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64LE(BigInt(value))
  return buffer.subarray(0, count)
}
