import { GGMLFileQuantizationType } from '@huggingface/gguf'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type GgufHeader, readGgufHeader } from './gguf-header.ts'

/** What a GGUF file says of its model. */
export interface GgufInfo {
  readonly path: string
  /** Bytes. */
  readonly fileSize: number
  /** For example llama. */
  readonly architecture: string
  /** The name its maker gave it. */
  readonly name: string | undefined
  readonly parameterCount: number
  readonly blockCount: number
  /** Numbers in the residual stream. */
  readonly hiddenSize: number
  /** How many tokens the model was made for. */
  readonly contextTokens: number | undefined
  readonly vocabularySize: number | undefined
  /** What most of its weights are stored as, for example Q8_0 or Q4_K_M. */
  readonly weightFormat: string
  /** How many tensors of each type. */
  readonly tensorTypes: Readonly<Record<string, number>>
  readonly hasChatTemplate: boolean
}

/** More blocks, or wider ones, than any model has. */
const mostBlocks = 10_000
const widestHidden = 1_000_000

/**
 * Says what a GGUF file holds, from its header alone; the weights are not read.
 * @throws FILE_NOT_FOUND, MODEL_FILE_INVALID where the file is no GGUF file, is cut short, or holds no language model
 */
export async function inspectGguf(path: string): Promise<GgufInfo> {
  const header = await readGgufHeader(path)
  const { values, listLengths, tensors, fileSize } = header
  const invalid = (detail: string) => new PersonascopeError('MODEL_FILE_INVALID', { path, detail })
  const architecture = values.get('general.architecture')
  if (typeof architecture !== 'string' || !/^[\w.-]+$/.test(architecture)) throw invalid('it names no architecture')
  if (tensors.count === 0) throw invalid('it holds no weights')

  const number = (key: string, most: number): number | undefined => {
    const value = values.get(`${architecture}.${key}`)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most) return value
    throw invalid(`its ${architecture}.${key} is ${String(value).slice(0, 60)}`)
  }
  const required = (key: string, most: number): number => {
    const value = number(key, most)
    if (value === undefined) throw invalid(`it has no ${architecture}.${key}, so it holds no language model`)
    return value
  }
  const name = values.get('general.name')
  return {
    path,
    fileSize,
    architecture,
    name: typeof name === 'string' ? name : undefined,
    parameterCount: tensors.parameterCount,
    blockCount: required('block_count', mostBlocks),
    hiddenSize: required('embedding_length', widestHidden),
    contextTokens: number('context_length', Number.MAX_SAFE_INTEGER),
    vocabularySize: listLengths.get('tokenizer.ggml.tokens') ?? number('vocab_size', Number.MAX_SAFE_INTEGER),
    weightFormat: weightFormat(header),
    tensorTypes: Object.fromEntries(tensors.types),
    hasChatTemplate: values.has('tokenizer.chat_template'),
  }
}

/** What the file calls itself, else the type of most of its matrices. */
function weightFormat({ values, tensors }: GgufHeader): string {
  const named = GGMLFileQuantizationType[Number(values.get('general.file_type') ?? -1)]
  if (named !== undefined) return named
  const types = tensors.matrixTypes.size > 0 ? tensors.matrixTypes : tensors.types
  return [...types].reduce((a, b) => (b[1] > a[1] ? b : a))[0]
}
