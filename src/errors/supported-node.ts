/**
 * Importing this file throws NODE_UNSUPPORTED on a Node that is too old. What users start imports it first, so that
 * they read this one line and not what the first missing function leads to.
 */
import { readFileSync } from 'node:fs'
import { PersonascopeError } from './personascope-error.ts'

requireNode(process.versions.node)

/**
 * Checks a version of Node against the `engines` of package.json.
 * @param version for example 24.21.0
 * @throws NODE_UNSUPPORTED
 */
export function requireNode(version: string): void {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const lowest = engines.node.replace('>=', '')
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [lowestMajor, lowestMinor] = lowest.split('.').map(Number)
  if (major > lowestMajor || (major === lowestMajor && minor >= lowestMinor)) return
  throw new PersonascopeError('NODE_UNSUPPORTED', { lowest, version, path: process.execPath })
}
