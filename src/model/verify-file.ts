import { stat } from 'node:fs/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { gitHashOfFile, sha256OfFile } from '../store/hash.ts'
import type { FetchOptions } from './fetched-model.ts'

/** How long a sha256 is in hexadecimal; git's own names are shorter. */
const sha256Length = 64

/**
 * Checks that a file has the hash it must have.
 * @param expected a sha256, or the name git has for the content (a sha1)
 * @throws MODEL_HASH_MISMATCH, the signal's reason
 */
export async function verifyFile(path: string, expected: string, { report, signal }: FetchOptions): Promise<void> {
  const { size } = await stat(path)
  let doneBytes = 0
  const hashOf = expected.length === sha256Length ? sha256OfFile : gitHashOfFile
  const got = await hashOf(path, count => {
    signal?.throwIfAborted()
    doneBytes += count
    report('verify', doneBytes, size)
  })
  if (got !== expected) throw new PersonascopeError('MODEL_HASH_MISMATCH', { path, expected, got })
}

export function isHashMismatch(error: unknown): boolean {
  return PersonascopeError.is(error) && error.code === 'MODEL_HASH_MISMATCH'
}
