/** Where texts fit: how wide they are, where they break, and where labels of vertical lines stand. */

/** About how wide a text is, in px: glyphs cannot be measured here, so the common sans-serif widths stand in. */
export function textWidth(text: string, fontSize: number): number {
  let ems = 0
  for (const character of text) {
    if (/[ijl.,:;'!|()[\] \u00a0\u202fft]/.test(character)) ems += 0.34
    else if (/[MWmw@%—]/.test(character)) ems += 0.92
    else if (/[A-Z]/.test(character)) ems += 0.7
    else if (character.codePointAt(0)! >= 0x2e80) ems += 1.05
    else ems += 0.58
  }
  return ems * fontSize
}

/** Breaks a text into lines no wider than `width` px, inside words only where one is wider by itself. */
export function wrapText(text: string, width: number, fontSize: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/[ \n\t]+/).flatMap(part => chop(part, width, fontSize))) {
    const longer = line ? `${line} ${word}` : word
    if (line && textWidth(longer, fontSize) > width) {
      lines.push(line)
      line = word
    } else {
      line = longer
    }
  }
  return [...lines, line]
}

/** Cuts a text to `width` px, with an ellipsis where something is missing. */
export function fitText(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text
  const characters = [...text]
  while (characters.length > 1 && textWidth(`${characters.join('')}…`, fontSize) > width) characters.pop()
  return `${characters.join('').trimEnd()}…`
}

function chop(word: string, width: number, fontSize: number): string[] {
  const parts: string[] = []
  let part = ''
  for (const character of word) {
    if (part && textWidth(part + character, fontSize) > width) {
      parts.push(part)
      part = ''
    }
    part += character
  }
  return [...parts, part]
}

export interface Flag {
  /** Where its pole stands, in px. */
  readonly at: number
  readonly text: string
}

export interface PlacedFlag extends Flag {
  /** How many rows above the lowest. */
  readonly row: number
  /** Where the text stands to its pole; `over` it where there is no room at either side. */
  readonly side: 'right' | 'left' | 'over'
  /** Where the text begins, in px. */
  readonly from: number
}

/**
 * Places labels of vertical lines above a frame, in as few rows as keep every label clear of the others and of their
 * poles. The order of the flags is kept. Labels stay between 0 and `width`, in px, where they are not wider than that.
 */
export function placeFlags(flags: readonly Flag[], width: number, fontSize: number): PlacedFlag[] {
  const sizes = flags.map(flag => textWidth(flag.text, fontSize) * boldness + poleGap)
  const choices = flags.map(({ at }, index): readonly Side[] => {
    const fits: Side[] = []
    if (at + sizes[index]! <= width) fits.push('right')
    if (at - sizes[index]! >= 0) fits.push('left')
    if (fits.length === 0) return ['over']
    return flags.length <= mostTried ? fits : fits.slice(0, 1)
  })
  let best: { readonly sides: readonly Side[]; readonly rows: readonly number[] } | undefined
  for (const sides of combinations(choices)) {
    const rows = rowsOf(flags.map(({ at }, index) => boxOf(at, sizes[index]!, sides[index]!, width)))
    if (rows && (!best || Math.max(...rows) < Math.max(...best.rows))) best = { sides, rows }
  }
  return flags.map((flag, index) => {
    const side = best?.sides[index] ?? choices[index]![0]!
    const { from } = boxOf(flag.at, sizes[index]!, side, width)
    return { ...flag, row: best?.rows[index] ?? index, side, from: side === 'right' ? from + poleGap : from }
  })
}

type Side = PlacedFlag['side']

const boldness = 1.08
const poleGap = 5
/** Above this many flags, each stands at the first side where it fits. */
const mostTried = 6

interface FlagBox {
  readonly pole: number
  readonly from: number
  readonly to: number
}

function boxOf(pole: number, size: number, side: Side, width: number): FlagBox {
  if (side === 'right') return { pole, from: pole, to: pole + size }
  if (side === 'left') return { pole, from: pole - size, to: pole }
  const from = Math.max(0, Math.min(width - size, pole - size / 2))
  return { pole, from, to: from + size }
}

/** The lowest row of every box; undefined where two would have to stand above each other. */
function rowsOf(boxes: readonly FlagBox[]): number[] | undefined {
  const rows = boxes.map(() => 0)
  for (let changed = true; changed; ) {
    changed = false
    for (const [a, upper] of boxes.entries()) {
      for (const [b, lower] of boxes.entries()) {
        if (a === b || rows[a]! > rows[b]! || !mustStandAbove(upper, lower, a > b && rows[a] === rows[b])) continue
        rows[a] = rows[b]! + 1
        changed = true
        if (rows[a]! >= boxes.length) return undefined
      }
    }
  }
  return rows
}

/** A pole may not run through a label; labels that only overlap need different rows, whichever. */
function mustStandAbove(upper: FlagBox, lower: FlagBox, overlapCounts: boolean): boolean {
  if (lower.pole > upper.from && lower.pole < upper.to) return true
  return overlapCounts && upper.from < lower.to && lower.from < upper.to
}

function combinations<T>(choices: readonly (readonly T[])[]): T[][] {
  return choices.reduce<T[][]>((done, options) => done.flatMap(some => options.map(one => [...some, one])), [[]])
}
