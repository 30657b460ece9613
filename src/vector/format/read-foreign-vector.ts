import { open, stat } from 'node:fs/promises'
import { PersonascopeError, textOf } from '../../errors/personascope-error.ts'
import { Malformed } from '../../model/header-reader.ts'
import { readSafetensors } from '../../store/safetensors.ts'
import { vectorFormat } from '../vector-file.ts'
import { readControlVector } from './control-vector.ts'
import { conventionNames } from './convention.ts'
import { type ForeignFormat, type ForeignVector, vectorOf } from './foreign-vector.ts'
import { readExactly } from './read-exactly.ts'
import { readTorchFile } from './read-torch-file.ts'
import { mostValues } from './tensor-limits.ts'

const kinds = {
  pt: 'file of torch.save',
  gguf: 'GGUF control vector',
  safetensors: 'safetensors vector',
} as const satisfies Record<ForeignFormat, string>

/** A vector file has a header of a few kilobytes. */
const longestSafetensorsHeader = 2 ** 20

/** Where a safetensors file says how it counts layers; the files we export have it. */
export const conventionKey = 'convention'

/**
 * Reads a vector file of another tool. Nothing in it is run, and no length in it is believed before it was checked.
 * @param from its format; by default told from its first bytes
 * @param tensor the name of the tensor to take, where there are several
 * @throws FILE_NOT_FOUND, FILE_INVALID
 */
export async function readForeignVector(
  path: string,
  { from, tensor }: { readonly from?: ForeignFormat; readonly tensor?: string } = {},
): Promise<ForeignVector> {
  const start = await firstBytes(path)
  const format = from ?? formatOf(start)
  try {
    switch (format) {
      case 'pt':
        return vectorOf(await readTorchFile(path), 'pt', tensor)
      case 'gguf':
        return await readControlVector(path)
      case 'safetensors':
        return await readSafetensorsVector(path, start, tensor)
    }
  } catch (error) {
    const detail = error instanceof Malformed ? error.message : detailOfModelFile(error)
    if (detail === undefined) throw error
    throw new PersonascopeError('FILE_INVALID', { path, kind: kinds[format], detail }, { cause: error })
  }
}

/** Headers of GGUF files are read as those of models. */
function detailOfModelFile(error: unknown): string | undefined {
  return PersonascopeError.is(error) && error.code === 'MODEL_FILE_INVALID' ? String(error.facts['detail']) : undefined
}

async function firstBytes(path: string): Promise<Buffer> {
  const invalid = (detail: string) => new PersonascopeError('FILE_INVALID', { path, kind: 'vector file', detail })
  try {
    // Asked before opening, which would wait for ever on a pipe.
    const about = await stat(path)
    if (!about.isFile()) throw invalid('it is not a file')
    const file = await open(path)
    try {
      return await readExactly(file, 0, Math.min(8, about.size))
    } finally {
      await file.close()
    }
  } catch (error) {
    if (PersonascopeError.is(error)) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : textOf(error)
    if (code === 'ENOENT')
      throw new PersonascopeError('FILE_NOT_FOUND', { kind: 'vector file', path }, { cause: error })
    throw invalid(`it cannot be read (${code})`)
  }
}

function formatOf(start: Buffer): ForeignFormat {
  if (start.toString('latin1', 0, 4) === 'GGUF') return 'gguf'
  if (start.toString('latin1', 0, 2) === 'PK') return 'pt'
  // A bare pickle; of a header's length, the higher bytes would be zeros.
  if (start[0] === 0x80 && (start[1] ?? 0) <= 5 && start[2] !== 0) return 'pt'
  return 'safetensors'
}

async function readSafetensorsVector(path: string, start: Buffer, tensor?: string): Promise<ForeignVector> {
  if (start.length === 8 && start.readBigUInt64LE() > longestSafetensorsHeader)
    throw new Malformed('it does not begin with the length of a header, as safetensors do')
  const { size } = await stat(path)
  if (size > longestSafetensorsHeader + 4 * mostValues)
    throw new Malformed(`it has ${size} bytes, more than any vector file`)
  const { tensors, metadata } = await readSafetensors(path, kinds.safetensors, ['F32', 'F16', 'BF16', 'F64'])
  if (metadata['format'] === vectorFormat)
    throw new Malformed('it is a vector of Personascope already: use it by its path, nothing needs importing')
  const convention = conventionNames.find(name => name === metadata[conventionKey])
  return {
    ...vectorOf(new Map(Object.entries(tensors)), 'safetensors', tensor),
    ...(convention && { declared: { convention, because: 'the file says so' } }),
  }
}
