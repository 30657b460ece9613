import type { DatasetFile } from '../dataset/dataset-file.ts'
import { type RowColumns, RowFault } from '../dataset/dataset-row.ts'
import { readRows } from '../dataset/read-dataset.ts'
import { type NamedColumns, type RowShape, shapeOf, type TrainingRow, trainingRow } from '../dataset/training-row.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { sha256OfFile } from '../store/hash.ts'
import type { ScreenedFile } from './screening-plan.ts'

export interface ExaminedFile extends ScreenedFile {
  /** The first row that can be read, for people to see whether it was understood. */
  readonly example: TrainingRow
}

/** How many rows are looked at to find the shape. */
const rowsLookedAt = 100

/**
 * Looks through a dataset before any work: how many rows it has, and where the conversation stands in them.
 * @throws DATASET_SHAPE_UNKNOWN, DATASET_EMPTY, FILE_INVALID
 */
export async function examineDataset(
  file: DatasetFile,
  named: NamedColumns & { readonly idColumn?: string },
  signal?: AbortSignal,
): Promise<ExaminedFile> {
  let rows = 0
  let found: { shape: RowShape; example: TrainingRow } | undefined
  let columnsSeen: RowColumns | undefined
  for await (const row of readRows(file)) {
    signal?.throwIfAborted()
    rows++
    if (found || rows > rowsLookedAt) continue
    try {
      const columns = row.parse()
      columnsSeen ??= columns
      const shape = shapeOf(columns, named)
      if (shape) found = { shape, example: trainingRow(columns, shape, named.idColumn) }
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
    }
  }
  const { path, format, compression } = file
  if (rows === 0) throw new PersonascopeError('DATASET_EMPTY', { path })
  if (!found) {
    const columns = columnsSeen ? Object.keys(columnsSeen).slice(0, 20).join(', ') : 'none that can be read'
    throw new PersonascopeError('DATASET_SHAPE_UNKNOWN', { path, rows: Math.min(rows, rowsLookedAt), columns })
  }
  return { path, format, compression, rows, ...found, sha256: await sha256OfFile(path) }
}
