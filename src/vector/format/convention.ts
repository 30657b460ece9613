/**
 * How files of other tools count layers. Our layer L is the residual stream after block L-1, L = 0 the embedding; a
 * number in a file is that, or the 0-based index of a block.
 */
import { asLayer, type BlockIndex, type Layer, layerAfter } from '../../engine/contract/layer.ts'

/** The tools whose counting is known, and two neutral names for the two ways there are. */
export const conventions = {
  'hidden-states': {
    counts: 'layers',
    meaning: 'number L is hidden_states[L]: 0 the embedding, L the output of block L-1',
  },
  'block-output': { counts: 'blocks', meaning: 'number i is the output of block i, counted from 0: layer i+1' },
  'persona-vectors': {
    counts: 'layers',
    meaning: 'row L is hidden_states[L]: 0 the embedding, L the output of block L-1',
  },
  'assistant-axis': { counts: 'blocks', meaning: 'row i is the output of block i, counted from 0: layer i+1' },
  'llama.cpp': {
    counts: 'blocks',
    meaning: 'direction.N is added to the output of block N, counted from 0: layer N+1',
  },
  repeng: { counts: 'blocks', meaning: 'direction.N was made on the output of block N, counted from 0: layer N+1' },
  saklas: { counts: 'blocks', meaning: 'layer_N was made on the output of block N, counted from 0: layer N+1' },
  'llama-cvector-generator': {
    counts: 'layers',
    meaning:
      'direction.N was made on the output of block N-1, counted from 0: layer N (llama.cpp adds it one block later)',
  },
} as const satisfies Record<string, { readonly counts: 'layers' | 'blocks'; readonly meaning: string }>

export type Convention = keyof typeof conventions

export const conventionNames = Object.keys(conventions) as Convention[]

/** The layer that a number in a file means. Throws LAYER_OUT_OF_RANGE. */
export function layerMeant(
  convention: Convention,
  number: number,
  model: { readonly id: string; readonly blockCount: number },
): Layer {
  const layer = conventions[convention].counts === 'blocks' ? layerAfter(number as BlockIndex) : number
  return asLayer(layer, model)
}
