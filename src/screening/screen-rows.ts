import type { ChatMessage } from '../chat/message.ts'
import { type DatasetRow, RowFault } from '../dataset/dataset-row.ts'
import { readRows } from '../dataset/read-dataset.ts'
import { plainText, type TrainingRow, trainingRow } from '../dataset/training-row.ts'
import type { Engine } from '../engine/contract/engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { countChosen, rowChooser } from './choose-rows.ts'
import { longestText } from './fit-row.ts'
import { countParts, keepPart, type PartRecord, readPart } from './part-file.ts'
import { isProjectedAtRandom } from './random-areas.ts'
import type { OwnAnswer, RowPlace, TextControls } from './row-scores.ts'
import { type PartResult, type ScoringTrait, scorePart } from './score-part.ts'
import { rowsPerPart, type ScreenedFile, type ScreeningPlan } from './screening-plan.ts'
import { watchFiles } from './watch-files.ts'

export interface ScreeningProgress {
  readonly doneRows: number
  readonly totalRows: number
  /** Of these, how many were there before this call. */
  readonly reusedRows: number
  /** Response tokens read in this call. */
  readonly tokens: number
  /** What is being done, where there is more than one thing to do; rows are counted for it alone. */
  readonly phase?: string
}

export interface ScreenRowsOptions {
  readonly engine: Engine
  readonly plan: ScreeningPlan
  /** The directions of the plan's traits, in their order. */
  readonly traits: readonly ScoringTrait[]
  /** The run's folder. */
  readonly folder: string
  /** What the text tells without the model; asked where labels are given. */
  readonly controlsOf: (responses: readonly string[]) => TextControls[]
  /** Of the chosen rows, by their number among these: which ones; absent: all. */
  readonly only?: { readonly has: (chosen: number) => boolean; readonly count: number }
  /** Also project the first so many tokens of each response, for each of these lengths. */
  readonly beginnings?: readonly number[]
  /** A row that cannot be read ends the run. */
  readonly strict?: boolean
  readonly onProgress?: (progress: ScreeningProgress) => void
  readonly signal?: AbortSignal
}

/** A row that was read, or why not. */
type TakenRow = RowPlace & ({ readonly training: TrainingRow; readonly columns: Columns } | Fault)
type Fault = { readonly fault: string; readonly text: string }
type Columns = { readonly id?: string; readonly group?: string; readonly label?: string }

/** A part that the engine has been given. */
interface PartAtWork {
  readonly taken: readonly TakenRow[]
  /** The prompts whose own answers were known before. */
  readonly asked: ReadonlySet<string>
  readonly results: Promise<readonly PartResult[]>
}

/**
 * Scores every chosen row that is not in the folder yet, part after part, in the memory of two parts. Stopping,
 * in whatever way, loses at most the parts at work; what the parts hold does not depend on where it was stopped.
 * @returns how many parts there are
 * @throws DATASET_ROW_INVALID where `strict`, DATASET_CHANGED_MEANWHILE, FILE_INVALID, DISK_FULL, what the engine throws
 */
export async function screenRows(options: ScreenRowsOptions): Promise<number> {
  const { engine, plan, traits, folder, only, beginnings, strict = false, onProgress = () => {}, signal } = options
  const total = plan.files.reduce((sum, { rows }) => sum + rows, 0)
  const totalRows = only?.count ?? countChosen(total, plan.settings)
  const known = await countParts(folder)
  const reusedRows = Math.min(totalRows, known * rowsPerPart)
  const ownAnswers = await knownAnswers(folder, known, plan)
  const assertUnchanged = await watchFiles(plan.files.map(({ path }) => path))
  let doneRows = reusedRows
  let tokens = 0
  const report = () => onProgress({ doneRows, totalRows, reusedRows, tokens })
  report()
  if (reusedRows === totalRows) return known

  // Own answers that one part asked for are not asked for again by the next.
  const partsAhead = plan.settings.ownAnswerTokens === undefined ? 1 : 0
  const working: PartAtWork[] = []
  let part = known
  let taken: TakenRow[] = []
  try {
    for await (const row of chosenRows(plan, only?.has, known * rowsPerPart, longestText(engine))) {
      taken.push(row)
      if (strict && 'fault' in row) refuse(row)
      if (taken.length < rowsPerPart) continue
      beginPart()
      if (working.length > partsAhead) await finishPart()
    }
    if (taken.length > 0) beginPart()
    while (working.length > 0) await finishPart()
  } finally {
    await Promise.allSettled(working.map(({ results }) => results))
  }
  return part

  /** The engine has the next part when it is done with one, so that no context of it waits. */
  function beginPart(): void {
    const readable = taken.filter(row => 'training' in row)
    const asked = new Set(ownAnswers.keys())
    const results = scorePart(
      engine,
      readable.map(({ training }) => training),
      {
        traits,
        maxTokens: plan.settings.maxTokens,
        ownAnswerTokens: plan.settings.ownAnswerTokens,
        ownAnswers,
        ...(beginnings && { beginnings }),
        signal,
        onResponse: count => {
          tokens += count
          report()
        },
      },
    )
    // Heard of when its turn comes.
    results.catch(() => {})
    working.push({ taken, asked, results })
    taken = []
  }

  async function finishPart(): Promise<void> {
    const { taken: rows, asked, results } = working[0]!
    const scored = await results
    working.shift()
    const own = [...ownAnswers].flatMap(([prompt, projections]): PartRecord[] =>
      asked.has(prompt) ? [] : [{ kind: 'own', prompt, projections } satisfies PartRecord & OwnAnswer],
    )
    const records = recordsOf(rows, scored, options)
    const unreadable = strict && records.find(record => record.kind === 'unreadable')
    if (unreadable) refuse(unreadable)
    await assertUnchanged()
    await keepPart(folder, part, [...own, ...records])
    part++
    doneRows += rows.length
    report()
  }

  function refuse({ file, line, fault }: RowPlace & Pick<Fault, 'fault'>): never {
    throw new PersonascopeError('DATASET_ROW_INVALID', { path: plan.files[file]!.path, line, fault })
  }
}

/** The rows to screen, from the so manieth chosen one on. Rows before it are passed over without being parsed. */
async function* chosenRows(
  { files, settings }: ScreeningPlan,
  isWanted: (chosen: number) => boolean = () => true,
  from: number,
  mostCharacters: number,
): AsyncGenerator<TakenRow> {
  const isChosen = rowChooser(
    files.reduce((sum, { rows }) => sum + rows, 0),
    settings,
  )
  let row = 0
  let chosen = 0
  let wanted = 0
  for (const [index, file] of files.entries()) {
    let fileRow = 0
    for await (const read of readRows(file)) {
      const place: RowPlace = { row, file: index, fileRow, line: read.line }
      row++
      fileRow++
      if (!isChosen() || !isWanted(chosen++) || wanted++ < from) continue
      yield { ...place, ...takeRow(read, file, settings, mostCharacters) }
    }
  }
}

function takeRow(row: DatasetRow, file: ScreenedFile, settings: ScreeningPlan['settings'], mostCharacters: number) {
  try {
    const columns = row.parse()
    const training = trainingRow(columns, file.shape, settings.idColumn)
    const cell = (name: string | undefined) => (name === undefined ? undefined : plainText(columns[name]))
    const { id } = training
    const [group, label] = [cell(settings.groupColumn), cell(settings.labelColumn)]
    return {
      training: shortened(training, mostCharacters),
      columns: {
        ...(id !== undefined && { id: id.slice(0, longestName) }),
        ...(group !== undefined && { group: group.slice(0, longestName) }),
        ...(label !== undefined && { label: label.slice(0, longestName) }),
      },
    }
  } catch (error) {
    if (!(error instanceof RowFault)) throw error
    return { fault: error.message, text: beginningOf(row) }
  }
}

const longestName = 200
const shownOfUnreadable = 2000

/**
 * A row without what no context can hold, so that long rows do not stay in memory. Its responses are still counted:
 * reading them will find that they do not fit.
 */
function shortened(row: TrainingRow, mostCharacters: number): TrainingRow {
  const messages: ChatMessage[] = []
  let left = mostCharacters + 1
  for (const { role, content } of row.messages) {
    if (left <= 0) break
    // Copied, so that the long text can be forgotten.
    messages.push({ role, content: content.length > left ? Buffer.from(content.slice(0, left)).toString() : content })
    left -= content.length
  }
  return { ...row, messages }
}

function beginningOf({ bytes }: DatasetRow): string {
  return bytes ? new TextDecoder().decode(bytes.subarray(0, shownOfUnreadable)) : ''
}

function recordsOf(
  taken: readonly TakenRow[],
  results: readonly PartResult[],
  { controlsOf, plan }: ScreenRowsOptions,
): PartRecord[] {
  const texts = taken.map(row => ('training' in row ? textOf(row.training) : ''))
  const controls = plan.settings.labelColumn === undefined ? undefined : controlsOf(texts)
  const rows = plan.files.reduce((sum, file) => sum + file.rows, 0)
  let next = 0
  return taken.map((row, index): PartRecord => {
    const { row: number, file, fileRow, line } = row
    const place = { row: number, file, fileRow, line }
    if ('fault' in row) return { kind: 'unreadable', ...place, fault: row.fault, text: row.text }
    const result = results[next++]!
    const text = texts[index]!
    if (result.kind === 'fault')
      return { kind: 'unreadable', ...place, fault: result.fault, text: text.slice(0, shownOfUnreadable) }
    const { tokens, cut, scores, beginnings } = result
    return {
      kind: 'scored',
      ...place,
      ...row.columns,
      tokens,
      cut,
      controlCharacters: hasControlCharacters(row.training),
      scores: isProjectedAtRandom(number, rows) ? scores : scores.map(({ random: _, ...rest }) => rest),
      ...(controls && { controls: controls[index]! }),
      ...(beginnings && { beginnings }),
    }
  })
}

/** All that is trained on of a row. */
export function textOf({ messages, responses }: TrainingRow): string {
  return responses.map(response => messages[response]?.content ?? '').join('\n')
}

/** Those that steer terminals or the direction of text; ends of lines and tabs are no matter. */
function hasControlCharacters({ messages }: TrainingRow): boolean {
  return messages.some(({ content }) => /(?![\t\n\r])\p{Cc}|\p{Bidi_Control}/u.test(content))
}

/** The own answers that finished parts hold, so that no prompt is asked twice. */
async function knownAnswers(folder: string, parts: number, { settings }: ScreeningPlan) {
  const answers = new Map<string, readonly number[] | null>()
  if (settings.ownAnswerTokens === undefined) return answers
  for (let part = 0; part < parts; part++) {
    for await (const record of readPart(folder, part)) {
      if (record.kind !== 'own') break
      answers.set(record.prompt, record.projections)
    }
  }
  return answers
}
