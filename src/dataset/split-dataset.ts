import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
// As one object: a Node too old to have zstd must get as far as saying so.
import zlib from 'node:zlib'
import { replaceWhole } from '../store/write-file-whole.ts'
import type { Compression, DatasetFile } from './dataset-file.ts'
import type { DatasetPiece } from './dataset-row.ts'
import { splitParquet } from './parquet.ts'
import { readDataset } from './read-dataset.ts'

export interface SplitTargets {
  readonly kept: string
  readonly flagged: string
}

/**
 * Writes a dataset's rows into two files of its own format: those that `isFlagged` names, and all others. Rows keep
 * their bytes (in Parquet their values) and their order; the header is in both.
 * @param isFlagged by the row's place in the file, from 0
 * @throws FILE_INVALID, DISK_FULL, FILE_UNWRITABLE
 */
export async function splitDataset(
  file: DatasetFile,
  isFlagged: (row: number) => boolean,
  targets: SplitTargets,
): Promise<{ readonly kept: number; readonly flagged: number }> {
  if (file.format === 'parquet') return await splitParquet(file.path, isFlagged, targets)
  const counts = { kept: 0, flagged: 0 }
  // Two passes: one writer at a time, and nothing to hold back for the other.
  for (const side of ['kept', 'flagged'] as const) {
    await replaceWhole(targets[side], async path => {
      await mkdir(dirname(path), { recursive: true })
      const bytes = bytesOf(file, isFlagged, side, counts)
      const steps = [Readable.from(bytes), ...compressor(file.compression), createWriteStream(path, { flags: 'wx' })]
      await pipeline(steps)
    })
  }
  return counts
}

async function* bytesOf(
  file: DatasetFile,
  isFlagged: (row: number) => boolean,
  side: 'kept' | 'flagged',
  counts: { kept: number; flagged: number },
): AsyncGenerator<Uint8Array> {
  const pieces = piecesOf(file, isFlagged, side, counts)
  yield* joined(file.format === 'json' ? asArray(pieces) : bytesIn(pieces))
}

async function* piecesOf(
  file: DatasetFile,
  isFlagged: (row: number) => boolean,
  side: 'kept' | 'flagged',
  counts: { kept: number; flagged: number },
): AsyncGenerator<DatasetPiece> {
  let row = 0
  let isRowOn = false
  for await (const piece of readDataset(file)) {
    if (!isOn(piece)) continue
    if (piece.kind === 'row') counts[side]++
    yield piece
  }

  function isOn(piece: DatasetPiece): boolean {
    if (piece.kind === 'header') return true
    if (piece.kind === 'blank') return side === 'kept'
    if (piece.kind === 'row') isRowOn = isFlagged(row++) === (side === 'flagged')
    return isRowOn
  }
}

/** The bytes of a row that is too long to be held come after it. */
async function* bytesIn(pieces: AsyncIterable<DatasetPiece>): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of pieces) if (bytes) yield bytes
}

async function* asArray(pieces: AsyncIterable<DatasetPiece>): AsyncGenerator<Uint8Array> {
  let isFirst = true
  for await (const { kind, bytes } of pieces) {
    if (kind === 'row') {
      yield Buffer.from(isFirst ? '[\n' : ',\n')
      isFirst = false
    }
    if (bytes) yield bytes
  }
  yield Buffer.from(isFirst ? '[]\n' : '\n]\n')
}

/** Small pieces put together: a stream costs something for each. */
async function* joined(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const piece of pieces) {
    held.push(piece)
    heldBytes += piece.length
    if (heldBytes < 1 << 16) continue
    yield Buffer.concat(held)
    held = []
    heldBytes = 0
  }
  if (heldBytes > 0) yield Buffer.concat(held)
}

function compressor(compression: Compression) {
  if (compression === 'gzip') return [zlib.createGzip()]
  return compression === 'zstd' ? [zlib.createZstdCompress()] : []
}
