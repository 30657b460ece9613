import { basename, join } from 'node:path'
import { splitDataset } from '../dataset/split-dataset.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type FilterRule, flaggedRows, writeRule } from '../screening/score-condition.ts'
import { openScores } from '../screening/scores-file.ts'
import type { ScreeningPlan } from '../screening/screening-plan.ts'
import { readScreening, type StoredScreening } from '../screening/screening-result.ts'
import { sha256OfFile } from '../store/hash.ts'
import { writeJsonFile } from '../store/json-file.ts'
import type { Workspace } from '../store/workspace.ts'

export interface FilterOptions {
  readonly workspace: Workspace
  /** The run's folder, or its name in the workspace. */
  readonly run: string
  /** Given the run's plan, the rules: a row that any of them names is taken out. None: those a fast run was made for. */
  readonly rulesOf: (plan: ScreeningPlan) => readonly FilterRule[]
  /** Where the files go; the run's folder `filtered` if not told. */
  readonly out?: string
  /** Leave rows that could not be read where they are, instead of taking them out. */
  readonly keepUnreadable?: boolean
}

export interface FilteredDataset {
  readonly files: readonly FilteredFile[]
  readonly kept: number
  readonly flagged: number
  /** Of the flagged, how many because they could not be read. */
  readonly unreadable: number
}

export interface FilteredFile {
  readonly source: string
  readonly kept: { readonly path: string; readonly rows: number }
  readonly flagged: { readonly path: string; readonly rows: number }
}

/**
 * Writes the datasets of a screening without the flagged rows, each in its own format, and the flagged rows beside it.
 * @throws SCREENING_UNKNOWN, SCREENING_PARTIAL, SCREENING_DECIDED, DATASET_CHANGED, OPTION_INVALID, DISK_FULL, FILE_UNWRITABLE
 */
export async function filterDataset(options: FilterOptions): Promise<FilteredDataset> {
  const { workspace, run, rulesOf, keepUnreadable = false } = options
  const screening = await readScreening(workspace.runs, run)
  const { folder, plan, summary } = screening
  const total = plan.files.reduce((sum, { rows }) => sum + rows, 0)
  const { screened } = summary.rows
  if (screened < total) throw new PersonascopeError('SCREENING_PARTIAL', { run, screened, rows: total })
  for (const { path, sha256: expected } of plan.files) {
    const got = await sha256OfFile(path).catch(() => {
      throw new PersonascopeError('FILE_NOT_FOUND', { path, kind: 'dataset' })
    })
    if (got !== expected) throw new PersonascopeError('DATASET_CHANGED', { path, expected, got })
  }
  const rules = allowedRules(run, screening, rulesOf(plan))
  await using scores = await openScores(folder)
  const flagged = new Set(await flaggedRows(scores, rules))
  const unreadable = keepUnreadable ? [] : await scores.query('SELECT row FROM scores WHERE fault IS NOT NULL')
  for (const [row] of unreadable) flagged.add(row as number)
  const out = options.out ?? join(folder, 'filtered')
  const files: FilteredFile[] = []
  let before = 0
  for (const file of plan.files) {
    const start = before
    const targets = targetsOf(out, file.path, plan)
    const counts = await splitDataset(file, row => flagged.has(start + row), targets)
    files.push({
      source: file.path,
      kept: { path: targets.kept, rows: counts.kept },
      flagged: { path: targets.flagged, rows: counts.flagged },
    })
    before += file.rows
  }
  const sum = (side: 'kept' | 'flagged') => files.reduce((rows, file) => rows + file[side].rows, 0)
  const filtered = { files, kept: sum('kept'), flagged: sum('flagged'), unreadable: unreadable.length }
  await writeJsonFile(join(out, 'filter.json'), { run: basename(folder), rules, keepUnreadable, ...filtered })
  return filtered
}

/** The rules of a run that has estimated rows are those it was made for: about others it decides nothing. */
function allowedRules(
  run: string,
  { plan, summary }: StoredScreening,
  rules: readonly FilterRule[],
): readonly FilterRule[] {
  const own = plan.fast?.rules ?? []
  const wanted = rules.length > 0 ? rules : own
  if (wanted.length === 0) {
    const expected = '--drop-above, --drop-top or --keep'
    throw new PersonascopeError('OPTION_INVALID', { option: 'a rule', expected, got: 'none' })
  }
  if (summary.fast?.kind !== 'cascade') return wanted
  const written = (of: readonly FilterRule[]) => [...new Set(of.map(writeRule))].sort().join(' ')
  if (written(wanted) === written(own)) return wanted
  throw new PersonascopeError('SCREENING_DECIDED', { run, decision: written(own), got: written(wanted) })
}

/** Files of the same name get a number before it. */
function targetsOf(out: string, path: string, { files }: ScreeningPlan) {
  const name = basename(path)
  const namesakes = files.filter(file => basename(file.path) === name)
  const place = namesakes.findIndex(file => file.path === path)
  const own = namesakes.length > 1 ? `${place + 1}-${name}` : name
  const [stem, endings] = [own.replace(/\..*$/s, ''), own.replace(/^[^.]*/, '')]
  return { kept: join(out, own), flagged: join(out, `${stem}.flagged${endings}`) }
}
