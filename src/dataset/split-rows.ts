/** Cuts the bytes of a file into rows without losing one: JSON lines and CSV records. */

/** A row as it stands in the file. */
export interface RawRow {
  /** Where it begins, from 1. */
  readonly line: number
  /** With its end of line. Absent where it is longer than `longestRow`. */
  readonly bytes: Uint8Array | undefined
  /** Why it cannot be a row. */
  readonly fault?: string
  /** These bytes are no row: they are of the one before, which is too long to be held. */
  readonly isRest?: true
}

/** Longer rows are not held in memory. */
export const longestRow = 16 * 2 ** 20
export const tooLong = 'is longer than 16 MiB'
const notClosed = 'has a quote that is not closed within 16 MiB'

const [newline, carriageReturn, quote] = [10, 13, 34]

/** One row a line. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawRow> {
  yield* cutRecords(chunks, () => ({
    endOf: (bytes, from) => {
      const end = bytes.indexOf(newline, from)
      return end < 0 ? undefined : end + 1
    },
    isOpen: false,
  }))
}

/**
 * One row a record (RFC 4180): a quoted cell may hold ends of lines. A quote that is never closed costs the one line
 * it stands in, not the rest of the file.
 */
export async function* splitRecords(chunks: AsyncIterable<Uint8Array>, delimiter: number): AsyncGenerator<RawRow> {
  yield* cutRecords(chunks, () => new RecordScanner(delimiter))
}

/** Looks for the end of one record, in bytes that come in pieces. */
interface Scanner {
  /** The place after the record's end, looked for from `from` on, where the last call stopped. */
  endOf(bytes: Uint8Array, from: number): number | undefined
  /** Whether the record cannot end here. */
  readonly isOpen: boolean
}

class RecordScanner implements Scanner {
  readonly #delimiter: number
  #state: 'cell-start' | 'plain' | 'quoted' | 'quote-in-quoted' = 'cell-start'

  constructor(delimiter: number) {
    this.#delimiter = delimiter
  }

  get isOpen(): boolean {
    return this.#state === 'quoted'
  }

  endOf(bytes: Uint8Array, from: number): number | undefined {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (this.#state === 'quoted') {
        if (byte === quote) this.#state = 'quote-in-quoted'
      } else if (byte === newline) {
        return at + 1
      } else if (byte === quote && this.#state !== 'plain') {
        this.#state = 'quoted'
      } else {
        this.#state = byte === this.#delimiter ? 'cell-start' : byte === carriageReturn ? this.#state : 'plain'
      }
    }
    return undefined
  }
}

async function* cutRecords(chunks: AsyncIterable<Uint8Array>, newScanner: () => Scanner): AsyncGenerator<RawRow> {
  let pending: Uint8Array = new Uint8Array(0)
  let line = 1
  let scanned = 0
  let scanner = newScanner()
  let isSkipping = false

  function* take(isLast: boolean): Generator<RawRow> {
    for (;;) {
      if (isSkipping) {
        const end = pending.indexOf(newline)
        const rest = end < 0 ? pending : pending.subarray(0, end + 1)
        pending = pending.subarray(rest.length)
        if (rest.length > 0) yield { line, bytes: rest, isRest: true }
        if (end < 0) return
        isSkipping = false
        line++
      }
      const end = scanner.endOf(pending, scanned)
      if (end !== undefined && end <= longestRow) {
        yield* give(end)
      } else if (pending.length > longestRow || (isLast && scanner.isOpen)) {
        const endOfLine = pending.indexOf(newline) + 1
        if (endOfLine > 0 && endOfLine <= longestRow) {
          yield* give(endOfLine, notClosed)
        } else if (scanner.isOpen && isLast) {
          yield* give(pending.length, notClosed)
          return
        } else {
          yield { line, bytes: undefined, fault: tooLong }
          isSkipping = true
          restart()
        }
      } else {
        scanned = pending.length
        if (isLast && pending.length > 0) yield* give(pending.length)
        return
      }
    }
  }

  function* give(end: number, fault?: string): Generator<RawRow> {
    const bytes = pending.subarray(0, end)
    yield { line, bytes, ...(fault !== undefined && { fault }) }
    line += countLines(bytes)
    pending = pending.subarray(end)
    restart()
  }

  function restart(): void {
    scanner = newScanner()
    scanned = 0
  }

  for await (const chunk of chunks) {
    pending = appended(pending, chunk)
    yield* take(false)
  }
  yield* take(true)
}

/** Both in one; copied only when the buffer behind the first is full, which then doubles. Given bytes never change. */
function appended(bytes: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (bytes.length === 0) return chunk
  const length = bytes.length + chunk.length
  const end = bytes.byteOffset + bytes.length
  // Only behind bytes that this function laid out is there room that nobody else uses.
  const isOwn = ownBuffers.has(bytes.buffer)
  const room = isOwn && bytes.buffer.byteLength - end >= chunk.length
  const joined = room ? new Uint8Array(bytes.buffer, bytes.byteOffset, length) : new Uint8Array(2 * length)
  if (!room) {
    joined.set(bytes)
    ownBuffers.add(joined.buffer)
  }
  joined.set(chunk, bytes.length)
  return joined.subarray(0, length)
}

const ownBuffers = new WeakSet<ArrayBufferLike>()

function countLines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++
  return count
}
