/**
 * Reads members of a zip archive that were stored without compression, as PyTorch writes them. Every offset and length
 * is checked against the file before it is used; what such an archive never has (compression, encryption, parts, more
 * than 4 GB) is refused.
 */
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { Malformed, shown } from '../../model/header-reader.ts'
import { readExactly } from './read-exactly.ts'

export interface ZipMember {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly checksum: number
  /** Where its own header begins. */
  readonly headerStart: number
}

const endBytes = 22
const longestComment = 65_535
const entryBytes = 46
const localHeaderBytes = 30
const signatures = { end: 0x0605_4b50, entry: 0x0201_4b50, member: 0x0403_4b50 } as const
/** A file of one tensor has three to six. */
const mostMembers = 4096
const longestDirectory = 2 ** 20
/** Says that the real value stands elsewhere, because it does not fit. */
const tooLarge = { two: 0xffff, four: 0xffff_ffff } as const

/** The members of an archive by name. Throws Malformed. */
export async function readZipDirectory(file: FileHandle, fileSize: number): Promise<Map<string, ZipMember>> {
  const { count, start, length } = await readEnd(file, fileSize)
  const bytes = await readExactly(file, start, length)
  const members = new Map<string, ZipMember>()
  let at = 0
  for (let index = 0; index < count; index++) {
    if (at + entryBytes > bytes.length || bytes.readUInt32LE(at) !== signatures.entry)
      throw new Malformed(`entry ${index} of its zip directory is damaged`)
    const nameLength = bytes.readUInt16LE(at + 28)
    const end = at + entryBytes + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
    if (end > bytes.length) throw new Malformed(`entry ${index} of its zip directory goes over its end`)
    const member = parseEntry(bytes.subarray(at, at + entryBytes + nameLength), start)
    if (members.has(member.name)) throw new Malformed(`it has two members named ${shown(member.name)}`)
    members.set(member.name, member)
    at = end
  }
  return members
}

/** The content of a member, its checksum verified. Throws Malformed. */
export async function readZipMember(
  file: FileHandle,
  { name, size, checksum, headerStart }: ZipMember,
  fileSize: number,
): Promise<Buffer> {
  if (headerStart + localHeaderBytes > fileSize) throw new Malformed(`member ${shown(name)} begins after its end`)
  const header = await readExactly(file, headerStart, localHeaderBytes)
  if (header.readUInt32LE(0) !== signatures.member)
    throw new Malformed(`member ${shown(name)} is not where it should be`)
  const start = headerStart + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (start + size > fileSize) throw new Malformed(`member ${shown(name)} goes over the end of the file`)
  const bytes = await readExactly(file, start, size)
  if (crc32(bytes) !== checksum) throw new Malformed(`member ${shown(name)} is damaged: its checksum does not fit`)
  return bytes
}

/** The end record names the directory; a comment of any length may follow it. */
async function readEnd(file: FileHandle, fileSize: number) {
  if (fileSize < endBytes) throw new Malformed('it is cut short: a zip archive does not fit in it')
  const length = Math.min(fileSize, endBytes + longestComment)
  const tail = await readExactly(file, fileSize - length, length)
  const at = lastEnd(tail)
  if (at === undefined) throw new Malformed('it is cut short: the directory of its zip archive is missing')
  const count = tail.readUInt16LE(at + 10)
  const directoryLength = tail.readUInt32LE(at + 12)
  const start = tail.readUInt32LE(at + 16)
  if (count === tooLarge.two || directoryLength === tooLarge.four || start === tooLarge.four)
    throw new Malformed('its zip archive is larger than 4 GB')
  if (tail.readUInt16LE(at + 4) !== 0 || tail.readUInt16LE(at + 8) !== count)
    throw new Malformed('its zip archive is in several parts')
  if (count > mostMembers || directoryLength > longestDirectory)
    throw new Malformed(`its zip directory claims ${count} members in ${directoryLength} bytes`)
  if (start + directoryLength > fileSize - length + at) throw new Malformed('its zip directory goes over its end')
  return { count, start, length: directoryLength }
}

function lastEnd(tail: Buffer): number | undefined {
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) === signatures.end && at + endBytes + tail.readUInt16LE(at + 20) === tail.length)
      return at
  }
  return undefined
}

/** @param entry its fixed part and its name */
function parseEntry(entry: Buffer, directoryStart: number): ZipMember {
  const name = entry.toString('utf8', entryBytes)
  const [flags, method] = [entry.readUInt16LE(8), entry.readUInt16LE(10)]
  const [packed, size] = [entry.readUInt32LE(20), entry.readUInt32LE(24)]
  const headerStart = entry.readUInt32LE(42)
  if (flags & 1) throw new Malformed(`member ${shown(name)} is encrypted`)
  if (method !== 0 || packed !== size) throw new Malformed(`member ${shown(name)} is compressed`)
  if (size === tooLarge.four || headerStart === tooLarge.four) throw new Malformed(`member ${shown(name)} is too large`)
  if (headerStart + localHeaderBytes + size > directoryStart)
    throw new Malformed(`member ${shown(name)} goes over the beginning of the directory`)
  return { name, size, checksum: entry.readUInt32LE(16), headerStart }
}
