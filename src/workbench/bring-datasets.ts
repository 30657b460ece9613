import { pullDataset } from '../model/hub-dataset.ts'
import { isHubDataset, parseHubDataset } from '../model/hub-dataset-name.ts'
import type { PullProgress } from '../model/pull-progress.ts'

export interface BringOptions {
  readonly onProgress?: (progress: PullProgress) => void
  /** Hears what a dataset of the hub is on this machine. */
  readonly onBrought?: (dataset: BroughtDataset) => void
  readonly signal?: AbortSignal
}

export interface BroughtDataset {
  /** As it was named. */
  readonly name: string
  readonly commit: string
  /** For example `default/train`; undefined where files were named. */
  readonly part: string | undefined
  readonly paths: readonly string[]
}

/**
 * Gets those datasets that are named as ones of the Hugging Face hub onto this machine.
 * @param names paths and globs of this machine, and names as `parseHubDataset` reads them
 * @returns paths and globs of this machine, in the same order
 * @throws OPTION_INVALID for a name, and as `pullDataset`
 */
export async function bringDatasets(names: readonly string[], options: BringOptions = {}): Promise<string[]> {
  const { onBrought = () => {}, ...pull } = options
  const isHub = names.map(isHubDataset)
  // A misspelt name is told of before the first is fetched.
  const parsed = names.map((name, index) => (isHub[index] ? parseHubDataset(name) : name))
  const paths: string[] = []
  for (const name of parsed) {
    if (typeof name === 'string') {
      paths.push(name)
      continue
    }
    const { commit, part, paths: own } = await pullDataset(name, pull)
    onBrought({ name: name.text, commit, part, paths: own })
    paths.push(...own)
  }
  return paths
}
