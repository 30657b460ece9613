import { textOf } from '../errors/personascope-error.ts'
import { csvCells } from './csv-cells.ts'
import { type DatasetFile, invalidDataset } from './dataset-file.ts'
import { type DatasetPiece, type DatasetRow, type OtherPiece, type RowColumns, RowFault } from './dataset-row.ts'
import { isObject, type JsonValue } from './json-value.ts'
import { openBytes } from './open-bytes.ts'
import { readParquetRows } from './parquet.ts'
import { splitArray } from './split-array.ts'
import { type RawRow, splitLines, splitRecords } from './split-rows.ts'

/**
 * Everything in a file, in order, in the memory of a few rows.
 * @throws FILE_INVALID where the file as a whole cannot be read; a row that cannot says so when it is parsed
 */
export async function* readDataset(file: DatasetFile): AsyncGenerator<DatasetPiece> {
  switch (file.format) {
    case 'parquet':
      return yield* parquetRows(file)
    case 'csv':
      return yield* records(file, ',')
    case 'tsv':
      return yield* records(file, '\t')
    case 'jsonl':
      for await (const raw of splitLines(openBytes(file))) yield asOther(raw) ?? jsonRow(raw)
      return
    case 'json':
      for await (const raw of splitArray(openBytes(file), detail => invalidDataset(file.path, detail)))
        yield asRest(raw) ?? jsonRow(raw)
  }
}

/** The rows alone. */
export async function* readRows(file: DatasetFile): AsyncGenerator<DatasetRow> {
  for await (const piece of readDataset(file)) if (piece.kind === 'row') yield piece
}

async function* parquetRows({ path }: DatasetFile): AsyncGenerator<DatasetRow> {
  let line = 0
  for await (const columns of readParquetRows(path)) {
    line++
    yield { kind: 'row', line, parse: () => columns }
  }
}

async function* records(file: DatasetFile, delimiter: string): AsyncGenerator<DatasetPiece> {
  let header: string[] | undefined
  for await (const raw of splitRecords(openBytes(file), delimiter.charCodeAt(0))) {
    const other = asOther(raw)
    if (other || header) {
      yield other ?? csvRow(raw, header!, delimiter)
      continue
    }
    header = headerOf(file, raw, delimiter)
    yield { kind: 'header', bytes: raw.bytes! }
  }
}

function headerOf({ path }: DatasetFile, raw: RawRow, delimiter: string): string[] {
  let names: string[]
  try {
    names = csvCells(decode(raw), delimiter).map(name => name.trim())
  } catch (error) {
    throw invalidDataset(path, `the first line, which should name the columns, ${textOf(error)}`)
  }
  const unusable = names.find((name, index) => name === '' || names.indexOf(name) < index)
  if (unusable !== undefined)
    throw invalidDataset(path, `the first line should name each column once, and has "${unusable.slice(0, 40)}"`)
  return names
}

function csvRow(raw: RawRow, header: readonly string[], delimiter: string): DatasetRow {
  return rowOf(raw, text => {
    const cells = csvCells(text, delimiter)
    if (cells.length !== header.length) throw new RowFault('has another number of cells than the header')
    return Object.fromEntries(header.map((name, index) => [name, cells[index]!]))
  })
}

function jsonRow(raw: RawRow): DatasetRow {
  return rowOf(raw, text => {
    let value: JsonValue
    try {
      value = JSON.parse(text) as JsonValue
    } catch {
      throw new RowFault('is not JSON')
    }
    if (!isObject(value)) throw new RowFault('is not a JSON object')
    return value
  })
}

function rowOf(raw: RawRow, parse: (text: string) => RowColumns): DatasetRow {
  const { line, bytes } = raw
  return { kind: 'row', line, ...(bytes && { bytes }), parse: () => parse(decode(raw)) }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode({ bytes, fault }: RawRow): string {
  if (fault !== undefined || !bytes) throw new RowFault(fault)
  try {
    return decoder.decode(bytes)
  } catch {
    throw new RowFault('is not UTF-8')
  }
}

function asRest({ bytes, isRest }: RawRow): OtherPiece | undefined {
  return isRest ? { kind: 'rest', bytes: bytes! } : undefined
}

/** Rests of long rows, and lines of white space alone, are no rows. */
function asOther(raw: RawRow): OtherPiece | undefined {
  return asRest(raw) ?? asBlank(raw)
}

function asBlank({ bytes }: RawRow): OtherPiece | undefined {
  const isBlank = bytes?.every(byte => byte === 32 || (byte >= 9 && byte <= 13))
  return isBlank ? { kind: 'blank', bytes: bytes! } : undefined
}
