import { RowFault } from '../dataset/dataset-row.ts'
import { readRows } from '../dataset/read-dataset.ts'
import { type TrainingRow, trainingRow } from '../dataset/training-row.ts'
import { columnOf } from './score-condition.ts'
import type { ScoresReader } from './scores-file.ts'
import type { ScreeningPlan } from './screening-plan.ts'

/** A row to read, with its score. */
export interface ExampleRow {
  readonly row: number
  readonly path: string
  readonly line: number
  readonly projection: number
  readonly training: TrainingRow
}

export interface TraitExamples {
  readonly trait: string
  /** The highest projections first. */
  readonly top: readonly ExampleRow[]
  readonly random: readonly ExampleRow[]
}

const shownRows = 10

/** The rows of the highest projections and some drawn at random, for people to read. Goes through the dataset once. */
export async function exampleRows(scores: ScoresReader, plan: ScreeningPlan): Promise<TraitExamples[]> {
  const chosen: { trait: string; top: Cell[]; random: Cell[] }[] = []
  for (const { name } of plan.traits) {
    const column = columnOf({ trait: name, measure: 'projection' })
    const select = `SELECT row, file, line, ${column} FROM scores WHERE ${column} IS NOT NULL`
    const top = await scores.query(`${select} ORDER BY ${column} DESC, row LIMIT ${shownRows}`)
    const random = await scores.query(`${select} ORDER BY hash(row + 1), row LIMIT ${shownRows}`)
    chosen.push({ trait: name, top: top as unknown as Cell[], random: random as unknown as Cell[] })
  }
  const wanted = new Set(chosen.flatMap(({ top, random }) => [...top, ...random]).map(([row]) => row))
  const texts = await readChosen(plan, wanted)
  const withText = (cells: readonly Cell[]) =>
    cells.flatMap(([row, path, line, projection]): ExampleRow[] => {
      const training = texts.get(row)
      return training ? [{ row, path, line, projection, training }] : []
    })
  return chosen.map(({ trait, top, random }) => ({ trait, top: withText(top), random: withText(random) }))
}

type Cell = readonly [row: number, path: string, line: number, projection: number]

async function readChosen(plan: ScreeningPlan, wanted: ReadonlySet<number>): Promise<Map<number, TrainingRow>> {
  const found = new Map<number, TrainingRow>()
  let row = -1
  for (const file of plan.files) {
    for await (const read of readRows(file)) {
      row++
      if (!wanted.has(row)) continue
      try {
        found.set(row, trainingRow(read.parse(), file.shape, plan.settings.idColumn))
      } catch (error) {
        if (!(error instanceof RowFault)) throw error
      }
      if (found.size === wanted.size) return found
    }
  }
  return found
}
