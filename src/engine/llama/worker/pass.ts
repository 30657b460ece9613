import type { Layer } from '../../contract/layer.ts'
import type { SequenceRun } from '../../request/sequence-run.ts'
import type { BatchRow } from '../native/native-context.ts'

/** A row of a pass: a token of a run, or a token nobody asked for that keeps a pass in shape. */
export interface PassRow extends BatchRow {
  readonly run: SequenceRun | undefined
  /** The request's number; undefined without a run. */
  readonly id: number | undefined
}

/** Which rows of a layer are wanted: positions in the layer's own list of rows. */
export interface WantedRows {
  readonly first: number
  readonly last: number
}

/**
 * One pass of the model: its rows, what is wanted of each layer, and where it may end.
 * The last layer has a row for every row with logits only; all others have all rows.
 */
export class Pass {
  readonly rows: readonly PassRow[]
  /** The rows whose logits llama.cpp is told to compute, in order. */
  readonly logitRows: readonly PassRow[]
  /** The pass ends after this layer; undefined where logits are wanted. */
  readonly endsAfter: Layer | undefined
  readonly #blockCount: number
  readonly #wanted: readonly (WantedRows | undefined)[]

  constructor(rows: readonly PassRow[], blockCount: number) {
    this.rows = rows
    this.#blockCount = blockCount
    this.logitRows = rows.filter(row => row.wantsLogits)
    this.endsAfter = endOf(rows)
    this.#wanted = Array.from({ length: blockCount + 1 }, (_, layer) =>
      wantedOf(this.rowsOf(layer as Layer), layer as Layer),
    )
  }

  /** The rows a layer's output has, in order. */
  rowsOf(layer: Layer): readonly PassRow[] {
    return layer === this.#blockCount ? this.logitRows : this.rows
  }

  wantedOf(layer: Layer): WantedRows | undefined {
    return this.#wanted[layer]
  }

  /** Whether llama.cpp must hand over this layer. */
  visits(layer: Layer): boolean {
    return this.#wanted[layer] !== undefined || layer === this.endsAfter
  }
}

function endOf(rows: readonly PassRow[]): Layer | undefined {
  if (rows.some(row => row.run?.needsLogits(row.position))) return undefined
  return Math.max(0, ...rows.map(row => row.run?.depth ?? 0)) as Layer
}

function wantedOf(rows: readonly PassRow[], layer: Layer): WantedRows | undefined {
  const needs = (row: PassRow) => row.run?.needsRow(layer, row.position) ?? false
  const first = rows.findIndex(needs)
  return first < 0 ? undefined : { first, last: rows.findLastIndex(needs) }
}
