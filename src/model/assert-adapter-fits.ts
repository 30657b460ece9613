import { basename } from 'node:path'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type GgufHeader, type GgufTensor, readGgufHeader } from './gguf-header.ts'

/** What llama.cpp multiplies an adapter's matrices in. */
const adapterTypes = new Set(['F32', 'F16', 'BF16', 'Q8_0'])

/** Whether a GGUF file holds an adapter and no model. */
export function isAdapter({ values }: Pick<GgufHeader, 'values'>): boolean {
  return values.get('general.type') === 'adapter'
}

/**
 * Says whether a LoRA adapter can be laid over a model's weights, by the headers of both files. llama.cpp refuses some of
 * what is refused here with a line in its log, ends the process on other parts, and passes over the rest without a word
 * (changed norms).
 * @throws ADAPTER_UNFIT, FILE_NOT_FOUND, MODEL_FILE_INVALID
 */
export async function assertAdapterFits(adapterPath: string, modelPath: string): Promise<void> {
  const adapterTensors = new Map<string, GgufTensor>()
  const { values, valueTypes, listLengths } = await readGgufHeader(adapterPath, tensor =>
    adapterTensors.set(tensor.name, tensor),
  )
  const weights = new Map<string, GgufTensor>()
  const model = await readGgufHeader(modelPath, tensor => weights.set(tensor.name, tensor))
  const refuse = (detail: string) =>
    new PersonascopeError('ADAPTER_UNFIT', { path: adapterPath, model: basename(modelPath), detail })

  if (!isAdapter({ values })) throw refuse('it holds no adapter')
  const architecture = model.values.get('general.architecture')
  if (values.get('general.architecture') !== architecture)
    throw refuse(`it is for the architecture ${values.get('general.architecture')}, the model’s is ${architecture}`)
  if (values.get('adapter.type') !== 'lora') throw refuse(`its kind is ${values.get('adapter.type')}, expected lora`)
  const alpha = values.get('adapter.lora.alpha')
  if (valueTypes.get('adapter.lora.alpha') !== float32 || !Number.isFinite(alpha))
    throw refuse(`its adapter.lora.alpha is ${alpha ?? 'missing'}, expected a float32`)
  if (listLengths.has('adapter.alora.invocation_tokens'))
    throw refuse('it acts only after certain tokens, and only adapters that act everywhere can be used')
  const fault = tensorFault(adapterTensors, weights)
  if (fault !== undefined) throw refuse(fault)
}

/** The number of the type of a value. */
const float32 = 6

/** W (in, out) becomes W + alpha/rank B A with A (in, rank) and B (rank, out). */
function tensorFault(
  adapter: ReadonlyMap<string, GgufTensor>,
  weights: ReadonlyMap<string, GgufTensor>,
): string | undefined {
  if (adapter.size === 0) return 'it holds no tensors'
  for (const { name, type } of adapter.values()) {
    const [, weight, part] = /^(.+)\.lora_([ab])$/.exec(name) ?? []
    if (weight === undefined) return `it changes ${name} as a whole, which llama.cpp would pass over or refuse`
    if (weight === 'token_embd.weight') return 'it changes the token embedding, whose matrices lie another way round'
    if (!adapterTypes.has(type)) return `${name} is stored as ${type}, expected one of ${[...adapterTypes].join(', ')}`
    if (part === 'b') {
      if (!adapter.has(`${weight}.lora_a`)) return `${name} has no matrix A`
      continue
    }
    const base = weights.get(weight)
    if (!base) return `the model has no tensor ${weight}`
    const other = adapter.get(`${weight}.lora_b`)
    if (!other) return `${name} has no matrix B`
    const fault = shapeFault(base, adapter.get(name)!, other)
    if (fault !== undefined) return fault
  }
  return undefined
}

function shapeFault(base: GgufTensor, a: GgufTensor, b: GgufTensor): string | undefined {
  const [input, output, ...more] = base.shape
  if (output === undefined) return `${base.name} is no matrix`
  // A last dimension of 1 may be left out.
  const [aInput, rank = 1, ...aMore] = a.shape
  const [bRank, bOutput, ...bMore] = b.shape
  const fits = aInput === input && bOutput === output && rank === bRank
  const experts = JSON.stringify(aMore) === JSON.stringify(more) && JSON.stringify(bMore) === JSON.stringify(more)
  if (fits && experts) return undefined
  const size = ({ shape }: GgufTensor) => shape.join(' x ')
  return `${base.name} is ${size(base)}, its matrices A and B are ${size(a)} and ${size(b)}`
}
