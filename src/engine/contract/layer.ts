import { PersonascopeError } from '../../errors/personascope-error.ts'

declare const layerBrand: unique symbol
declare const blockBrand: unique symbol

/**
 * A layer number: L = 0 is the token embedding, L in 1..B is the residual stream *after* block L-1.
 * Equal to the index into Hugging Face `hidden_states`, except that their last entry is after the final norm
 * and layer B here is before it.
 */
export type Layer = number & { readonly [layerBrand]: 'Layer' }

/** The 0-based index of a transformer block, 0..B-1. Block b writes layer b+1. */
export type BlockIndex = number & { readonly [blockBrand]: 'BlockIndex' }

/** The layer that a block's output is. */
export function layerAfter(block: BlockIndex): Layer {
  return (block + 1) as Layer
}

/** The block whose output a layer is. Only layers 1..B have one. */
export function blockBefore(layer: Layer): BlockIndex {
  if (layer < 1) throw new RangeError('layer 0 is the embedding: no block writes it')
  return (layer - 1) as BlockIndex
}

/**
 * Checks a plain number as a layer of a model.
 * @param lowest 0 to allow the embedding, 1 for what a block must write
 * @throws LAYER_OUT_OF_RANGE
 */
export function asLayer(
  value: number,
  model: { readonly id: string; readonly blockCount: number },
  lowest: 0 | 1 = 0,
): Layer {
  if (!Number.isInteger(value) || value < lowest || value > model.blockCount) {
    throw new PersonascopeError('LAYER_OUT_OF_RANGE', {
      lowest,
      highest: model.blockCount,
      model: model.id,
      layer: value,
    })
  }
  return value as Layer
}

/** All layers 0..B, in order. */
export function allLayers(blockCount: number): Layer[] {
  return Array.from({ length: blockCount + 1 }, (_, index) => index as Layer)
}
