import { longestRow, type RawRow, tooLong } from './split-rows.ts'

const [newline, quote, comma, backslash] = [10, 34, 44, 92]
const [arrayStart, arrayEnd, objectStart, objectEnd] = [91, 93, 123, 125]

/**
 * Cuts a JSON array into the texts of its elements without reading the whole: one row each, without what stands
 * between them.
 * @throws what `invalid` gives where it is no array, or not closed
 */
export async function* splitArray(
  chunks: AsyncIterable<Uint8Array>,
  invalid: (detail: string) => Error,
): AsyncGenerator<RawRow> {
  let state = 'before' as 'before' | 'between' | 'inside' | 'after'
  let held: Uint8Array[] = []
  let heldBytes = 0
  let isTooLong = false
  let line = 1
  let startLine = 1
  let depth = 0
  let isString = false
  let isEscaped = false

  function* hold(bytes: Uint8Array): Generator<RawRow> {
    held.push(bytes)
    heldBytes += bytes.length
    if (heldBytes <= longestRow) return
    if (!isTooLong) yield { line: startLine, bytes: undefined, fault: tooLong }
    isTooLong = true
    for (const rest of held) yield { line: startLine, bytes: rest, isRest: true }
    held = []
  }
  function* endRow(): Generator<RawRow> {
    if (!isTooLong) yield { line: startLine, bytes: trimmed(Buffer.concat(held)) }
    held = []
    heldBytes = 0
    isTooLong = false
  }

  for await (const chunk of chunks) {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (byte === newline) line++
      if (state === 'inside' && isString) {
        if (isEscaped) isEscaped = false
        else if (byte === backslash) isEscaped = true
        else if (byte === quote) isString = false
      } else if (state === 'inside') {
        if (depth === 0 && (byte === comma || byte === arrayEnd)) {
          yield* hold(chunk.subarray(from, at))
          yield* endRow()
          state = byte === comma ? 'between' : 'after'
        } else if (byte === quote) isString = true
        else if (byte === arrayStart || byte === objectStart) depth++
        else if (byte === arrayEnd || byte === objectEnd) depth--
      } else if (isSpace(byte)) {
        // Between rows.
      } else if (state === 'before') {
        if (byte !== arrayStart) throw invalid('expected a JSON array of rows')
        state = 'between'
      } else if (state === 'after') {
        throw invalid(`something stands after the end of the array, in line ${line}`)
      } else if (byte === arrayEnd) {
        state = 'after'
      } else {
        state = 'inside'
        from = at
        startLine = line
        depth = byte === arrayStart || byte === objectStart ? 1 : 0
        isString = byte === quote
      }
    }
    if (state === 'inside') yield* hold(chunk.subarray(from))
  }
  if (state !== 'before' && state !== 'after')
    throw invalid(`the array is not closed: the row that begins in line ${startLine} has no end`)
}

const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13)

function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && isSpace(bytes[end - 1]!)) end--
  return bytes.subarray(0, end)
}
