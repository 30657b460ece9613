import { execFileSync } from 'node:child_process'
import { mkdirSync, rmdirSync } from 'node:fs'

/** A disk in memory that is as small as one wants. */
export interface SmallDisk extends Disposable {
  readonly path: string
  resize(bytes: number): void
}

/** Why there can be no small disk on this machine; undefined where there can. */
export function smallDiskUnavailable(folder: string): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root to make a small disk'
  try {
    mountSmallDisk(folder, 65_536)[Symbol.dispose]()
    rmdirSync(folder)
    return undefined
  } catch (error) {
    return `a small disk cannot be mounted here: ${error instanceof Error ? error.message.split('\n')[0] : error}`
  }
}

export function mountSmallDisk(path: string, bytes: number): SmallDisk {
  mkdirSync(path, { recursive: true })
  const mount = (options: string) =>
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'pipe' })
  mount(`size=${bytes}`)
  return {
    path,
    resize: size => void mount(`remount,size=${size}`),
    [Symbol.dispose]: () => void execFileSync('umount', [path], { stdio: 'pipe' }),
  }
}
