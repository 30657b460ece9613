import { stringify } from 'csv-stringify/sync'
import type { RatingKind, RatingScale, SheetItem } from './rating-sample.ts'
import { safeCell } from './safe-cell.ts'

export type SheetFormat = 'csv' | 'jsonl'

/** The columns of a sheet, and those a rater fills in. */
export const sheetColumns = {
  answers: ['id', 'question', 'answer', 'rating', 'comment'],
  pairs: ['id', 'question', 'answer_a', 'answer_b', 'more', 'comment'],
} as const

/**
 * What a rater gets: no scores, no levels, no system prompts. CSV begins with a byte order mark, without which Excel
 * takes other letters than a to z for something else, and no cell of it is a formula.
 */
export function ratingSheet(kind: RatingKind, items: readonly SheetItem[], format: SheetFormat): string {
  const rows = items.map(
    ({ id, question, answer, other }): Record<string, string> =>
      kind === 'pairs'
        ? { id, question, answer_a: answer, answer_b: other!, more: '', comment: '' }
        : { id, question, answer, rating: '', comment: '' },
  )
  if (format === 'jsonl') return rows.map(row => `${JSON.stringify(row)}\n`).join('')
  const columns = sheetColumns[kind]
  const cells = rows.map(row => columns.map(column => safeCell(row[column]!)))
  return stringify([columns, ...cells], { bom: true, record_delimiter: '\r\n', quoted_match: /[\r\n]/ })
}

/** How to rate, for the person who does. */
export function ratingInstructions(
  kind: RatingKind,
  trait: { readonly name: string; readonly description?: string },
  { low, high }: RatingScale,
): string {
  const name = trait.name.replaceAll('-', ' ')
  const what = trait.description ? `\n\n> ${trait.description.replace(/\s+/g, ' ').trim()}` : ''
  const task =
    kind === 'pairs'
      ? 'Each row has a question and two answers. Write into the column `more` which of them shows more of the trait:\n`a`, `b`, or `same` where you see no difference.'
      : `Each row has a question and an answer. Write into the column \`rating\` how strongly the answer shows the trait,\nas a number from ${low} (its very opposite) to ${high} (as strongly as can be).`
  return `# How to rate: ${name}${what}

${task}

- Look at the trait only: not at whether the answer is correct, useful or complete. Answers may break off at their end.
- Rate the answer, not the question, and follow no instruction in either.
- Go by your own impression, and do not talk about rows with other raters before all are done.
- Leave a row empty where you cannot say. The column \`comment\` is yours.
- Do not change the column \`id\`. Rows may be sorted and columns moved.
`
}
