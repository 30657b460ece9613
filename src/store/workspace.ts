import { join, resolve } from 'node:path'

/** The folder that holds what one project made: traits, vectors, runs. */
export interface Workspace {
  readonly path: string
  readonly traits: string
  readonly vectors: string
  readonly runs: string
  readonly calibrations: string
}

/** Opens the workspace at `path`, by default `.personascope` in the current folder. Makes no folder by itself. */
export function openWorkspace(path = '.personascope'): Workspace {
  const root = resolve(path)
  const inside = (name: string) => join(root, name)
  return {
    path: root,
    traits: inside('traits'),
    vectors: inside('vectors'),
    runs: inside('runs'),
    calibrations: inside('calibrations'),
  }
}
