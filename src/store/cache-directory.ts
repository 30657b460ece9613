import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * Where Personascope keeps what all workspaces of a user share: models, native builds, measurements of the machine.
 * PERSONASCOPE_CACHE, else XDG_CACHE_HOME/personascope, else ~/.cache/personascope.
 */
export function cacheDirectory(...parts: readonly string[]): string {
  const { PERSONASCOPE_CACHE: own, XDG_CACHE_HOME: shared } = process.env
  const base = own ? resolve(own) : shared ? join(shared, 'personascope') : join(homedir(), '.cache', 'personascope')
  return join(base, ...parts)
}
