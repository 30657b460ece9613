import { asLayer, type Layer } from '../../engine/contract/layer.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { type Convention, conventionNames, conventions, layerMeant } from './convention.ts'
import type { ForeignVector } from './foreign-vector.ts'

/** What is known of the model a vector is for. */
export interface TargetModel {
  readonly id: string
  readonly blockCount: number
  readonly hiddenSize: number
}

export interface PlaceOptions {
  /** The file's path, for messages. */
  readonly path: string
  /** How the file counts layers, where the user says so. */
  readonly convention?: Convention
  /** The layer of a direction that has no number. */
  readonly layer?: number
  readonly modelId: string
  /** The model's shape, where it is known. */
  readonly model?: TargetModel
  /** How many blocks the model has, where its shape is not known. */
  readonly blockCount?: number
}

/** The directions of a file by layer, and how it was told which is which. */
export interface PlacedVector {
  /** How the file counts, by name; `layer` where it has one direction and its layer was given. */
  readonly convention: Convention | 'layer'
  readonly because: string
  readonly blockCount: number
  readonly directions: ReadonlyMap<Layer, Float32Array>
}

/**
 * Says which layers the rows of a file are: as the user says, else as the file says, else as its shape leaves one way
 * only. Never guesses.
 * @throws VECTOR_CONVENTION_UNCLEAR, VECTOR_MODEL_MISMATCH, LAYER_OUT_OF_RANGE, OPTION_INVALID
 */
export function placeLayers(vector: ForeignVector, options: PlaceOptions): PlacedVector {
  const { path, modelId, model } = options
  if (model && model.hiddenSize !== vector.hiddenSize) throw misfit(vector, model, options)
  if (vector.layout === 'single') {
    const blockCount = blockCountOf(vector, undefined, options)
    if (options.layer === undefined) {
      const facts = { option: '--layer', expected: 'given: the file holds one direction and no layer', got: 'nothing' }
      throw new PersonascopeError('OPTION_INVALID', facts)
    }
    const layer = asLayer(options.layer, { id: modelId, blockCount }, 1)
    const directions = new Map([[layer, vector.rows.get(0)!]])
    return { convention: 'layer', because: 'the layer was given', blockCount, directions }
  }
  const { convention, because } = conventionOf(vector, options)
  const blockCount = blockCountOf(vector, convention, options)
  const target = { id: modelId, blockCount }
  const directions = new Map<Layer, Float32Array>()
  for (const number of [...vector.rows.keys()].sort((a, b) => a - b))
    directions.set(layerMeant(convention, number, target), vector.rows.get(number)!)
  if (directions.size === 1 && directions.has(0 as Layer))
    throw new PersonascopeError('FILE_INVALID', { path, kind: 'vector file', detail: 'it holds the embedding alone' })
  return { convention, because, blockCount, directions }
}

function conventionOf(
  vector: ForeignVector,
  options: PlaceOptions,
): { readonly convention: Convention; readonly because: string } {
  if (options.convention) return { convention: options.convention, because: 'so it was said' }
  if (vector.declared) return vector.declared
  const byShape = conventionOfShape(vector, options)
  if (byShape) return byShape
  const detail = vector.doubt ?? openQuestion(vector)
  const facts = { path: options.path, detail, choices: conventionNames.join(', ') }
  throw new PersonascopeError('VECTOR_CONVENTION_UNCLEAR', facts)
}

/** B+1 rows begin with the embedding, B rows with the first block; a number B is no index of a block. */
function conventionOfShape(vector: ForeignVector, options: PlaceOptions) {
  const blockCount = options.model?.blockCount ?? options.blockCount
  if (blockCount === undefined) return undefined
  const model = options.model?.id ?? 'the model'
  const { rows, layout } = vector
  if (layout === 'numbered') {
    return rows.has(blockCount)
      ? ({
          convention: 'hidden-states',
          because: `it has a number ${blockCount}, and ${model} ${blockCount} blocks`,
        } as const)
      : undefined
  }
  const because = `it has ${rows.size} rows, and ${model} ${blockCount} blocks`
  if (rows.size === blockCount + 1) return { convention: 'hidden-states', because } as const
  if (rows.size === blockCount) return { convention: 'block-output', because } as const
  throw misfit(vector, options.model ?? { id: model, blockCount, hiddenSize: vector.hiddenSize }, options)
}

function openQuestion({ rows, layout }: ForeignVector): string {
  if (layout === 'matrix')
    return `its ${rows.size} rows may begin with the embedding or with the first block, and the model is not here to compare`
  const numbers = [...rows.keys()].sort((a, b) => a - b)
  return `its directions are numbered ${numbers[0]} to ${numbers.at(-1)}, which may count layers or blocks`
}

function blockCountOf(vector: ForeignVector, convention: Convention | undefined, options: PlaceOptions): number {
  const known = options.model?.blockCount ?? options.blockCount
  if (known !== undefined) return known
  if (convention && vector.layout === 'matrix')
    return conventions[convention].counts === 'layers' ? vector.rows.size - 1 : vector.rows.size
  const expected = `the number of the model's blocks, because ${options.modelId} is not on this machine`
  throw new PersonascopeError('OPTION_INVALID', { option: '--blocks', expected, got: 'nothing' })
}

function misfit({ rows, hiddenSize, layout }: ForeignVector, model: TargetModel, { path }: PlaceOptions) {
  const blocks = layout === 'matrix' ? `${rows.size - 1} or ${rows.size} blocks of ` : ''
  const expected = `a model of ${blocks}${hiddenSize}`
  const got = `${model.id} (${model.blockCount} blocks of ${model.hiddenSize})`
  return new PersonascopeError('VECTOR_MODEL_MISMATCH', { vector: path, expected, got })
}
