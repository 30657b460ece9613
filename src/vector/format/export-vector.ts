/** Writes vectors for other tools. Each file says how it counts layers. */
import type { Layer } from '../../engine/contract/layer.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { type Tensor, writeSafetensors } from '../../store/safetensors.ts'
import { writeFileWhole } from '../../store/write-file-whole.ts'
import { directionAt, layersOf, type PersonaVector, type VectorKind } from '../persona-vector.ts'
import { lowestControlLayer, writeControlVector } from './control-vector.ts'
import { type Convention, conventions } from './convention.ts'
import { conventionKey } from './read-foreign-vector.ts'

export const exportFormats = ['gguf', 'safetensors', 'csv'] as const
export type ExportFormat = (typeof exportFormats)[number]

export interface ExportOptions {
  readonly format: ExportFormat
  readonly path: string
  /** The first and last layer; by default all that the format can hold. */
  readonly layers?: readonly [from: number, to: number]
  /** Every number is multiplied by it. Default 1. */
  readonly scale?: number
  readonly kind?: VectorKind
}

type Directions = ReadonlyMap<Layer, Float32Array>

/**
 * Writes a vector for other tools, whole or not at all.
 * - `gguf`: a control vector for llama.cpp, layers 2..B.
 * - `safetensors`: a tensor `direction`, F32 [B+1, d], row L is hidden_states[L]; with `layers`, a tensor `layer_<L>`
 *   for each instead.
 * - `csv`: a row a layer, the layer first.
 * @returns the layers that were written
 * @throws OPTION_INVALID where the vector or the format does not have a layer, VECTOR_KIND_MISSING, DISK_FULL,
 * FILE_UNWRITABLE
 */
export async function exportVector(vector: PersonaVector, options: ExportOptions): Promise<Layer[]> {
  const { format, path, layers: asked, scale = 1, kind } = options
  const layers = layersToWrite(vector, format, asked)
  const directions = new Map(layers.map(layer => [layer, scaled(directionAt(vector, layer, kind), scale)]))
  switch (format) {
    case 'gguf':
      await writeGguf(path, vector, directions)
      break
    case 'safetensors':
      await writeTensors(path, vector, directions, asked !== undefined)
      break
    case 'csv':
      await writeFileWhole(path, csvOf(vector.hiddenSize, directions))
  }
  return layers
}

function layersToWrite(vector: PersonaVector, format: ExportFormat, asked: ExportOptions['layers']): Layer[] {
  const lowest = format === 'gguf' ? lowestControlLayer : 0
  const possible = layersOf(vector).filter(layer => layer >= lowest)
  const [from, to] = asked ?? [possible[0] ?? 0, possible.at(-1) ?? -1]
  const layers = possible.filter(layer => layer >= from && layer <= to)
  if (layers.length === to - from + 1 || (layers.length > 0 && asked === undefined)) return layers
  const reason = format === 'gguf' ? ' (llama.cpp refuses a direction for the first block, which is layer 1)' : ''
  const expected = `within the layers that can be written, ${possible[0]}-${possible.at(-1)}${reason}`
  throw new PersonascopeError('OPTION_INVALID', { option: '--layers', expected, got: `${from}-${to}` })
}

function scaled(direction: Float32Array, scale: number): Float32Array {
  return scale === 1 ? direction : direction.map(value => value * scale)
}

/** What a reader of the file wants to know, by key. */
function aboutVector({ provenance }: PersonaVector): Record<string, string> {
  return {
    trait: provenance.trait.name,
    model: provenance.model.id,
    model_file_sha256: provenance.model.fileHash,
    provenance: JSON.stringify(provenance),
  }
}

async function writeGguf(path: string, vector: PersonaVector, directions: Directions): Promise<void> {
  const about = Object.entries(aboutVector(vector)).map(([key, value]) => [`personascope.${key}`, value])
  const modelHint = vector.provenance.model.architecture
  await writeControlVector(path, { modelHint, directions, metadata: Object.fromEntries(about) })
}

async function writeTensors(
  path: string,
  vector: PersonaVector,
  directions: Directions,
  separate: boolean,
): Promise<void> {
  const { blockCount, hiddenSize } = vector
  const convention = 'hidden-states' satisfies Convention
  const tensors: Record<string, Tensor> = {}
  if (separate) {
    for (const [layer, values] of directions) tensors[`layer_${layer}`] = { shape: [hiddenSize], values }
  } else {
    const values = new Float32Array((blockCount + 1) * hiddenSize)
    for (const [layer, direction] of directions) values.set(direction, layer * hiddenSize)
    tensors['direction'] = { shape: [blockCount + 1, hiddenSize], values }
  }
  const metadata = {
    [conventionKey]: convention,
    convention_meaning: conventions[convention].meaning,
    ...aboutVector(vector),
  }
  await writeSafetensors(path, { tensors, metadata })
}

/** Numbers with the fewest digits that give the same float32 again. */
function csvOf(hiddenSize: number, directions: Directions): string {
  const header = ['layer', ...Array.from({ length: hiddenSize }, (_, index) => `d${index}`)]
  const rows = [...directions].map(([layer, direction]) => [layer, ...Array.from(direction, shortest)])
  return `${[header, ...rows].map(row => row.join(',')).join('\n')}\n`
}

function shortest(value: number): string {
  for (let digits = 6; ; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (digits >= 9 || Math.fround(Number(text)) === value) return Object.is(value, -0) ? '-0' : text
  }
}
