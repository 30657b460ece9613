/** What reading a dataset gives, piece by piece. */
import type { JsonValue } from './json-value.ts'

/** A row by its columns. */
export type RowColumns = Readonly<Record<string, JsonValue>>

/**
 * Bytes of a file that are no row: copied as they are where the file is written again. A `rest` belongs to the row
 * before it, which is too long to be held.
 */
export interface OtherPiece {
  readonly kind: 'header' | 'blank' | 'rest'
  readonly bytes: Uint8Array
}

export interface DatasetRow {
  readonly kind: 'row'
  /** Where it begins in its file, from 1: the line, in Parquet the row. */
  readonly line: number
  /** As it stands in the file, with its end of line; absent in Parquet, and where the row is too long to be held. */
  readonly bytes?: Uint8Array
  /** The columns. Throws RowFault where the row cannot be read. */
  parse(): RowColumns
}

export type DatasetPiece = OtherPiece | DatasetRow

/** Why a row cannot be read; the message is one clause, the same for rows that are unreadable for the same reason. */
export class RowFault extends Error {}
