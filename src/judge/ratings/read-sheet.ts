import { parse } from 'csv-parse/sync'
import { PersonascopeError, textOf } from '../../errors/personascope-error.ts'
import { unsafeCell } from './safe-cell.ts'

/** A row as a rater left it: texts by column, names in lower case. */
export interface SheetRow {
  /** Where it begins, from 1. */
  readonly line: number
  readonly cells: Readonly<Record<string, string>>
}

/**
 * Reads a filled sheet: CSV as spreadsheets save it (commas, semicolons or tabs; UTF-8 or UTF-16), or JSON lines.
 * Empty rows are left out.
 * @param path for messages; a name that ends in .jsonl or .ndjson is JSON lines
 * @throws FILE_INVALID where it is neither, or has no column `id`
 */
export function readSheet(bytes: Uint8Array, path: string): SheetRow[] {
  const text = decode(bytes)
  const rows = /\.(jsonl|ndjson)$/i.test(path) ? readJsonLines(text, path) : readCsv(text, path)
  return rows.filter(({ cells }) => Object.values(cells).some(cell => cell.trim() !== ''))
}

function decode(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes)
}

function readJsonLines(text: string, path: string): SheetRow[] {
  return text.split('\n').flatMap((own, index) => {
    if (own.trim() === '') return []
    let value: unknown
    try {
      value = JSON.parse(own)
    } catch (error) {
      throw invalid(path, `line ${index + 1}: ${textOf(error)}`)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw invalid(path, `line ${index + 1} is no object`)
    const cells = Object.entries(value).map(([name, cell]) => [name.toLowerCase(), cell === null ? '' : String(cell)])
    return [{ line: index + 1, cells: Object.fromEntries(cells) }]
  })
}

function readCsv(text: string, path: string): SheetRow[] {
  const [header, ...records] = parseRecords(text, delimiterOf(text), path)
  const names = (header?.record ?? []).map(name => name.trim().toLowerCase())
  if (!names.includes('id')) throw invalid(path, 'its first line has no column "id"')
  return records.map(({ record, info }) => ({
    // The parser says where a record ends.
    line: info.lines - record.join('').split(/\r\n|\r|\n/).length + 1,
    cells: Object.fromEntries(names.map((name, column) => [name, unsafeCell(record[column] ?? '')])),
  }))
}

/** Spreadsheets write what their country separates with; the first line tells. */
function delimiterOf(text: string): string {
  const first = text.split(/\r\n|\r|\n/, 1)[0]!
  const counts = [',', ';', '\t'].map(delimiter => ({ delimiter, count: first.split(delimiter).length }))
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).delimiter
}

interface CsvRecord {
  readonly record: string[]
  readonly info: { readonly lines: number }
}

function parseRecords(text: string, delimiter: string, path: string): CsvRecord[] {
  try {
    return parse(text, {
      delimiter,
      bom: true,
      info: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: true,
    }) as unknown as CsvRecord[]
  } catch (error) {
    throw invalid(path, textOf(error))
  }
}

function invalid(path: string, detail: string): PersonascopeError {
  return new PersonascopeError('FILE_INVALID', { path, kind: 'sheet of ratings', detail: detail.replace(/\.$/, '') })
}
