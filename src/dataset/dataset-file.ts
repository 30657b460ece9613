/** A file of rows: how it is written, found by its name and its first bytes. */
import { open } from 'node:fs/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'

export type DatasetFormat = 'jsonl' | 'json' | 'csv' | 'tsv' | 'parquet'
export type Compression = 'none' | 'gzip' | 'zstd'

export interface DatasetFile {
  readonly path: string
  readonly format: DatasetFormat
  readonly compression: Compression
}

/** The error of a file that cannot be read at all. */
export function invalidDataset(path: string, detail: string): PersonascopeError {
  return new PersonascopeError('FILE_INVALID', { path, kind: 'dataset', detail })
}

/** @throws FILE_NOT_FOUND, FILE_INVALID where the format is none that is known */
export async function lookAtFile(path: string): Promise<DatasetFile> {
  const head = await headOf(path)
  const compression = compressionOf(head)
  const format = formatOf(path, head, compression)
  if (!format)
    throw invalidDataset(path, 'its name does not end in .csv, .tsv, .jsonl, .json or .parquet, with .gz or .zst after')
  if (format === 'parquet' && compression !== 'none') throw invalidDataset(path, 'Parquet is not compressed as a whole')
  return { path, format, compression }
}

async function headOf(path: string): Promise<Uint8Array> {
  const kind = 'dataset'
  const file = await open(path).catch(error => {
    if ('code' in error && error.code === 'ENOENT') throw new PersonascopeError('FILE_NOT_FOUND', { path, kind })
    throw invalidDataset(path, error.message)
  })
  try {
    if ((await file.stat()).isDirectory()) throw invalidDataset(path, 'it is a folder')
    const { buffer, bytesRead } = await file.read(new Uint8Array(4), 0, 4, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd'
  return 'none'
}

const endings: Readonly<Record<string, DatasetFormat>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
  csv: 'csv',
  tsv: 'tsv',
  parquet: 'parquet',
}

function formatOf(path: string, head: Uint8Array, compression: Compression): DatasetFormat | undefined {
  if (compression === 'none' && new TextDecoder().decode(head) === 'PAR1') return 'parquet'
  const ending = /\.(\w+)$/.exec(path.toLowerCase().replace(/\.(gz|gzip|zst|zstd)$/, ''))?.[1]
  return endings[ending ?? '']
}
