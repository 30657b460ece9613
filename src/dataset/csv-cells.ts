/** The cells of one record (RFC 4180), without its end of line. A quote inside a plain cell stands for itself. */
export function csvCells(record: string, delimiter: string): string[] {
  const text = record.replace(/\r?\n$/, '')
  const cells: string[] = []
  let at = 0
  for (;;) {
    const { cell, end } = text[at] === '"' ? quotedCell(text, at, delimiter) : plainCell(text, at, delimiter)
    cells.push(cell)
    if (end >= text.length) return cells
    at = end + 1
  }
}

function plainCell(text: string, from: number, delimiter: string): { cell: string; end: number } {
  const found = text.indexOf(delimiter, from)
  const end = found < 0 ? text.length : found
  return { cell: text.slice(from, end), end }
}

function quotedCell(text: string, from: number, delimiter: string): { cell: string; end: number } {
  let cell = ''
  let at = from + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return { cell: cell + text.slice(at), end: text.length }
    cell += text.slice(at, quote)
    if (text[quote + 1] !== '"') {
      const rest = plainCell(text, quote + 1, delimiter)
      return { cell: cell + rest.cell, end: rest.end }
    }
    cell += '"'
    at = quote + 2
  }
}
