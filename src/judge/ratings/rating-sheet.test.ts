import { describe, expect, test } from 'vitest'
import { readRatings } from './import-ratings.ts'
import type { RatingKey, SheetItem } from './rating-sample.ts'
import { ratingInstructions, ratingSheet } from './rating-sheet.ts'
import { readSheet } from './read-sheet.ts'
import { safeCell, unsafeCell } from './safe-cell.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const hostile = [
  '=cmd|"/c calc"!A1',
  '+1+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  "'=1",
  "''=1",
  "'tis so",
  '＝1',
  'plain',
  '',
  'two\nlines, and "quotes"; \r\n and more',
  'ünï 中文 😀',
]
const items: SheetItem[] = hostile.map((text, nth) => ({ id: `s00000000-0000000${nth}`, question: text, answer: text }))
const answer = { index: 0, hash: '', question: '', level: '', scores: {} }
const keyOf = (kind: RatingKey['kind'], ids: readonly string[], low = 0, high = 100): RatingKey => ({
  format: 'personascope-rating-key',
  formatVersion: 1,
  id: 'sample',
  kind,
  trait: 'calm',
  run: 'run',
  runPath: '',
  judge: 'judge',
  scale: { low, high },
  seed: 0,
  strata: 'score',
  createdAt: '',
  items: ids.map(id => ({ id, a: answer })),
})

describe('a sheet for raters', () => {
  test.each(['csv', 'jsonl'] as const)('as %s brings every text back as it was', format => {
    const sheet = ratingSheet('answers', items, format)
    const rows = readSheet(bytes(sheet), `sheet.${format}`)
    expect(rows.map(({ cells }) => cells)).toEqual(
      items.map(({ id, question }) => ({ id, question, answer: question, rating: '', comment: '' })),
    )
  })

  test('as CSV has no cell that a spreadsheet takes for a formula', () => {
    for (const text of hostile) {
      expect(safeCell(text)).not.toMatch(/^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/)
      expect(unsafeCell(safeCell(text))).toBe(text)
    }
    const sheet = ratingSheet('answers', items, 'csv')
    expect(sheet.charCodeAt(0)).toBe(0xfeff)
    expect(sheet.split('\r\n')[1]).toBe(`s00000000-00000000,"'=cmd|""/c calc""!A1","'=cmd|""/c calc""!A1",,`)
  })

  test('of pairs has both answers and asks which shows more', () => {
    const sheet = ratingSheet('pairs', [{ id: 'x', question: 'q', answer: 'first', other: 'second' }], 'csv')
    expect(sheet).toBe('\ufeffid,question,answer_a,answer_b,more,comment\r\nx,q,first,second,,\r\n')
  })

  test('comes with how to rate', () => {
    const trait = { name: 'very-calm', description: 'The answer\nis calm.' }
    const text = ratingInstructions('answers', trait, { low: 1, high: 7 })
    expect(text).toContain('# How to rate: very calm\n\n> The answer is calm.')
    expect(text).toContain('from 1 (its very opposite) to 7')
    expect(ratingInstructions('pairs', { name: 'calm' }, { low: 0, high: 100 })).toContain('`a`, `b`, or `same`')
  })
})

describe('a filled sheet', () => {
  const rate = (text: string | Uint8Array, keys: RatingKey[] = [keyOf('answers', ['x', 'y', 'z'])], rater?: string) =>
    readRatings(readSheet(typeof text === 'string' ? bytes(text) : text, 'sheet.csv'), {
      keys,
      source: 'sheet.csv',
      ...(rater !== undefined && { rater }),
    })
  const valuesOf = ({ ratings }: ReturnType<typeof rate>) =>
    [...ratings.values()].flat().map(({ id, rater, value }) => [id, rater, value])

  test.each([
    ['commas', 'id,rating\nx,5\ny,"7,5"\n'],
    ['semicolons, as in half of the world', '\ufeffID;Rating;comment\r\nx;5;"a, b"\r\ny;7,5;\r\n'],
    ['tabs', 'id\trating\nx\t5\ny\t7.5'],
    ['other columns in another order', 'rating,notes,id\n5,,x\n7.5,,y\n'],
    ['empty rows, and rows that are cut short', 'id,rating,comment\n\nx,5\n,,\ny,7.5,\n'],
    ['line ends of several kinds', 'id,rating\r\nx,5\ny,7.5\r'],
  ])('may have %s', (_, text) => {
    const read = rate(text, undefined, 'ada')
    expect(read.faults).toEqual([])
    expect(valuesOf(read)).toEqual([
      ['x', 'ada', 5],
      ['y', 'ada', 7.5],
    ])
  })

  test('may be in UTF-16, as some spreadsheets save it', () => {
    const text = '\ufeffid\trating\tcomment\r\nx\t5\tgrün\r\n'
    const utf16 = new Uint8Array(Uint16Array.from(text, character => character.charCodeAt(0)).buffer)
    expect([...rate(utf16, undefined, 'ada').ratings.values()]).toEqual([
      [{ id: 'x', rater: 'ada', value: 5, comment: 'grün', source: 'sheet.csv' }],
    ])
  })

  test('may say who rated, row by row; a name on the command line is for the others', () => {
    expect(valuesOf(rate('id,rater,rating\nx,ben,1\ny,,2\n', undefined, 'ada'))).toEqual([
      ['x', 'ben', 1],
      ['y', 'ada', 2],
    ])
  })

  test('may hold several samples', () => {
    const keys = [keyOf('answers', ['x']), { ...keyOf('pairs', ['p']), id: 'other' }]
    const read = rate('id,rating,more\nx,5,\np,,B\n', keys, 'ada')
    expect([...read.ratings.entries()].map(([sample, own]) => [sample, own[0]!.value])).toEqual([
      ['sample', 5],
      ['other', 'b'],
    ])
  })

  test.each([
    ['101', 'expected a number from 0 to 100, got "101"'],
    ['-1', 'expected a number from 0 to 100, got "-1"'],
    ['five', 'expected a number from 0 to 100, got "five"'],
    ['1e1', 'expected a number from 0 to 100, got "1e1"'],
    ['50%', 'expected a number from 0 to 100, got "50%"'],
    ['NaN', 'expected a number from 0 to 100, got "NaN"'],
  ])('with the rating %j says so, and loses no other', (rating, detail) => {
    const read = rate(`id,rating\nx,5\ny,${rating}\nz,7\n`, undefined, 'ada')
    expect(read.faults).toEqual([{ line: 3, detail }])
    expect(valuesOf(read)).toEqual([
      ['x', 'ada', 5],
      ['z', 'ada', 7],
    ])
  })

  test('names the line on which a bad row begins, also after cells with several lines', () => {
    const read = rate('id,rating,comment\nx,5,"one\ntwo\nthree"\n\nnobody,5,\ny,500,"a\nb"\nz,,\n', undefined, 'ada')
    expect(read.faults).toEqual([
      { line: 6, detail: 'the id "nobody" is of no sample here' },
      { line: 7, detail: 'expected a number from 0 to 100, got "500"' },
    ])
    expect(read.unrated).toBe(1)
  })

  test('says what else is wrong with a row', () => {
    expect(rate('id,rating\nx,5\n').faults[0]!.detail).toContain('it is not said who rated')
    expect(rate('id,score\nx,5\n', undefined, 'ada').faults[0]!.detail).toBe('the column "rating" is missing')
    expect(rate('id,rating\n,5\n', undefined, 'ada').faults[0]!.detail).toBe('there is no id')
    expect(rate('id,more\nx,both\n', [keyOf('pairs', ['x'])], 'ada').faults[0]!.detail).toBe(
      'expected a, b or same, got "both"',
    )
    expect(rate('id,rating\nx,5\nx,5\nx,6\n', undefined, 'ada').faults).toEqual([
      { line: 4, detail: 'x was rated otherwise further up' },
    ])
  })

  test('may have a scale below 0', () => {
    const keys = [keyOf('answers', ['x', 'y'], -3, 3)]
    expect(valuesOf(rate("id,rating\nx,-3\ny,'+2\n", keys, 'ada'))).toEqual([
      ['x', 'ada', -3],
      ['y', 'ada', 2],
    ])
  })

  test.each([
    ['no column id', 'sheet.csv', 'name,rating\nx,5\n', /has no column "id"/],
    ['nothing in it', 'sheet.csv', '', /has no column "id"/],
    ['a quote that never ends', 'sheet.csv', 'id,rating\nx,"5\ny,6\n', /Quote Not Closed/],
    ['a line that is no JSON', 'sheet.jsonl', '{"id": "x", "rating": 5}\n{"id"\n', /line 2/],
    ['a line that is no object', 'sheet.jsonl', '[1]\n', /line 1 is no object/],
  ])('is none with %s', (_, path, text, said) => {
    expect(() => readSheet(bytes(text), path)).toThrow(expect.objectContaining({ code: 'FILE_INVALID' }))
    expect(() => readSheet(bytes(text), path)).toThrow(said)
  })

  test('may be JSON lines, with numbers as numbers', () => {
    const text = '{"id": "x", "rating": 5, "comment": null}\n\n{"id": "y", "rating": "7.5"}\n'
    const rows = readSheet(bytes(text), 'sheet.jsonl')
    const read = readRatings(rows, { keys: [keyOf('answers', ['x', 'y'])], rater: 'ada', source: 's' })
    expect(valuesOf(read)).toEqual([
      ['x', 'ada', 5],
      ['y', 'ada', 7.5],
    ])
  })
})
