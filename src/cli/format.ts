/** Numbers and text as people read them. */

/** For example "1 min 5 s". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const [minutes, hours] = [Math.floor(whole / 60) % 60, Math.floor(whole / 3600)]
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`
}

/** For example "98.4 MB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`
}

/** A text on one line, without what steers terminals or the direction of text. */
export function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\s]+/gu, ' ')
}

/** For example "94.7 %". */
export function asPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** A value and its interval, for example "0.66 (0.51 to 0.78)"; without an end of it the value alone, or "-". */
export function withInterval(
  value: number | undefined,
  { low, high }: { readonly low?: number | undefined; readonly high?: number | undefined } = {},
  write: (value: number) => string = number => number.toFixed(2),
): string {
  if (value === undefined) return '-'
  return low === undefined || high === undefined ? write(value) : `${write(value)} (${write(low)} to ${write(high)})`
}

/** Layers in order as ranges, for example "1-4, 7". */
export function formatLayers(layers: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const layer of layers) {
    const last = ranges.at(-1)
    if (last && last[1] === layer - 1) last[1] = layer
    else ranges.push([layer, layer])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}

/** Rows of text in columns; numbers to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows.map(row => row.map(String))]
  const widths = header.map((_, column) => Math.max(...cells.map(row => [...row[column]!].length)))
  const isNumber = header.map((_, column) =>
    rows.every(row => typeof row[column] === 'number' || /^[-+\d.,%]+$/.test(String(row[column]))),
  )
  return cells
    .map(row =>
      row
        .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Texts beside each other, each wrapped into a column under its title; under each other where there is no room. */
export function formatColumns(
  columns: readonly { readonly title: string; readonly text: string }[],
  width: number,
): string {
  const columnWidth = Math.floor((width - 3 * (columns.length - 1)) / columns.length)
  if (columnWidth < 24)
    return columns.map(({ title, text }) => `${title}\n${wrap(text, width).join('\n')}\n`).join('\n')
  const wrapped = columns.map(({ title, text }) => [title, '-'.repeat(columnWidth), ...wrap(text, columnWidth)])
  const height = Math.max(...wrapped.map(lines => lines.length))
  return Array.from({ length: height }, (_, index) =>
    wrapped
      .map(lines => (lines[index] ?? '').padEnd(columnWidth))
      .join('   ')
      .trimEnd(),
  ).join('\n')
}

/** The lines of a text broken between words, each at most `width` long; words that are longer are cut. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap(paragraph => {
    const lines: string[] = []
    let line = ''
    for (const word of paragraph.split(/\s+/).flatMap(part => chop(part, width))) {
      if (line && line.length + 1 + word.length > width) {
        lines.push(line)
        line = word
      } else {
        line = line ? `${line} ${word}` : word
      }
    }
    return [...lines, line]
  })
}

function chop(word: string, width: number): string[] {
  const parts: string[] = []
  for (let at = 0; at === 0 || at < word.length; at += width) parts.push(word.slice(at, at + width))
  return parts
}
