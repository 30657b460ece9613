import type { Engine } from '../engine/contract/engine.ts'
import type { WeightFormat } from '../engine/llama/native/structs.ts'
import { type ModelFile, openLlamaEngine } from '../engine/llama/open-llama-engine.ts'
import { chooseContexts } from '../engine/llama/tuning/choose-contexts.ts'
import type { ContextChoice, FormatChoice } from '../engine/llama/tuning/machine-notes.ts'
import { convert, prepareWeights } from '../engine/llama/tuning/prepare-weights.ts'
import { assertAdapterFits } from '../model/assert-adapter-fits.ts'
import { inspectGguf } from '../model/inspect-gguf.ts'
import { pullModel } from '../model/pull-model.ts'
import type { PullProgress } from '../model/pull-progress.ts'
import { cacheDirectory } from '../store/cache-directory.ts'

export interface OpenModelOptions {
  /** Contexts over one set of weights; together with `threadsPerContext`. Default: what was measured fastest here. */
  readonly contexts?: number
  readonly threadsPerContext?: number
  /** The most sequences side by side in one context. Default 16. */
  readonly slotsPerContext?: number
  /** A LoRA adapter as a GGUF file, named as a model is; it is laid over the weights. */
  readonly adapter?: string
  /** The weights' format. Default: the fastest of the precise ones on this CPU. */
  readonly weights?: WeightFormat
  /** What the weights are to be fastest at. Default: writing answers. */
  readonly work?: 'writing' | 'reading'
  /** Hears what takes time: a download, a conversion, a measurement. */
  readonly onStep?: (step: ModelStep) => void
  readonly signal?: AbortSignal
}

export type ModelStep =
  | { readonly type: 'pull'; readonly progress: PullProgress }
  | { readonly type: 'convert'; readonly format: string }
  | { readonly type: 'measure'; readonly what: string }

/** A model that is ready to be opened. */
export interface ReadyModel {
  readonly file: ModelFile
  /** Undefined where the format was asked for. */
  readonly format: FormatChoice | undefined
  /** Where it came from, in words. */
  readonly origin: string
  readonly alreadyThere: boolean
}

/**
 * Gets a model onto this machine, in the format that is fastest here.
 * @param name a catalogue id, `file:<path>` or `hf:<owner>/<repo>/<file>.gguf`
 * @throws MODEL_UNKNOWN, MODEL_UNREACHABLE, MODEL_HASH_MISMATCH, MODEL_FILE_INVALID, DISK_FULL, ENGINE_LOAD_FAILED,
 * MODEL_ARCHITECTURE_UNSUPPORTED, INTERRUPTED or ENGINE_ABORTED where the signal stopped it
 */
export async function readyModel(
  name: string,
  { weights, work, onStep = () => {}, signal }: OpenModelOptions = {},
): Promise<ReadyModel> {
  const pulled = await pullModel(name, {
    onProgress: progress => onStep({ type: 'pull', progress }),
    ...(signal && { signal }),
  })
  const { origin, alreadyThere } = pulled
  const source: ModelFile = { id: pulled.id, path: pulled.path, hash: pulled.hash }
  const { weightFormat, parameterCount } = await inspectGguf(source.path)
  const directory = cacheDirectory('weights', source.hash.slice(0, 16))
  const preparing = {
    signal,
    ...(work && { work }),
    onConvert: (format: string) => onStep({ type: 'convert', format }),
    onMeasure: (format: string) => onStep({ type: 'measure', what: `weights as ${format}` }),
  }
  if (weights) {
    const file = await convert(source, weightFormat, weights, directory, preparing)
    return { file, format: undefined, origin, alreadyThere }
  }
  const { file, choice } = await prepareWeights(source, weightFormat, parameterCount, directory, preparing)
  return { file, format: choice, origin, alreadyThere }
}

/**
 * Opens a model by name, getting and preparing it first where that has not been done.
 * @throws as `readyModel`, and ADAPTER_UNFIT, ENGINE_LIBRARY_MISSING, ENGINE_LIBRARY_MISMATCH
 */
export async function openModel(name: string, options: OpenModelOptions = {}): Promise<Engine> {
  const { file: weights } = await readyModel(name, options)
  const file: ModelFile = options.adapter === undefined ? weights : await withAdapter(weights, options.adapter, options)
  const { contexts, threadsPerContext } = await contextsFor(file, options)
  const { slotsPerContext } = options
  return await openLlamaEngine(file, { contexts, threadsPerContext, ...(slotsPerContext && { slotsPerContext }) })
}

/**
 * Gets a LoRA adapter onto this machine and says whether it fits a model's weights.
 * @throws ADAPTER_UNFIT, and as `pullModel`
 */
export async function withAdapter(
  file: ModelFile,
  name: string,
  { onStep = () => {}, signal }: Pick<OpenModelOptions, 'onStep' | 'signal'> = {},
): Promise<ModelFile> {
  const { id, path, hash } = await pullModel(name, {
    onProgress: progress => onStep({ type: 'pull', progress }),
    ...(signal && { signal }),
  })
  await assertAdapterFits(path, file.path)
  return { ...file, adapter: { id, path, hash } }
}

async function contextsFor(
  file: ModelFile,
  options: OpenModelOptions,
): Promise<Pick<ContextChoice, 'contexts' | 'threadsPerContext'>> {
  const { contexts, threadsPerContext, onStep = () => {}, signal } = options
  if (contexts !== undefined || threadsPerContext !== undefined) {
    return { contexts: contexts ?? 1, threadsPerContext: threadsPerContext ?? 1 }
  }
  const onMeasure = (what: string) => onStep({ type: 'measure', what: `contexts x threads: ${what}` })
  return await chooseContexts(file, { onMeasure, signal })
}
