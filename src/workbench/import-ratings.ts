import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { readRatings, type SheetFault } from '../judge/ratings/import-ratings.ts'
import { ratingStoreOf, readKeys } from '../judge/ratings/rating-folder.ts'
import { readSheet } from '../judge/ratings/read-sheet.ts'
import type { Workspace } from '../store/workspace.ts'

export interface ImportedSheet {
  readonly path: string
  /** The samples it had ratings of. */
  readonly samples: readonly string[]
  readonly added: number
  /** Of items the same rater had rated otherwise: the new rating counts, the old one stays in the file. */
  readonly changed: number
  /** Known already, and not added again. */
  readonly known: number
  readonly unrated: number
  readonly faults: readonly SheetFault[]
}

/**
 * Takes filled sheets in: every row that can be, and says which cannot.
 * @param rater who rated, for sheets without a column `rater`
 * @throws FILE_NOT_FOUND, FILE_INVALID, DISK_FULL, FILE_UNWRITABLE; before anything of that sheet was taken in
 */
export async function importRatings(
  workspace: Workspace,
  paths: readonly string[],
  rater?: string,
): Promise<ImportedSheet[]> {
  const folder = join(workspace.path, 'ratings')
  const keys = await readKeys(folder)
  const imported: ImportedSheet[] = []
  for (const path of paths) {
    const rows = readSheet(await readSheetFile(path), path)
    const read = readRatings(rows, { keys, source: basename(path), ...(rater !== undefined && { rater }) })
    const counts = { added: 0, changed: 0, known: 0 }
    for (const [id, ratings] of read.ratings) {
      const { added, changed, known } = await ratingStoreOf(folder, id).add(ratings)
      counts.added += added
      counts.changed += changed
      counts.known += known
    }
    const { unrated, faults } = read
    imported.push({ path, samples: [...read.ratings.keys()], ...counts, unrated, faults })
  }
  return imported
}

async function readSheetFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new PersonascopeError('FILE_NOT_FOUND', { path, kind: 'sheet of ratings' }, { cause: error })
  }
}
