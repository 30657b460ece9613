import { PersonascopeError } from '../../../errors/personascope-error.ts'
import type { Layer } from '../../contract/layer.ts'
import type { NativeLibrary } from '../native/load-library.ts'
import type { Pointer } from '../native/structs.ts'
import type { Pass } from './pass.ts'

export interface ObservedModel {
  readonly blockCount: number
  readonly hiddenSize: number
  /** The graph node that is layer 0, if there is one. */
  readonly embeddingNode: string | undefined
}

/**
 * Stands between llama.cpp's graph and the runs of a pass: hands every wanted row of every layer to its run, and
 * writes back those that were changed. One mechanism for captures, steering and early exit.
 */
export class LayerObserver {
  readonly #library: NativeLibrary
  readonly #hiddenSize: number
  readonly #layerOfNode = new Map<string, Layer>()
  readonly #isAborted: (pass: Pass) => boolean
  #buffer = new Float32Array(0)
  #pass: Pass | undefined

  /** @param isAborted asked before each layer; true ends the pass */
  constructor(library: NativeLibrary, model: ObservedModel, isAborted: (pass: Pass) => boolean = () => false) {
    this.#library = library
    this.#hiddenSize = model.hiddenSize
    this.#isAborted = isAborted
    if (model.embeddingNode) this.#layerOfNode.set(model.embeddingNode, 0 as Layer)
    for (let block = 0; block < model.blockCount; block++) this.#layerOfNode.set(`l_out-${block}`, (block + 1) as Layer)
  }

  /** Watches a pass while `run` computes it. */
  during(pass: Pass, run: () => void): void {
    this.#pass = pass
    try {
      run()
    } finally {
      this.#pass = undefined
    }
  }

  /** llama.cpp's callback: see `EvalCallback`. */
  onNode(tensor: Pointer, ask: boolean): boolean {
    const layer = this.#layerOfNode.get(this.#library.tensorName(tensor))
    const pass = this.#pass
    if (layer === undefined || pass === undefined) return !ask
    if (ask) return pass.visits(layer)
    if (this.#isAborted(pass)) return false
    this.#visit(pass, layer, tensor)
    return layer !== pass.endsAfter
  }

  #visit(pass: Pass, layer: Layer, tensor: Pointer): void {
    const rows = pass.rowsOf(layer)
    const found = Number(this.#library.tensorElements(tensor)) / this.#hiddenSize
    // Rows are matched to tokens by their order alone, so a count that differs must never pass unnoticed.
    if (found !== rows.length) {
      throw new PersonascopeError('INTERNAL', {
        detail: `layer ${layer} has ${found} rows where ${rows.length} were fed`,
      })
    }
    const wanted = pass.wantedOf(layer)
    if (!wanted) return
    const width = this.#hiddenSize
    const count = wanted.last - wanted.first + 1
    const values = this.#read(tensor, wanted.first * width, count * width)
    let changed = false
    for (let index = 0; index < count; index++) {
      const { run, position } = rows[wanted.first + index]!
      if (!run?.needsRow(layer, position)) continue
      if (run.takeRow(layer, position, values.subarray(index * width, (index + 1) * width))) changed = true
    }
    if (changed) this.#library.tensorWrite(tensor, values, wanted.first * width * 4, values.byteLength)
  }

  #read(tensor: Pointer, offset: number, length: number): Float32Array {
    if (this.#buffer.length < length) this.#buffer = new Float32Array(length)
    const values = this.#buffer.subarray(0, length)
    this.#library.tensorRead(tensor, values, offset * 4, values.byteLength)
    return values
  }
}
