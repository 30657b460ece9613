import { preferences, type RatingKey } from './rating-sample.ts'
import type { NewRating } from './rating-store.ts'
import type { SheetRow } from './read-sheet.ts'

/** Something in a filled sheet that cannot be taken in. */
export interface SheetFault {
  readonly line: number
  readonly detail: string
}

export interface ReadRatings {
  /** By sample. */
  readonly ratings: ReadonlyMap<string, readonly NewRating[]>
  readonly faults: readonly SheetFault[]
  /** Rows left empty. */
  readonly unrated: number
}

export interface ReadRatingsOptions {
  readonly keys: readonly RatingKey[]
  /** Who rated, where the sheet has no column `rater`. */
  readonly rater?: string
  /** The name of the file. */
  readonly source: string
}

const longestName = 100
const longestComment = 10_000

/** The ratings in a filled sheet; each line that cannot be taken in, with the reason. The others are not lost for it. */
export function readRatings(rows: readonly SheetRow[], options: ReadRatingsOptions): ReadRatings {
  const items = new Map(options.keys.flatMap(key => key.items.map(({ id }) => [id, key] as const)))
  const ratings = new Map<string, NewRating[]>()
  const faults: SheetFault[] = []
  const seen = new Map<string, NewRating>()
  let unrated = 0
  for (const { line, cells } of rows) {
    const read = readRow(cells, items, options)
    if (read === 'unrated') {
      unrated++
      continue
    }
    if (typeof read === 'string') {
      faults.push({ line, detail: read })
      continue
    }
    const place = JSON.stringify([read.rating.rater, read.rating.id])
    const earlier = seen.get(place)
    seen.set(place, read.rating)
    if (!earlier) ratings.set(read.sample, [...(ratings.get(read.sample) ?? []), read.rating])
    else if (earlier.value !== read.rating.value)
      faults.push({ line, detail: `${read.rating.id} was rated otherwise further up` })
  }
  return { ratings, faults, unrated }
}

type ReadRow = { readonly sample: string; readonly rating: NewRating } | string

function readRow(
  cells: SheetRow['cells'],
  items: ReadonlyMap<string, RatingKey>,
  { rater: named, source }: ReadRatingsOptions,
): ReadRow {
  const id = (cells['id'] ?? '').trim()
  const key = items.get(id)
  if (!key) return id === '' ? 'there is no id' : `the id ${shown(id)} is of no sample here`
  const column = key.kind === 'pairs' ? 'more' : 'rating'
  if (cells[column] === undefined) return `the column "${column}" is missing`
  const text = cells[column].trim()
  if (text === '') return 'unrated'
  const value = key.kind === 'pairs' ? readPreference(text) : readNumber(text, key)
  if (value === undefined) {
    const { low, high } = key.scale
    const expected = key.kind === 'pairs' ? 'a, b or same' : `a number from ${low} to ${high}`
    return `expected ${expected}, got ${shown(text)}`
  }
  const rater = (cells['rater'] ?? '').trim() || named
  if (!rater) return 'it is not said who rated: give --rater, or a column "rater"'
  if (rater.length > longestName) return `the name of the rater has more than ${longestName} characters`
  const comment = (cells['comment'] ?? '').trim().slice(0, longestComment)
  return { sample: key.id, rating: { id, rater, value, source, ...(comment && { comment }) } }
}

function readPreference(text: string): NewRating['value'] | undefined {
  return preferences.find(preference => preference === text.toLowerCase())
}

/** A number on the scale; a comma before decimals is what half of the world writes. */
function readNumber(text: string, { scale: { low, high } }: RatingKey): number | undefined {
  if (!/^[-+]?\d+(?:[.,]\d+)?$/.test(text)) return undefined
  const value = Number(text.replace(',', '.'))
  return value >= low && value <= high ? value : undefined
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}
