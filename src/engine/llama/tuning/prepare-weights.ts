import { readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { PersonascopeError } from '../../../errors/personascope-error.ts'
import { withFileLock } from '../../../store/file-lock.ts'
import { sha256OfFile } from '../../../store/hash.ts'
import { readJsonFile, writeJsonFile } from '../../../store/json-file.ts'
import { replaceWhole } from '../../../store/write-file-whole.ts'
import { locateLibrary } from '../native/locate-library.ts'
import { fileTypes, type WeightFormat } from '../native/structs.ts'
import { type ModelFile, openLlamaEngine } from '../open-llama-engine.ts'
import { runNativeTask } from '../process/run-native-task.ts'
import { type FormatChoice, recallFormat, rememberFormat } from './machine-notes.ts'
import { measureReading, measureThroughput } from './measure-throughput.ts'

/**
 * The formats precise enough to extract vectors with: against float32, Q8_0 changes response means by 1.7 % and keeps
 * their ranks (Spearman 0.9997), BF16 and F16 less; four-bit formats do not keep them.
 */
const preciseFormats: readonly WeightFormat[] = ['Q8_0', 'BF16', 'F16']

/** Above this, converting and measuring three formats takes too long and too much disk: Q8_0 it is. */
const mostParametersToMeasure = 1e9

export interface PrepareOptions {
  /**
   * What they are for: answers written, or whole texts read up to half the depth. With a library compiled for this CPU
   * the two differ (BF16 reads 1.3 times as fast as Q8_0 where the CPU knows it, and writes no faster); with the prebuilt
   * one no difference was found, so it is measured once for both.
   */
  readonly work?: 'writing' | 'reading'
  readonly onConvert?: (format: string) => void
  readonly onMeasure?: (format: string) => void
  readonly signal?: AbortSignal | undefined
}

/** The weights to use, and how they were chosen. */
export interface PreparedWeights {
  readonly file: ModelFile
  readonly choice: FormatChoice
}

/**
 * Brings a model's weights into the format that is fastest on this CPU among those precise enough. Converts, measures
 * once with the library in use, remembers, and keeps the winner only. One process measures at a time; others wait for
 * what it finds.
 * @param source a GGUF file in any format
 * @param sourceFormat its format, for example Q4_1
 * @throws DISK_FULL, ENGINE_LOAD_FAILED, MODEL_ARCHITECTURE_UNSUPPORTED, ENGINE_ABORTED
 */
export async function prepareWeights(
  source: ModelFile,
  sourceFormat: string,
  parameterCount: number,
  directory: string,
  options: PrepareOptions = {},
): Promise<PreparedWeights> {
  const library = locateLibrary()
  const reads = options.work === 'reading' && library.origin === 'native'
  const measuredAs = reads ? `${library.id} reading` : library.id
  const known = async (): Promise<PreparedWeights | undefined> => {
    const choice = await recallFormat(measuredAs, source.hash)
    if (!choice) return undefined
    return { choice, file: await convert(source, sourceFormat, choice.format as WeightFormat, directory, options) }
  }
  const before = await known()
  if (before) return before
  return await withFileLock(join(directory, 'measuring.lock'), { signal: options.signal }, async () => {
    const measuredByAnother = await known()
    if (measuredByAnother) return measuredByAnother
    const formats = formatsToMeasure(sourceFormat, parameterCount)
    const measure = reads ? measureReading : measureThroughput
    const found =
      formats.length === 1
        ? {
            file: await convert(source, sourceFormat, formats[0]!, directory, options),
            format: formats[0]!,
            speeds: {},
          }
        : await findFastest(source, sourceFormat, formats, directory, measure, options)
    const choice: FormatChoice = {
      format: found.format,
      fileHash: found.file.hash,
      tokensPerSecond: found.speeds,
      date: new Date().toISOString(),
    }
    await rememberFormat(measuredAs, source.hash, choice)
    return { choice, file: found.file }
  })
}

/**
 * Converts into each format, in a folder of its own: what is removed after measuring is what no other process can have
 * found and be about to open.
 */
async function findFastest(
  source: ModelFile,
  sourceFormat: string,
  formats: readonly WeightFormat[],
  directory: string,
  measure: typeof measureThroughput,
  options: PrepareOptions,
): Promise<{ readonly file: ModelFile; readonly format: WeightFormat; readonly speeds: Record<string, number> }> {
  const candidates = join(directory, 'candidates')
  const files = new Map<WeightFormat, ModelFile>()
  const speeds = new Map<WeightFormat, number>()
  for (const format of formats) {
    const there = await findConverted(convertedPath(source, format, directory), source)
    const file = there ?? (await convert(source, sourceFormat, format, candidates, options))
    files.set(format, file)
    options.onMeasure?.(format)
    await using engine = await openLlamaEngine(file, { contexts: availableParallelism(), threadsPerContext: 1 })
    speeds.set(format, await measure(engine, options))
  }
  const format = formats.reduce((a, b) => (speeds.get(b)! > speeds.get(a)! ? b : a))
  const file = await keepCandidate(files.get(format)!, candidates, directory)
  await rm(candidates, { recursive: true, force: true })
  return { file, format, speeds: Object.fromEntries([...speeds].map(([of, speed]) => [of, Math.round(speed)])) }
}

/** Moves a converted file out of the folder of candidates; one that is elsewhere stays there. */
async function keepCandidate(file: ModelFile, candidates: string, directory: string): Promise<ModelFile> {
  if (dirname(file.path) !== candidates) return file
  const path = join(directory, basename(file.path))
  await withFileLock(`${path}.lock`, {}, async () => {
    await rename(file.path, path)
    await rename(`${file.path}.json`, `${path}.json`)
  })
  return { ...file, path }
}

function formatsToMeasure(sourceFormat: string, parameterCount: number): readonly WeightFormat[] {
  if (parameterCount <= mostParametersToMeasure) return preciseFormats
  const own = preciseFormats.find(format => format === sourceFormat)
  return [own ?? 'Q8_0']
}

/**
 * A model's weights in one format, converted if they are not there yet. One process converts at a time; others wait
 * for what it makes.
 * @throws DISK_FULL, ENGINE_LOAD_FAILED, ENGINE_ABORTED
 */
export async function convert(
  source: ModelFile,
  sourceFormat: string,
  format: WeightFormat,
  directory: string,
  { onConvert, signal }: PrepareOptions = {},
): Promise<ModelFile> {
  if (sourceFormat === format) return source
  const path = convertedPath(source, format, directory)
  const known = await findConverted(path, source)
  if (known) return known
  return await withFileLock(`${path}.lock`, { signal }, async () => {
    const madeByAnother = await findConverted(path, source)
    if (madeByAnother) return madeByAnother
    await removeParts(path)
    onConvert?.(format)
    await replaceWhole(path, temporaryPath => quantize(source, temporaryPath, format, signal))
    const hash = await sha256OfFile(path)
    const converted: ConvertedFile = { hash, size: (await stat(path)).size, from: source.hash, format }
    await writeJsonFile(`${path}.json`, converted)
    return { id: source.id, path, hash }
  })
}

function convertedPath(source: ModelFile, format: WeightFormat, directory: string): string {
  return join(directory, `${basename(source.path).replace(/(\.\w+)?\.gguf$/i, '')}.${format}.gguf`)
}

interface ConvertedFile {
  readonly hash: string
  readonly size: number
  /** sha256 of the source. */
  readonly from: string
  readonly format: string
}

async function findConverted(path: string, { id, hash: from }: ModelFile): Promise<ModelFile | undefined> {
  const notes = await readJsonFile<ConvertedFile>(`${path}.json`)
  const size = (await stat(path).catch(() => undefined))?.size
  return notes && notes.size === size && notes.from === from ? { id, path, hash: notes.hash } : undefined
}

/** What a killed process left: it may be as large as the model. To be called under the lock. */
async function removeParts(path: string): Promise<void> {
  const beginning = `${basename(path)}.`
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(beginning) && name.endsWith('.part')) await rm(join(dirname(path), name), { force: true })
  }
}

async function quantize(
  source: ModelFile,
  to: string,
  format: WeightFormat,
  signal: AbortSignal | undefined,
): Promise<void> {
  const task = {
    kind: 'convert-weights',
    libraryDirectory: locateLibrary().directory,
    from: source.path,
    to,
    format,
  } as const
  const result = await runNativeTask(task, { signal })
  if ('status' in result && result.status !== 0) {
    const full = await isDiskFull(dirname(to))
    throw full
      ? new PersonascopeError('DISK_FULL', { path: to })
      : new PersonascopeError('ENGINE_LOAD_FAILED', {
          path: source.path,
          detail: `it cannot be converted to ${format}`,
        })
  }
}

/** llama.cpp does not say why it could not write; less free than the smallest model is full enough. */
async function isDiskFull(directory: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize < 64 * 2 ** 20
}

/** Whether a text names a weight format. */
export function isWeightFormat(text: string): text is WeightFormat {
  return text in fileTypes
}
