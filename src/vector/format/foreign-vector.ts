import { Malformed, shown } from '../../model/header-reader.ts'
import type { Tensor } from '../../store/safetensors.ts'
import type { Convention } from './convention.ts'
import { mostRows, valuesIn } from './tensor-limits.ts'

export type ForeignFormat = 'pt' | 'gguf' | 'safetensors'

/** What a file of another tool holds, before it is said which layers its numbers mean. */
export interface ForeignVector {
  readonly format: ForeignFormat
  /** `matrix`: one tensor, a row each. `numbered`: a tensor each. `single`: one direction without a number. */
  readonly layout: 'matrix' | 'numbered' | 'single'
  /** [d] each, by the file's own number. */
  readonly rows: ReadonlyMap<number, Float32Array>
  readonly hiddenSize: number
  /** What the file itself says of its counting. */
  readonly declared?: { readonly convention: Convention; readonly because: string }
  /** Why the file leaves its counting open, where there is more to say than that. */
  readonly doubt?: string
  /** The model it says it is for. */
  readonly modelHint?: string
}

const numberedName = /^(?:layer[._]?|layers[._]|direction[._])?(\d{1,5})$/

/**
 * The vector among the tensors of a file: the one of a name, or all of names that end in a number, or the only one.
 * @param wanted the name of the tensor to take
 * @throws Malformed
 */
export function vectorOf(
  tensors: ReadonlyMap<string, Tensor>,
  format: ForeignFormat,
  wanted: string | undefined,
): ForeignVector {
  const names = [...tensors.keys()].map(name => shown(name)).join(', ')
  if (wanted !== undefined) {
    const tensor = tensors.get(wanted)
    if (!tensor) throw new Malformed(`it has no tensor ${shown(wanted)}; it has: ${names}`)
    return vectorOfTensor(tensor, format)
  }
  const numbered = [...tensors].map(([name, tensor]) => ({ number: numberedName.exec(name)?.[1], name, tensor }))
  if (numbered.length > 0 && numbered.every(({ number, tensor }) => number !== undefined && tensor.shape.length === 1))
    return vectorOfRows(
      numbered.map(({ number, name, tensor }) => ({ number: Number(number), name, values: tensor.values })),
      format,
    )
  const [only, ...others] = tensors.values()
  if (!only) throw new Malformed('it holds no tensor')
  if (others.length > 0) throw new Malformed(`it holds several tensors (${names}): name one with --tensor`)
  return vectorOfTensor(only, format)
}

/** @throws Malformed where numbers or lengths do not fit together */
export function vectorOfRows(
  rows: readonly { readonly number: number; readonly name: string; readonly values: Float32Array }[],
  format: ForeignFormat,
): ForeignVector {
  if (rows.length > mostRows) throw new Malformed(`it has ${rows.length} directions, more than any model has layers`)
  const found = new Map<number, Float32Array>()
  const hiddenSize = rows[0]?.values.length ?? 0
  if (hiddenSize === 0) throw new Malformed('it holds no direction')
  for (const { number, name, values } of rows) {
    if (found.has(number)) throw new Malformed(`it has two directions numbered ${number}`)
    if (values.length !== hiddenSize)
      throw new Malformed(`tensor ${shown(name)} has ${values.length} numbers, another has ${hiddenSize}`)
    requireFinite(values, shown(name))
    found.set(number, values)
  }
  return { format, layout: 'numbered', rows: found, hiddenSize }
}

function vectorOfTensor({ shape, values }: Tensor, format: ForeignFormat): ForeignVector {
  valuesIn(shape, 'its tensor')
  if (values.length === 0) throw new Malformed('its tensor is empty')
  requireFinite(values, 'its tensor')
  if (shape.length === 1) return { format, layout: 'single', rows: new Map([[0, values]]), hiddenSize: values.length }
  const [count, hiddenSize] = shape
  if (shape.length !== 2 || count === undefined || hiddenSize === undefined)
    throw new Malformed(`its tensor is ${shape.join(' x ') || 'one number'}, expected layers x hidden size`)
  if (count > mostRows) throw new Malformed(`its tensor has ${count} rows, more than any model has layers`)
  const rows = new Map(
    Array.from({ length: count }, (_, row) => [row, values.subarray(row * hiddenSize, (row + 1) * hiddenSize)]),
  )
  return { format, layout: 'matrix', rows, hiddenSize }
}

function requireFinite(values: Float32Array, what: string): void {
  if (!values.every(Number.isFinite)) throw new Malformed(`${what} has values that are not finite`)
}
