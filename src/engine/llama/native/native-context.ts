import { PersonascopeError } from '../../../errors/personascope-error.ts'
import type { TokenId } from '../../contract/prompt.ts'
import {
  type EvalCallback,
  type NativeLibrary,
  registerEvalCallback,
  unregisterEvalCallback,
  viewMemory,
} from './load-library.ts'
import type { NativeModel } from './native-model.ts'
import type { Batch, Pointer } from './structs.ts'

export interface ContextOptions {
  /** How many sequences it holds, each with memory of its own. */
  readonly slots: number
  /** How many tokens each of them holds. */
  readonly tokensPerSlot: number
  readonly threads: number
  /** The most rows of one pass. */
  readonly rowsPerPass: number
  /** The most rows of one pass whose logits are computed. */
  readonly logitRowsPerPass: number
  /** Undefined: llama.cpp runs without asking. */
  readonly onNode: EvalCallback | undefined
}

/**
 * Float32 weights are for comparing, so attention is computed in float32 too: keys and values kept as float32
 * (ggml type 0), and no flash attention, whose tiles round. Relative errors fall from 6e-3 to 6e-6; slower.
 */
const exactAttention = { type_k: 0, type_v: 0, flash_attn_type: 0 } as const

/** A token to feed: the next one of a slot's sequence. */
export interface BatchRow {
  readonly token: TokenId
  readonly position: number
  readonly slot: number
  readonly wantsLogits: boolean
}

/**
 * A llama.cpp context: the memory of several sequences and the passes over them. Belongs to one thread.
 * Sequences have memory of their own (`kv_unified` false): about 1.3 times faster to decode than one shared memory,
 * and what a slot holds does not depend on its neighbours.
 */
export class NativeContext {
  readonly options: ContextOptions
  readonly pointer: Pointer
  readonly #library: NativeLibrary
  readonly #vocabularySize: number
  readonly #memory: Pointer
  readonly #callback: Pointer | null
  readonly #batch: Batch
  readonly #views: BatchViews
  #failure: unknown

  /** @throws ENGINE_OUT_OF_MEMORY */
  constructor(library: NativeLibrary, model: NativeModel, options: ContextOptions) {
    this.options = options
    this.#library = library
    this.#vocabularySize = model.size
    const { onNode } = options
    this.#callback = onNode ? registerEvalCallback((tensor, ask) => this.#guarded(onNode, tensor, ask)) : null
    const pointer = library.contextCreate(model.pointer, {
      ...library.contextDefaults(),
      n_ctx: options.slots * options.tokensPerSlot,
      n_batch: options.rowsPerPass,
      n_ubatch: options.rowsPerPass,
      n_seq_max: options.slots,
      n_outputs_max: options.logitRowsPerPass,
      n_outputs_max_per_seq: 0,
      n_threads: options.threads,
      n_threads_batch: options.threads,
      cb_eval: this.#callback,
      kv_unified: false,
      ...(model.weightFormat === 'F32' && exactAttention),
    })
    if (!pointer) {
      this.#unregister()
      const { slots, tokensPerSlot: tokens } = options
      throw new PersonascopeError('ENGINE_OUT_OF_MEMORY', { slots, tokens, detail: 'llama.cpp made no context' })
    }
    this.pointer = pointer
    if (model.adapter !== undefined) this.#layOver(model.adapter)
    this.#memory = library.contextMemory(pointer)
    this.#batch = library.batchCreate(options.rowsPerPass, 0, 1)
    this.#views = viewBatch(this.#batch, options.rowsPerPass)
  }

  /**
   * One pass over the rows. The caller orders them so that they are one pass for llama.cpp too: one row for each of
   * several neighbouring slots, or equally many consecutive rows of each; rows of layers then come in this order.
   * @throws INTERNAL if llama.cpp refuses the batch, or what `onNode` threw
   */
  decode(rows: readonly BatchRow[]): void {
    rows.forEach((row, index) => {
      this.#views.write(index, row)
    })
    this.#batch.n_tokens = rows.length
    this.#failure = undefined
    const status = this.#library.decode(this.pointer, this.#batch)
    if (this.#failure !== undefined) throw this.#failure
    if (status !== 0)
      throw new PersonascopeError('INTERNAL', { detail: `llama_decode gave ${status} for ${rows.length} rows` })
  }

  /**
   * The logits of a row of the last pass.
   * @returns [vocabulary], a view valid until the next pass
   */
  logits(row: number): Float32Array {
    const pointer = this.#library.logitsOfRow(this.pointer, row)
    if (!pointer) throw new PersonascopeError('INTERNAL', { detail: `row ${row} has no logits` })
    return new Float32Array(viewMemory(pointer, this.#vocabularySize * 4))
  }

  /** Forgets the tokens of a slot from a position on. */
  forget(slot: number, fromPosition = 0): void {
    this.#library.memoryRemove(this.#memory, slot, fromPosition, -1)
  }

  forgetAll(): void {
    this.#library.memoryClear(this.#memory, false)
  }

  /** A copy of what a slot remembers. */
  saveSlot(slot: number): Uint8Array {
    const state = new Uint8Array(Number(this.#library.sequenceStateSize(this.pointer, slot)))
    this.#library.sequenceStateRead(this.pointer, state, state.length, slot)
    return state
  }

  /** Makes an empty slot remember what another one did. */
  restoreSlot(slot: number, state: Uint8Array): void {
    const read = Number(this.#library.sequenceStateWrite(this.pointer, state, state.length, slot))
    if (read === 0) throw new PersonascopeError('INTERNAL', { detail: `slot ${slot} refused a saved state` })
  }

  close(): void {
    this.#library.batchFree(this.#batch)
    this.#library.contextFree(this.pointer)
    this.#unregister()
  }

  /** With its own strength, alpha over rank. */
  #layOver(adapter: Pointer): void {
    const status = this.#library.setAdapters(this.pointer, BigUint64Array.of(adapter), 1, Float32Array.of(1))
    if (status !== 0) throw new PersonascopeError('INTERNAL', { detail: `llama_set_adapters_lora gave ${status}` })
  }

  #unregister(): void {
    if (this.#callback !== null) unregisterEvalCallback(this.#callback)
  }

  /** An exception must not cross native code: it ends the pass and is thrown after it. */
  #guarded(onNode: EvalCallback, tensor: Pointer, ask: boolean): boolean {
    if (this.#failure !== undefined) return false
    try {
      return onNode(tensor, ask)
    } catch (error) {
      this.#failure = error
      return false
    }
  }
}

interface BatchViews {
  write(index: number, row: BatchRow): void
}

function viewBatch(batch: Batch, size: number): BatchViews {
  const integers = (pointer: Pointer, count: number) => new Int32Array(viewMemory(pointer, count * 4))
  const tokens = integers(batch.token, size)
  const positions = integers(batch.pos, size)
  const sequenceCounts = integers(batch.n_seq_id, size)
  const outputs = new Int8Array(viewMemory(batch.logits, size))
  const sequencePointers = new BigUint64Array(viewMemory(batch.seq_id, size * 8))
  const sequences = Array.from({ length: size }, (_, index) => integers(sequencePointers[index]!, 1))
  return {
    write(index, { token, position, slot, wantsLogits }) {
      tokens[index] = token
      positions[index] = position
      sequenceCounts[index] = 1
      sequences[index]![0] = slot
      outputs[index] = wantsLogits ? 1 : 0
    },
  }
}
