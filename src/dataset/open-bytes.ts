import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
// As one object: a Node too old to have zstd must get as far as saying so.
import zlib from 'node:zlib'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { type DatasetFile, invalidDataset } from './dataset-file.ts'
import { swellingGuard } from './swelling-guard.ts'

const chunkSize = 1 << 18
const highWaterMark = 1 << 20

/**
 * The bytes of a dataset, unpacked, without a byte order mark, in chunks as they come.
 * @throws FILE_INVALID where the compression is broken, swells beyond all measure, or the text is UTF-16
 */
export async function* openBytes({ path, compression }: DatasetFile): AsyncGenerator<Uint8Array> {
  const watch = compression === 'none' ? () => {} : swellingGuard(path, (await stat(path)).size)
  let isFirst = true
  try {
    for await (const chunk of unpacked(path, compression)) {
      watch(chunk.length)
      yield isFirst ? withoutMark(path, chunk) : chunk
      isFirst = false
    }
  } catch (error) {
    throw PersonascopeError.is(error) ? error : invalidDataset(path, textOf(error))
  }
}

function unpacked(path: string, compression: DatasetFile['compression']): AsyncIterable<Uint8Array> {
  if (compression === 'zstd') return unpackedFrames(path)
  const file = createReadStream(path, { highWaterMark })
  if (compression === 'none') return file
  // The error reaches whoever reads the last stream.
  return pipeline(file, zlib.createGunzip({ chunkSize }), () => {})
}

/** Frame by frame: Node's stream ends with the first one that ends inside a chunk, and says nothing of the rest. */
async function* unpackedFrames(path: string): AsyncGenerator<Uint8Array> {
  const { size } = await stat(path)
  for (let start = 0; start < size; ) {
    const file = createReadStream(path, { start, highWaterMark })
    const unpacker = zlib.createZstdDecompress({ chunkSize })
    try {
      yield* pipeline(file, unpacker, () => {})
    } finally {
      file.destroy()
    }
    if (unpacker.bytesWritten === 0) throw invalidDataset(path, `no zstd frame at byte ${start}`)
    start += unpacker.bytesWritten
  }
}

function withoutMark(path: string, bytes: Uint8Array): Uint8Array {
  const [first, second, third] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw invalidDataset(path, 'it is in UTF-16; save it as UTF-8')
  return first === 0xef && second === 0xbb && third === 0xbf ? bytes.subarray(3) : bytes
}
