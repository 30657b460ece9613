import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

/** The sha256 of a text or of bytes, in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** The sha256 of a file, read as a stream. `onBytes` hears how many bytes were read since the last call. */
export async function sha256OfFile(path: string, onBytes: (count: number) => void = () => {}): Promise<string> {
  return await hashOfFile(createHash('sha256'), path, onBytes)
}

/** The name git has for a file's content: the sha1 of `blob <size>`, a zero byte, and the content. */
export async function gitHashOfFile(path: string, onBytes: (count: number) => void = () => {}): Promise<string> {
  const { size } = await stat(path)
  return await hashOfFile(createHash('sha1').update(`blob ${size}\0`), path, onBytes)
}

async function hashOfFile(hash: Hash, path: string, onBytes: (count: number) => void): Promise<string> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk)
    onBytes(chunk.length)
  }
  return hash.digest('hex')
}

/** A stable text of a value: object keys sorted, so that equal values have equal hashes. */
export function stableStringify(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
