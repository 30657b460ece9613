import { stat } from 'node:fs/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'

/**
 * Remembers files by their size and time.
 * @returns throws DATASET_CHANGED_MEANWHILE once one of them was written to or is gone
 */
export async function watchFiles(paths: readonly string[]): Promise<() => Promise<void>> {
  const look = (path: string) =>
    stat(path).then(
      ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
      () => 'gone',
    )
  const first = await Promise.all(paths.map(look))
  return async () => {
    for (const [index, path] of paths.entries())
      if ((await look(path)) !== first[index]) throw new PersonascopeError('DATASET_CHANGED_MEANWHILE', { path })
  }
}
