import { PersonascopeError } from '../errors/personascope-error.ts'
import { readGgufHeader } from '../model/gguf-header.ts'
import { inspectGguf } from '../model/inspect-gguf.ts'
import { pullModel } from '../model/pull-model.ts'
import { assertComparable } from '../shift/assert-comparable.ts'
import { sha256 } from '../store/hash.ts'
import type { ShiftModel } from './measure-shift.ts'
import { type OpenModelOptions, openModel, readyModel } from './open-model.ts'

/**
 * Gets a base model and its fine-tunes onto this machine, and says whether they can be compared, by the headers of their
 * files: no model is opened, converted or measured before all of them fit.
 * @param names as for `openModel`, or the path of a file that ends in .gguf; the base model first
 * @throws SHIFT_MODELS_DIFFER, MODEL_NO_CHAT_TEMPLATE, MODEL_FILE_INVALID, and as `readyModel`
 */
export async function readyShiftModels(
  names: readonly [string, ...string[]],
  options: OpenModelOptions = {},
): Promise<[ShiftModel, ...ShiftModel[]]> {
  const headers = []
  for (const name of names.map(modelNameOf)) {
    const header = await headerOf(name, options)
    headers.push({ name, ...header })
    assertComparable(headers[0]!.shape, header.shape)
  }
  const models: ShiftModel[] = []
  for (const { name, shape, sourceFormat } of headers) {
    const { file } = await readyModel(name, options)
    const { weightFormat } = await inspectGguf(file.path)
    models.push({
      shape,
      sourceFormat,
      weightFormat,
      fileHash: file.hash,
      open: async like =>
        await openModel(name, {
          ...options,
          ...(like && { contexts: like.contexts, threadsPerContext: like.threadsPerContext }),
        }),
    })
  }
  return models as [ShiftModel, ...ShiftModel[]]
}

function modelNameOf(name: string): string {
  return /\.gguf$/i.test(name) && !/^(file|hf):/i.test(name) ? `file:${name}` : name
}

async function headerOf(
  name: string,
  { onStep = () => {}, signal }: OpenModelOptions,
): Promise<Pick<ShiftModel, 'shape' | 'sourceFormat'>> {
  const onProgress: NonNullable<Parameters<typeof pullModel>[1]>['onProgress'] = progress =>
    onStep({ type: 'pull', progress })
  const { id, path } = await pullModel(name, { onProgress, ...(signal && { signal }) })
  const { values } = await readGgufHeader(path)
  if (values.get('general.type') === 'adapter') {
    const detail = 'it holds a LoRA adapter and no model: merge it into its base model first'
    throw new PersonascopeError('MODEL_FILE_INVALID', { path, detail })
  }
  const { architecture, blockCount, hiddenSize, vocabularySize, weightFormat } = await inspectGguf(path)
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
  return { shape, sourceFormat: weightFormat }
}
