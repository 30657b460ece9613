import { stat } from 'node:fs/promises'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { sha256OfFile } from '../store/hash.ts'
import type { FetchOptions } from './fetched-model.ts'

/**
 * Checks that a file has the sha256 it must have.
 * @throws MODEL_HASH_MISMATCH, the signal's reason
 */
export async function verifyFile(path: string, expected: string, { report, signal }: FetchOptions): Promise<void> {
  const { size } = await stat(path)
  let doneBytes = 0
  const got = await sha256OfFile(path, count => {
    signal?.throwIfAborted()
    doneBytes += count
    report('verify', doneBytes, size)
  })
  if (got !== expected) throw new PersonascopeError('MODEL_HASH_MISMATCH', { path, expected, got })
}

export function isHashMismatch(error: unknown): boolean {
  return PersonascopeError.is(error) && error.code === 'MODEL_HASH_MISMATCH'
}
