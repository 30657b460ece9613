import type { FileHandle } from 'node:fs/promises'
import { Malformed } from '../../model/header-reader.ts'

/** So many bytes of a file, in a buffer of their own. Throws Malformed where it has become shorter. */
export async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.from(new ArrayBuffer(length))
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) throw new Malformed('it became shorter while it was read')
    filled += bytesRead
  }
  return buffer
}
