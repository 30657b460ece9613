/** Parquet, read and written by DuckDB. */
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection, DuckDBListType, DuckDBStructType, DuckDBType } from '@duckdb/node-api'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { replaceWhole } from '../store/write-file-whole.ts'
import { invalidDataset } from './dataset-file.ts'
import type { RowColumns } from './dataset-row.ts'
import type { JsonValue } from './json-value.ts'
import { swellingGuard } from './swelling-guard.ts'

/**
 * A database in memory: one thread, so that rows keep their order and equal input gives equal bytes; no extensions.
 * Loaded when needed: its library is large, and most commands read no dataset.
 */
export async function openDuckDb(): Promise<DuckDBConnection & AsyncDisposable> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '512MB',
    // Where it puts what does not fit; else in the current folder.
    temp_directory: join(tmpdir(), `personascope-duckdb-${process.pid}`),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  const dispose = async () => {
    connection.closeSync()
    instance.closeSync()
  }
  return Object.assign(connection, { [Symbol.asyncDispose]: dispose })
}

/** A text as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A name as an SQL identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** DuckDB hands over 2,048 rows at once and remembers their texts; beyond so many characters they are let go of. */
const mostHeldCharacters = 16 * 2 ** 20

/**
 * The rows of a Parquet file in order, as JSON values: long integers, decimals and times are texts.
 * @throws FILE_INVALID where the file is damaged, holds another number of rows than its footer says, swells beyond all
 * measure, or has rows so large that DuckDB cannot hold as many as it reads at once
 */
export async function* readParquetRows(path: string): AsyncGenerator<RowColumns> {
  const { DuckDBDataChunk, JsonDuckDBValueConverter } = await import('@duckdb/node-api')
  await using database = await openDuckDb()
  let rows = 0
  try {
    // As few rows ahead as can be: it counts them, not their texts.
    await database.run("SET streaming_buffer_size = '1KB'")
    const promised = await countParquetRows(database, path)
    const source = `read_parquet(${sqlText(path)})`
    swellingGuard(path, (await stat(path)).size)(await countParquetBytes(database, source))
    const result = await database.stream(`SELECT * FROM ${source}`)
    const names = result.deduplicatedColumnNames()
    for await (const chunk of result) {
      let view = chunk
      let heldCharacters = 0
      for (let row = 0; row < chunk.rowCount; row++) {
        const values = view.convertRowValues(row, JsonDuckDBValueConverter) as JsonValue[]
        heldCharacters += charactersIn(values)
        if (heldCharacters > mostHeldCharacters) {
          view = new DuckDBDataChunk(chunk.chunk)
          heldCharacters = 0
        }
        rows++
        yield Object.fromEntries(names.map((name, column) => [name, values[column]!]))
      }
    }
    if (rows !== promised) throw new Error(`its footer promises ${promised} rows, and it holds ${rows}`)
  } catch (error) {
    if (PersonascopeError.is(error)) throw error
    const detail = textOf(error).split('\n')[0]!.slice(0, 300)
    throw invalidDataset(path, /^Out of Memory/.test(detail) ? 'its rows are too large to be read together' : detail)
  }
}

/** In all texts of a value. */
function charactersIn(value: JsonValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce<number>((sum, part) => sum + charactersIn(part as JsonValue), 0)
}

/**
 * How many bytes all texts of a file are when unpacked, counted without unpacking: a text of a megabyte is written once,
 * however many rows have it.
 */
async function countParquetBytes(database: DuckDBConnection, source: string): Promise<number> {
  const { DuckDBTypeId } = await import('@duckdb/node-api')
  const bytesIn = (type: DuckDBType, value: string): string => {
    switch (type.typeId) {
      case DuckDBTypeId.VARCHAR:
        return `coalesce(strlen(${value}), 0)`
      case DuckDBTypeId.LIST: {
        const bytes = bytesIn((type as DuckDBListType).valueType, 'v')
        return `coalesce(list_sum(list_transform(${value}, lambda v: ${bytes})), 0)`
      }
      case DuckDBTypeId.STRUCT: {
        const { entryNames, entryTypes } = type as DuckDBStructType
        return sumOf(entryTypes.map((entry, index) => bytesIn(entry, `${value}.${sqlName(entryNames[index]!)}`)))
      }
      default:
        return '0'
    }
  }
  const columns = await database.runAndReadAll(`SELECT * FROM ${source} LIMIT 0`)
  const names = columns.deduplicatedColumnNames()
  const bytes = sumOf(columns.columnTypes().map((type, index) => bytesIn(type, sqlName(names[index]!))))
  const total = await database.runAndReadAll(`SELECT sum(${bytes}) FROM ${source}`)
  return Number(total.getRowsJson()[0]?.[0] ?? 0)
}

function sumOf(terms: readonly string[]): string {
  return terms.length === 0 ? '0' : `(${terms.join(' + ')})`
}

/**
 * Writes two Parquet files: the rows that `isFlagged` names by their place, from 0, and all others, in order.
 * @throws FILE_INVALID, DISK_FULL, FILE_UNWRITABLE
 */
export async function splitParquet(
  path: string,
  isFlagged: (row: number) => boolean,
  to: { readonly kept: string; readonly flagged: string },
): Promise<{ readonly kept: number; readonly flagged: number }> {
  await using database = await openDuckDb()
  const rows = await countParquetRows(database, path)
  await database.run('CREATE TABLE flagged (row_number BIGINT)')
  const appender = await database.createAppender('flagged')
  for (let row = 0; row < rows; row++) {
    if (!isFlagged(row)) continue
    appender.appendBigInt(BigInt(row))
    appender.endRow()
  }
  appender.closeSync()
  const source = `read_parquet(${sqlText(path)}, file_row_number = true)`
  const write = async (target: string, isIn: string) => {
    let written = 0
    await replaceWhole(target, async temporaryPath => {
      const query = `SELECT * EXCLUDE (file_row_number) FROM ${source} WHERE file_row_number ${isIn} (SELECT row_number FROM flagged)`
      const result = await database.run(
        `COPY (${query}) TO ${sqlText(temporaryPath)} (FORMAT parquet, COMPRESSION zstd)`,
      )
      written = result.rowsChanged
    })
    return written
  }
  return { kept: await write(to.kept, 'NOT IN'), flagged: await write(to.flagged, 'IN') }
}

async function countParquetRows(database: DuckDBConnection, path: string): Promise<number> {
  const footer = await database.runAndReadAll(`SELECT num_rows FROM parquet_file_metadata(${sqlText(path)})`)
  return Number(footer.getRowsJson()[0]?.[0])
}
