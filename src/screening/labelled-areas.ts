/** How well rows that carry labels are told apart: by the vector, and by what should not be able to, as controls. */
import { sqlName } from '../dataset/parquet.ts'
import { type AreaEstimate, areaEstimate } from './delong-interval.ts'
import { randomArea } from './random-areas.ts'
import { type Cell, type Measure, type ScoresReader, scoreColumn } from './scores-file.ts'
import type { ScreeningPlan } from './screening-plan.ts'
import { shuffledArea } from './shuffled-labels.ts'

/** What tells labelled rows apart, and how well. */
export interface ControlArea extends AreaEstimate {
  readonly name: string
}

/** Rows that show the trait against those of one group that do not. */
export interface GroupAreas {
  readonly group: string
  readonly areas: readonly ControlArea[]
}

/** The label of every row, in order; undefined where it has none, or one that says neither. */
export type Labels = readonly (boolean | undefined)[]

/** Names of what labelled rows are told apart by, as the report refers to them. */
export const vectorName = 'projection'
export const ngramsName = 'n-grams of the answers it was made from'
export const judgeName = 'the trait’s judge, on the words alone'
export const randomName = 'random directions'
const shuffledName = 'projection, labels shuffled'

/** The labels that say a row shows the trait, and those that say it does not. */
const yes = new Set(['1', '1.0', 'true', 'yes', 'positive', 'trait'])
const no = new Set(['0', '0.0', 'false', 'no', 'negative', 'none', '-1'])

export async function readLabels(scores: ScoresReader, { settings }: ScreeningPlan): Promise<Labels | undefined> {
  if (settings.labelColumn === undefined) return undefined
  const rows = await scores.query('SELECT label FROM scores')
  return rows.map(([label]) => {
    const text = String(label).toLowerCase()
    return yes.has(text) ? true : no.has(text) ? false : undefined
  })
}

/** All rows labelled as showing the trait against all others with a label. The vector comes first. */
export async function areasOf(scores: ScoresReader, trait: string, labels: Labels): Promise<ControlArea[]> {
  return areasOfRows(await controlRows(scores, trait), labels)
}

/** Groups beyond these are left out. */
const mostGroups = 12

/**
 * All rows labelled as showing the trait against the others of one group, group by group, the largest first.
 * @param groupBy an expression of SQL
 */
export async function areasByGroup(
  scores: ScoresReader,
  trait: string,
  labels: Labels,
  groupBy: string,
): Promise<GroupAreas[]> {
  const rows = await controlRows(scores, trait)
  const groups = (await scores.query(`SELECT ${groupBy} FROM scores`)).map(([group]) => String(group))
  const counts = Map.groupBy(
    groups.filter((_, at) => labels[at] === false),
    group => group,
  )
  const largest = [...counts].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1)).slice(0, mostGroups)
  return largest.flatMap(([group]) => {
    const areas = areasOfRows(
      rows,
      labels.map((label, at) => (label === false && groups[at] !== group ? undefined : label)),
    )
    return areas.length > 0 ? [{ group, areas }] : []
  })
}

async function controlRows(scores: ScoresReader, trait: string): Promise<Cell[][]> {
  const column = (measure: Measure) => sqlName(scoreColumn(trait, measure))
  return await scores.query(`SELECT ${column('projection')}, ${column('difference')},
    ${sqlName(`${trait}_ngrams`)}, sentiment, -sentiment, tokens, -tokens, ${sqlName(`${trait}_judge`)},
    to_json(${sqlName(`${trait}_random`)})::VARCHAR FROM scores`)
}

function areasOfRows(rows: readonly Cell[][], labels: Labels): ControlArea[] {
  const cells = (index: number, side: boolean) =>
    rows.flatMap((row, at) => (labels[at] === side && row[index] !== null ? [row[index]!] : []))
  const areaOf = (name: string, index: number, estimate = areaEstimate): ControlArea[] => {
    const area = estimate(cells(index, true) as number[], cells(index, false) as number[])
    return area ? [{ name, ...area }] : []
  }
  const lists = (side: boolean) => cells(8, side).map(list => JSON.parse(list as string) as number[])
  const random = randomArea(lists(true), lists(false))
  // Which way these point is not known beforehand: they get the better one, the vector does not.
  const better = (...areas: ControlArea[]) => areas.sort((a, b) => b.area - a.area).slice(0, 1)
  return [
    ...areaOf(vectorName, 0),
    ...areaOf('projection, minus the own answer', 1),
    ...areaOf(ngramsName, 2),
    ...areaOf(judgeName, 7),
    ...better(...areaOf('sentiment, brighter', 3), ...areaOf('sentiment, darker', 4)),
    ...better(...areaOf('length, longer', 5), ...areaOf('length, shorter', 6)),
    ...(random ? [{ name: randomName, ...random }] : []),
    ...areaOf(shuffledName, 0, shuffledArea),
  ]
}
