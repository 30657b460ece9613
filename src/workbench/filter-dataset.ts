import { realpath } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
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
  const targetsOfFiles = chooseTargets(out, plan)
  await refuseToReplaceSources(out, targetsOfFiles, plan)
  const files: FilteredFile[] = []
  let before = 0
  for (const [index, file] of plan.files.entries()) {
    const start = before
    const targets = targetsOfFiles[index]!
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

interface Targets {
  readonly kept: string
  readonly flagged: string
}

/**
 * Files of the same name get a number before it; where two files would still be one, as `a.jsonl` and an earlier
 * `a.flagged.jsonl`, all do.
 */
function chooseTargets(out: string, { files }: ScreeningPlan): Targets[] {
  const names = files.map(({ path }) => basename(path))
  const placeOf = (index: number) => names.slice(0, index + 1).filter(name => name === names[index]).length
  const isAlone = (name: string) => names.filter(other => other === name).length === 1
  const targets = names.map((name, index) => targetsOf(out, isAlone(name) ? name : `${placeOf(index)}-${name}`))
  const paths = targets.flatMap(({ kept, flagged }) => [kept, flagged])
  if (new Set(paths).size === paths.length) return targets
  return names.map((name, index) => targetsOf(out, `${index + 1}-${name}`))
}

function targetsOf(out: string, name: string): Targets {
  const [stem, endings] = [name.replace(/\..*$/s, ''), name.replace(/^[^.]*/, '')]
  return { kept: join(out, name), flagged: join(out, `${stem}.flagged${endings}`) }
}

/** A dataset is never written over: its flagged rows would be nowhere. */
async function refuseToReplaceSources(out: string, targets: readonly Targets[], { files }: ScreeningPlan) {
  const folder = await realpath(out).catch(() => resolve(out))
  const written = new Set(
    targets.flatMap(({ kept, flagged }) => [kept, flagged]).map(path => join(folder, basename(path))),
  )
  for (const { path } of files)
    if (written.has(await realpath(path)) || written.has(resolve(path))) {
      const expected = 'a folder in which no screened file would be written over'
      throw new PersonascopeError('OPTION_INVALID', { option: '--out', expected, got: `${out}, where ${path} is` })
    }
}
