import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, type Transform } from 'node:stream'
// As one object: a Node too old to have zstd must get as far as saying so.
import zlib from 'node:zlib'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { type DatasetFile, invalidDataset } from './dataset-file.ts'
import { swellingGuard } from './swelling-guard.ts'

const chunkSize = 1 << 18

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
  const file = createReadStream(path, { highWaterMark: 1 << 20 })
  if (compression === 'none') return file
  const unpacker: Transform =
    compression === 'gzip' ? zlib.createGunzip({ chunkSize }) : zlib.createZstdDecompress({ chunkSize })
  // The error reaches whoever reads the last stream.
  return pipeline(file, unpacker, () => {})
}

function withoutMark(path: string, bytes: Uint8Array): Uint8Array {
  const [first, second, third] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw invalidDataset(path, 'it is in UTF-16; save it as UTF-8')
  return first === 0xef && second === 0xbb && third === 0xbf ? bytes.subarray(3) : bytes
}
