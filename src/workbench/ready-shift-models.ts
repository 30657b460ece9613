import type { WeightFormat } from '../engine/llama/native/structs.ts'
import { identityOf } from '../engine/llama/open-llama-engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { assertAdapterFits, isAdapter } from '../model/assert-adapter-fits.ts'
import { readGgufHeader } from '../model/gguf-header.ts'
import { inspectGguf } from '../model/inspect-gguf.ts'
import { pullModel } from '../model/pull-model.ts'
import { assertComparable } from '../shift/assert-comparable.ts'
import { sha256 } from '../store/hash.ts'
import type { ShiftModel } from './measure-shift.ts'
import { type OpenModelOptions, openModel, readyModel, withAdapter } from './open-model.ts'

/**
 * Gets a base model and its fine-tunes onto this machine, and says whether they can be compared, by the headers of their
 * files: no model is opened, converted or measured before all of them fit. A fine-tune is a model of its own or a LoRA
 * adapter, which is laid over the base model. All run in the weight format that suits the base model here.
 * @param names as for `openModel`, or the path of a file that ends in .gguf; the base model first
 * @throws SHIFT_MODELS_DIFFER, ADAPTER_UNFIT, MODEL_NO_CHAT_TEMPLATE, MODEL_FILE_INVALID, and as `readyModel`
 */
export async function readyShiftModels(
  names: readonly [string, ...string[]],
  options: OpenModelOptions = {},
): Promise<[ShiftModel, ...ShiftModel[]]> {
  const [baseName, ...tunedNames] = names.map(modelNameOf) as [string, ...string[]]
  const base = await lookAt(baseName, options)
  if (base.isAdapter) {
    const detail =
      'it holds a LoRA adapter and no model: name the model it was trained on first, and the adapter after it'
    throw new PersonascopeError('MODEL_FILE_INVALID', { path: base.path, detail })
  }
  const baseModel = await describeModel(baseName, base.id, base.path)
  assertComparable(baseModel.shape, baseModel.shape)
  const tuned: (DescribedModel & { readonly adapter?: string })[] = []
  for (const name of tunedNames) {
    const { id, path, isAdapter: laidOver } = await lookAt(name, options)
    if (laidOver) {
      await assertAdapterFits(path, base.path)
      tuned.push({ ...baseModel, shape: { ...baseModel.shape, id }, adapter: name })
      continue
    }
    const model = await describeModel(name, id, path)
    assertComparable(baseModel.shape, model.shape)
    tuned.push(model)
  }
  const { file } = await readyModel(baseName, options)
  const weights = (await inspectGguf(file.path)).weightFormat as WeightFormat
  return (await Promise.all([baseModel, ...tuned].map(model => readyShiftModel(model, weights, options)))) as [
    ShiftModel,
    ...ShiftModel[],
  ]
}

async function readyShiftModel(
  { name, shape, sourceFormat, adapter }: DescribedModel & { readonly adapter?: string },
  weights: WeightFormat,
  options: OpenModelOptions,
): Promise<ShiftModel> {
  const chosen = { ...options, weights, ...(adapter !== undefined && { adapter }) }
  const { file } = await readyModel(name, chosen)
  const { weightFormat } = await inspectGguf(file.path)
  const model = adapter === undefined ? file : await withAdapter(file, adapter, options)
  return {
    shape,
    sourceFormat,
    weightFormat,
    fileHash: identityOf(model),
    open: async like =>
      await openModel(name, {
        ...chosen,
        ...(like && { contexts: like.contexts, threadsPerContext: like.threadsPerContext }),
      }),
  }
}

function modelNameOf(name: string): string {
  return /\.gguf$/i.test(name) && !/^(file|hf):/i.test(name) ? `file:${name}` : name
}

async function lookAt(name: string, { onStep = () => {}, signal }: OpenModelOptions) {
  const { id, path } = await pullModel(name, {
    onProgress: progress => onStep({ type: 'pull', progress }),
    ...(signal && { signal }),
  })
  return { id, path, isAdapter: isAdapter(await readGgufHeader(path)) }
}

interface DescribedModel extends Pick<ShiftModel, 'shape' | 'sourceFormat'> {
  /** What it is opened by; of an adapter, the model it is laid over. */
  readonly name: string
}

async function describeModel(name: string, id: string, path: string): Promise<DescribedModel> {
  const { architecture, blockCount, hiddenSize, vocabularySize, weightFormat } = await inspectGguf(path)
  const { values } = await readGgufHeader(path)
  const template = values.get('tokenizer.chat_template')
  const shape = {
    id,
    architecture,
    blockCount,
    hiddenSize,
    vocabularySize,
    tokenizer: `${values.get('tokenizer.ggml.model')}/${values.get('tokenizer.ggml.pre')}`,
    chatTemplateHash: template === undefined ? undefined : sha256(String(template)),
  }
  return { name, shape, sourceFormat: weightFormat }
}
