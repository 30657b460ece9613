import type { Layer } from '../../contract/layer.ts'
import type { PromptProgress } from '../../request/activation-collector.ts'
import type { SteeringProgress } from '../../request/steering-plan.ts'

/** A prompt's beginning as it was computed: what a slot remembers, and what was captured on the way. */
export interface StoredPrefix {
  readonly length: number
  /** How deep it was computed: what lies above is not in its memory, so it is never used deeper. */
  readonly depth: Layer
  readonly state: Uint8Array
  readonly captured: PromptProgress | undefined
  readonly steered: SteeringProgress
  /** The logits after its last token, where the prefix is a whole prompt. */
  readonly logits: Float32Array | undefined
}

/**
 * Prefixes by key, the least recently used forgotten first. The key names the tokens, how they were cut into passes,
 * and all steering and capturing that acted on them; see `prefixKey`.
 */
export class PrefixStore {
  readonly #maxBytes: number
  readonly #entries = new Map<string, StoredPrefix>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** A prefix computed at least as deep as needed. */
  find(key: string, depth: Layer): StoredPrefix | undefined {
    const entry = this.#entries.get(key)
    if (!entry || entry.depth < depth) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  keep(key: string, prefix: StoredPrefix): void {
    const old = this.#entries.get(key)
    if (old && old.depth >= prefix.depth) return
    this.#remove(key)
    this.#entries.set(key, prefix)
    this.#bytes += bytesOf(prefix)
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === key) break
      this.#remove(oldest)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#bytes -= bytesOf(entry)
  }
}

function bytesOf({ state, captured, logits }: StoredPrefix): number {
  return (
    state.byteLength +
    (captured?.sums?.byteLength ?? 0) +
    (captured?.first?.byteLength ?? 0) +
    (logits?.byteLength ?? 0)
  )
}
