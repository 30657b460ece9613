/** Parquet, read and written by DuckDB. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { textOf } from '../errors/personascope-error.ts'
import { replaceWhole } from '../store/write-file-whole.ts'
import { invalidDataset } from './dataset-file.ts'
import type { RowColumns } from './dataset-row.ts'

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

/**
 * The rows of a Parquet file in order, as JSON values: long integers, decimals and times are texts.
 * @throws FILE_INVALID where the file is damaged, or holds another number of rows than its footer says
 */
export async function* readParquetRows(path: string): AsyncGenerator<RowColumns> {
  await using database = await openDuckDb()
  let rows = 0
  try {
    const promised = await countParquetRows(database, path)
    const result = await database.stream(`SELECT * FROM read_parquet(${sqlText(path)})`)
    for await (const chunk of result.yieldRowObjectJson()) {
      for (const row of chunk) {
        rows++
        yield row as RowColumns
      }
    }
    if (rows !== promised) throw new Error(`its footer promises ${promised} rows, and it holds ${rows}`)
  } catch (error) {
    throw invalidDataset(path, textOf(error).split('\n')[0]!.slice(0, 300))
  }
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
