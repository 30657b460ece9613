/** The scores of a finished screening as Parquet: one line a row, in the order of the dataset. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { openDuckDb, sqlName, sqlText } from '../dataset/parquet.ts'
import { replaceWhole } from '../store/write-file-whole.ts'
import type { ScreeningPlan } from './screening-plan.ts'

/** What a row is scored by, for each trait. */
export const measures = ['projection', 'max', 'cosine', 'z', 'difference'] as const
export type Measure = (typeof measures)[number]

/** The column of a trait's measure. */
export function scoreColumn(trait: string, measure: Measure): string {
  return `${trait}_${measure}`
}

/** Where a run's scores lie. */
export function scoresPath(folder: string): string {
  return join(folder, 'scores.parquet')
}

/** What a trait's projections are standardised by; undefined: z is empty. */
export type StandardOf = (trait: string) => { readonly mean: number; readonly sd: number } | undefined

const recordColumns = `{
  kind: 'VARCHAR', row: 'BIGINT', file: 'INTEGER', fileRow: 'BIGINT', line: 'BIGINT', id: 'VARCHAR', "group": 'VARCHAR',
  label: 'VARCHAR', tokens: 'INTEGER', cut: 'BOOLEAN', controlCharacters: 'BOOLEAN', fault: 'VARCHAR',
  scores: 'STRUCT(projection DOUBLE, max DOUBLE, cosine DOUBLE, difference DOUBLE, turns DOUBLE[],
    random FLOAT[])[]',
  controls: 'STRUCT(sentiment DOUBLE, ngrams DOUBLE[], judge DOUBLE[])'
}`

/** Gathers the parts of a run into one file. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function writeScores(folder: string, plan: ScreeningPlan, standardOf: StandardOf): Promise<string> {
  const files = plan.files.map(({ path }) => sqlText(path)).join(', ')
  const traits = plan.traits.flatMap(({ name }, index) => {
    const at = `scores[${index + 1}]`
    const of = (measure: Measure) =>
      measure === 'z' ? standardised(`${at}.projection`, standardOf(name)) : `${at}.${measure}`
    return [
      ...measures.map(measure => `${of(measure)} AS ${sqlName(scoreColumn(name, measure))}`),
      `${at}.turns AS ${sqlName(`${name}_turns`)}`,
      `controls.ngrams[${index + 1}] AS ${sqlName(`${name}_ngrams`)}`,
      `controls.judge[${index + 1}] AS ${sqlName(`${name}_judge`)}`,
      `${at}.random AS ${sqlName(`${name}_random`)}`,
    ]
  })
  const query = `SELECT row, [${files}][file + 1] AS file, fileRow AS file_row, line, id, "group", label, tokens,
    len(scores[1].turns)::INTEGER AS responses, cut, controlCharacters AS control_characters,
    CASE kind WHEN 'scored' THEN 'full' WHEN 'estimated' THEN 'first' END AS pass, fault,
    controls.sentiment AS sentiment, ${traits.join(', ')}
    FROM read_json(${sqlText(join(globText(folder), 'parts', '*', '*.jsonl'))}, format = 'newline_delimited', columns = ${recordColumns})
    WHERE kind <> 'own'`
  return await writeQuery(folder, query)
}

/** Gives the scores of a finished run the z of another baseline. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function standardiseScores(folder: string, plan: ScreeningPlan, standardOf: StandardOf): Promise<string> {
  const columns = plan.traits.map(({ name }) => {
    const z = standardised(sqlName(scoreColumn(name, 'projection')), standardOf(name))
    return `${z} AS ${sqlName(scoreColumn(name, 'z'))}`
  })
  const scores = `read_parquet(${sqlText(scoresPath(folder))})`
  return await writeQuery(folder, `SELECT * REPLACE (${columns.join(', ')}) FROM ${scores}`)
}

async function writeQuery(folder: string, query: string): Promise<string> {
  const path = scoresPath(folder)
  await using database = await openDuckDb()
  await replaceWhole(path, async temporaryPath => {
    await database.run(`COPY (${query}) TO ${sqlText(temporaryPath)} (FORMAT parquet, COMPRESSION zstd)`)
    // On the disk before the parts that it was made from are removed.
    await using file = await open(temporaryPath, 'r+')
    await file.sync()
  })
  return path
}

function standardised(projection: string, standard: ReturnType<StandardOf>): string {
  return standard ? `(${projection} - ${number(standard.mean)}) / ${number(standard.sd)}` : 'NULL::DOUBLE'
}

/** A number as SQL reads it back to the same bits. */
function number(value: number): string {
  return `(${value})::DOUBLE`
}

/** A path whose special characters stand for themselves in a glob. */
function globText(path: string): string {
  return path.replace(/[*?[]/g, '[$&]')
}

/** One value of a query: a number, a text, or nothing. */
export type Cell = number | string | boolean | null

/** Asks the scores of a run in SQL; the table is called `scores`. */
export interface ScoresReader extends AsyncDisposable {
  query(sql: string): Promise<Cell[][]>
}

export async function openScores(folder: string): Promise<ScoresReader> {
  const database = await openDuckDb()
  await database.run(`CREATE VIEW scores AS SELECT * FROM read_parquet(${sqlText(scoresPath(folder))})`)
  return {
    async query(sql) {
      const result = await database.runAndReadAll(sql)
      const rows = result.getRows() as unknown[][]
      return rows.map(row => row.map(cell => (typeof cell === 'bigint' ? Number(cell) : (cell as Cell))))
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}
