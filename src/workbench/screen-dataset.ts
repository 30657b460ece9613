import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { RowFault } from '../dataset/dataset-row.ts'
import { findDatasets } from '../dataset/find-datasets.ts'
import { readRows } from '../dataset/read-dataset.ts'
import { type NamedColumns, type TrainingRow, trainingRow } from '../dataset/training-row.ts'
import type { Engine } from '../engine/contract/engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Lexicon } from '../judge/lexicon-judge.ts'
import type { ContrastiveRollout } from '../rollout/plan-rollouts.ts'
import { finishedParts, readWords } from '../rollout/rollout-store.ts'
import { type Baseline, baselinePath, readBaseline, sampledValues } from '../screening/baseline.ts'
import { readOutcome } from '../screening/cascade/cascade-outcome.ts'
import { removeCascade, screenInCascade } from '../screening/cascade/screen-in-cascade.ts'
import { countChosen } from '../screening/choose-rows.ts'
import { type ExaminedFile, examineDataset } from '../screening/examine-dataset.ts'
import { exampleRows, type TraitExamples } from '../screening/example-rows.ts'
import { removeParts } from '../screening/part-file.ts'
import { randomDirectionCount, randomDirections } from '../screening/random-areas.ts'
import { type RowTokens, readRowTokens } from '../screening/row-tokens.ts'
import { columnOf } from '../screening/score-condition.ts'
import { type ScoringTrait, scorePart } from '../screening/score-part.ts'
import { type ScreeningSummary, summariseScores } from '../screening/score-statistics.ts'
import { openScores, type ScoresReader, scoresPath, standardiseScores, writeScores } from '../screening/scores-file.ts'
import { type ScreeningProgress, screenRows } from '../screening/screen-rows.ts'
import type { FastRule, ScreeningPlan, ScreeningSettings } from '../screening/screening-plan.ts'
import { screeningReport, type ThresholdCount } from '../screening/screening-report.ts'
import {
  isFinished,
  refuseUnreadable,
  screeningKind,
  summaryPath,
  unreadablePath,
  writeUnreadable,
} from '../screening/screening-result.ts'
import {
  type ExtractionAnswer,
  type NgramClassifier,
  textControls,
  trainClassifier,
} from '../screening/text-controls.ts'
import { type ThresholdStops, thresholdStops } from '../screening/threshold-stops.ts'
import { sha256, stableStringify } from '../store/hash.ts'
import { readJsonFile, writeJsonFile } from '../store/json-file.ts'
import { openRun, type RunManifest } from '../store/run-folder.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import { loadTrait } from '../trait/load-trait.ts'
import { hashOfDirection } from '../vector/direction-hash.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { assertSameShape, type RowDirection, usableRowDirection } from '../vector/usable-direction.ts'
import { fileName } from '../vector/vector-file.ts'

export interface ScreenOptions extends NamedColumns {
  readonly engine: Engine
  readonly workspace: Workspace
  /** Paths and globs. */
  readonly datasets: readonly string[]
  readonly vectors: readonly PersonaVector[]
  /** Where to project; the layer chosen for it if not told. */
  readonly layer?: number
  /** What to project on; each vector's direction for screening if it has one and nothing is told. */
  readonly direction?: RowDirection
  readonly settings?: Partial<ScreeningSettings>
  /** The name of a baseline in the workspace. */
  readonly baseline?: string
  /** Read in full only the rows that matter for this decision, where that can be shown to decide the same. */
  readonly fast?: { readonly rules: readonly FastRule[] }
  /** A row that cannot be read ends the run. */
  readonly strict?: boolean
  /** Hears what was found in the datasets before any row is scored. */
  readonly onExamined?: (files: readonly ExaminedFile[]) => void
  readonly onProgress?: (progress: ScreeningProgress) => void
  readonly signal?: AbortSignal
}

export interface FinishedScreening {
  readonly runPath: string
  readonly reportPath: string
  readonly scoresPath: string
  readonly summaryPath: string
  readonly unreadablePath: string
  readonly plan: ScreeningPlan
  readonly summary: ScreeningSummary
  readonly reusedRows: number
}

/**
 * Scores every row of a dataset on persona vectors and writes scores, summary and report into the run's folder. The
 * work is kept part by part; the same call goes on where it was stopped and ends in the same bytes.
 * @throws FILE_NOT_FOUND, FILE_INVALID, DATASET_EMPTY, DATASET_SHAPE_UNKNOWN, DATASET_ROW_INVALID, RUN_IN_USE,
 * VECTOR_MODEL_MISMATCH, LAYER_OUT_OF_RANGE, MODEL_NO_CHAT_TEMPLATE, DISK_FULL, what the engine throws
 */
export async function screenDataset(options: ScreenOptions): Promise<FinishedScreening> {
  const { engine, workspace, onExamined = () => {}, signal } = options
  assertFast(options)
  const prepared = await prepareScreening(options)
  const { plan, examined, traits } = prepared
  const baselineOf = await openBaseline(options, plan)
  onExamined(examined)
  const name = `screen-${fileName(basename(plan.files[0]!.path).replace(/\..*$/, ''))}`
  await using run = await openRun(workspace.runs, screeningKind, name, plan)
  const folder = run.path
  const reusedRows = await scoreRows(prepared, options, folder, baselineOf)
  if (options.strict) await refuseUnreadable(folder)
  await using scores = await openScores(folder)
  const fast = await readOutcome(folder)
  const summary = { ...(await summariseScores(scores, plan, baselineOf)), ...(fast && { fast }) }
  const readTokens = (examples: readonly TraitExamples[]) => tokensOf(engine, examples, plan, traits, signal)
  const reportPath = join(folder, 'report.html')
  await writeFileWhole(reportPath, await reportOf(scores, plan, summary, baselineOf, readTokens))
  // Written last: a run is finished when its summary is there.
  await writeJsonFile(summaryPath(folder), summary)
  await removeParts(folder)
  await removeCascade(folder)
  return {
    runPath: folder,
    reportPath,
    scoresPath: scoresPath(folder),
    summaryPath: summaryPath(folder),
    unreadablePath: unreadablePath(folder),
    plan,
    summary,
    reusedRows,
  }
}

/**
 * Scores the rows that have no scores yet and gathers all of them. In a finished run only the baseline can differ.
 * @returns how many rows were scored before
 */
async function scoreRows(
  { plan, traits, classifiers, lexicons }: PreparedScreening,
  { engine, strict = false, onProgress = () => {}, signal }: ScreenOptions,
  folder: string,
  baselineOf: BaselineOf,
): Promise<number> {
  if (await isFinished(folder)) {
    const rows = countChosen(
      plan.files.reduce((sum, file) => sum + file.rows, 0),
      plan.settings,
    )
    onProgress({ doneRows: rows, totalRows: rows, reusedRows: rows, tokens: 0 })
    await standardiseScores(folder, plan, baselineOf)
    return rows
  }
  let reusedRows = 0
  const rows = {
    engine,
    plan,
    traits,
    folder,
    controlsOf: (texts: readonly string[]) => textControls(texts, classifiers, lexicons),
    strict,
    ...(signal && { signal }),
    onProgress: (progress: ScreeningProgress) => {
      reusedRows = progress.reusedRows
      onProgress(progress)
    },
  }
  const parts = plan.fast ? (await screenInCascade({ ...rows, rules: plan.fast.rules })).parts : await screenRows(rows)
  await writeScores(folder, plan, baselineOf)
  await writeUnreadable(folder, parts, plan)
  return reusedRows
}

/**
 * What needs every row's full reading has no meaning beside estimates.
 * @throws OPTION_INVALID
 */
function assertFast({ fast, settings = {}, baseline }: ScreenOptions): void {
  if (!fast) return
  const wrong = (got: string) => {
    const expected = 'a decision on projections alone, without what needs every row read in full'
    throw new PersonascopeError('OPTION_INVALID', { option: '--fast', expected, got })
  }
  if (fast.rules.length === 0) wrong('no rule (give --drop-top or --drop-above)')
  if (settings.ownAnswerTokens !== undefined) wrong('--difference')
  if (settings.groupColumn !== undefined) wrong('--group-by')
  if (settings.labelColumn !== undefined) wrong('--label-column')
  if (baseline !== undefined) wrong('--baseline')
}

/** What a screening would take, measured on the first rows. */
export interface ScreeningEstimate {
  readonly rows: number
  readonly measuredRows: number
  /** Undefined where the first rows could not be read. */
  readonly minutes: number | undefined
}

/** Looks at the datasets and scores a few rows to see how long all would take; keeps nothing. Throws as `screenDataset`. */
export async function estimateScreening(options: ScreenOptions): Promise<ScreeningEstimate> {
  const { engine, onExamined = () => {}, signal } = options
  assertFast(options)
  const { plan, examined, traits } = await prepareScreening(options)
  onExamined(examined)
  const rows = countChosen(
    plan.files.reduce((sum, file) => sum + file.rows, 0),
    plan.settings,
  )
  const few = await firstRows(plan, measuredRows)
  const measure = async (count: number) => {
    const start = performance.now()
    const { maxTokens, ownAnswerTokens } = plan.settings
    await scorePart(engine, few.slice(0, count), {
      traits,
      maxTokens,
      ownAnswerTokens,
      ownAnswers: new Map(),
      signal,
    })
    return performance.now() - start
  }
  if (few.length === 0) return { rows, measuredRows: 0, minutes: undefined }
  // The first pass warms up.
  await measure(Math.ceil(few.length / 4))
  const ms = await measure(few.length)
  return { rows, measuredRows: few.length, minutes: (ms / few.length / 60_000) * rows }
}

const measuredRows = 32

async function firstRows({ files, settings }: ScreeningPlan, count: number): Promise<TrainingRow[]> {
  const rows: TrainingRow[] = []
  const file = files[0]!
  for await (const row of readRows(file)) {
    try {
      rows.push(trainingRow(row.parse(), file.shape, settings.idColumn))
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
    }
    if (rows.length === count) break
  }
  return rows
}

interface PreparedScreening {
  readonly plan: ScreeningPlan
  readonly examined: readonly ExaminedFile[]
  readonly traits: readonly ScoringTrait[]
  readonly classifiers: readonly (NgramClassifier | undefined)[]
  /** By trait, the word list that judges it. */
  readonly lexicons: readonly (Lexicon | undefined)[]
}

async function prepareScreening(options: ScreenOptions): Promise<PreparedScreening> {
  const { engine, workspace, datasets, vectors, signal } = options
  const { id, fileHash, chatTemplate } = engine.model
  if (!chatTemplate) throw new PersonascopeError('MODEL_NO_CHAT_TEMPLATE', { model: id })
  const settings: ScreeningSettings = { seed: 0, ...options.settings }
  const hasLabels = settings.labelColumn !== undefined
  const traits = vectors.map(vector => scoringTrait(vector, options, hasLabels))
  const named = {
    ...(options.promptColumn !== undefined && { promptColumn: options.promptColumn }),
    ...(options.responseColumn !== undefined && { responseColumn: options.responseColumn }),
    ...(settings.idColumn !== undefined && { idColumn: settings.idColumn }),
  }
  const examined: ExaminedFile[] = []
  for (const file of await findDatasets(datasets)) examined.push(await examineDataset(file, named, signal))
  const answers = hasLabels
    ? await Promise.all(vectors.map(vector => extractionAnswers(workspace, vector)))
    : vectors.map(() => [])
  const classifiers = answers.map(trainClassifier)
  const lexicons = await Promise.all(vectors.map(vector => lexiconOf(workspace, vector)))
  const { name, version: engineVersion, contexts, slotsPerContext } = engine.info
  const plan: ScreeningPlan = {
    model: { id, fileHash, chatTemplateHash: chatTemplate.hash },
    engine: { name, version: engineVersion, contexts, slotsPerContext },
    files: examined.map(({ example: _, ...file }) => file),
    traits: vectors.map((vector, index) => ({
      name: vector.provenance.trait.name,
      layer: traits[index]!.layer,
      direction: traits[index]!.kind,
      directionHash: hashOfDirection(traits[index]!.direction),
    })),
    settings,
    classifierHashes: classifiers.map((classifier, index) =>
      classifier ? sha256(stableStringify(answers[index])) : null,
    ),
    ...(hasLabels && {
      controls: { randomDirections: randomDirectionCount, lexicons: lexicons.map(lexicon => lexicon ?? null) },
    }),
    ...(options.fast && { fast: options.fast }),
  }
  return { plan, examined, traits, classifiers, lexicons }
}

function scoringTrait(
  vector: PersonaVector,
  { engine, layer: wanted, direction }: ScreenOptions,
  hasLabels: boolean,
): ScoringTrait & { readonly kind: RowDirection } {
  assertSameShape(vector, engine.model)
  const usable = usableRowDirection(vector, engine.model, wanted, direction)
  return {
    ...usable,
    ...(hasLabels && { randomDirections: randomDirections(usable.layer, usable.direction.length) }),
  }
}

/** The word list that judges a vector's trait: the one it was made with, else the one its trait names. */
async function lexiconOf(workspace: Workspace, { provenance }: PersonaVector): Promise<Lexicon | undefined> {
  const made = /^lexicon:(sentiment|negative-sentiment)$/.exec(provenance.judge)?.[1]
  if (made !== undefined) return made as Lexicon
  // A vector may be of a trait that is not here.
  const loaded = await loadTrait(provenance.trait.name, workspace.traits).catch(() => undefined)
  return loaded?.trait.lexicon
}

/** The answers a vector was made from, where its run is still in the workspace; else none. */
async function extractionAnswers(workspace: Workspace, { provenance }: PersonaVector): Promise<ExtractionAnswer[]> {
  const runs = (await readdir(workspace.runs).catch(() => [])).sort()
  for (const run of runs.filter(name => name.startsWith(`extract-${provenance.trait.name}-`))) {
    const folder = join(workspace.runs, run)
    const manifest = await readJsonFile<RunManifest<{ model?: unknown; settings?: unknown }>>(
      join(folder, 'manifest.json'),
    )
    const isOwn =
      stableStringify([manifest?.plan.model, manifest?.plan.settings]) ===
      stableStringify([provenance.model, provenance.settings])
    if (!isOwn) continue
    const set = { folder, name: 'rollouts' }
    const parts = [...(await finishedParts(set))].sort((a, b) => a - b)
    const words = await Promise.all(parts.map(part => readWords<ContrastiveRollout>(set, part)))
    return words.flat().map(({ answer, side }) => ({ text: answer, positive: side === 'positive' }))
  }
  return []
}

type BaselineOf = (trait: string) => Baseline | undefined

/** The baseline asked for. Throws FILE_NOT_FOUND, FILE_INVALID, also where it is of other vectors or another model. */
async function openBaseline({ baseline, workspace }: ScreenOptions, plan: ScreeningPlan): Promise<BaselineOf> {
  if (baseline === undefined) return () => undefined
  const path = baselinePath(workspace.path, plan.model.id, fileName(baseline))
  const file = await readBaseline(path)
  for (const { name, layer, directionHash } of plan.traits) {
    const of = file.traits[name]
    if (of && of.layer === layer && of.directionHash === directionHash && file.model.fileHash === plan.model.fileHash)
      continue
    const detail = `it was not made with the vector ${name} at layer ${layer} on this model`
    throw new PersonascopeError('FILE_INVALID', { path, kind: 'baseline', detail })
  }
  return trait => file.traits[trait]
}

const shownShares = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]

async function reportOf(
  scores: ScoresReader,
  plan: ScreeningPlan,
  summary: ScreeningSummary,
  baselineOf: BaselineOf,
  readTokens: (examples: readonly TraitExamples[]) => Promise<ReadonlyMap<number, RowTokens>>,
): Promise<string> {
  const values: Record<string, number[]> = {}
  const thresholds: Record<string, ThresholdCount[]> = {}
  const stops: Record<string, ThresholdStops | undefined> = {}
  for (const { name } of plan.traits) {
    const column = columnOf({ trait: name, measure: 'projection' })
    values[name] = await sampledValues(scores, column)
    stops[name] = await thresholdStops(scores, column)
    thresholds[name] = []
    for (const share of shownShares) {
      const [[bound] = []] = await scores.query(`SELECT quantile_cont(${column}, ${1 - share}) FROM scores`)
      if (typeof bound !== 'number') continue
      const [[rows] = []] = await scores.query(`SELECT count(*) FROM scores WHERE ${column} > (${bound})::DOUBLE`)
      thresholds[name].push({ share, bound, rows: rows as number })
    }
  }
  const examples = await exampleRows(scores, plan)
  const tokens = await readTokens(examples)
  return screeningReport({ plan, summary, baselineOf, values, thresholds, stops, examples, tokens })
}

/** By row, the tokens of all rows that are shown, each read once. */
async function tokensOf(
  engine: Engine,
  examples: readonly TraitExamples[],
  { settings }: ScreeningPlan,
  traits: readonly ScoringTrait[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, RowTokens>> {
  const shown = new Map(examples.flatMap(({ top, random }) => [...top, ...random]).map(row => [row.row, row.training]))
  const read = await readRowTokens(engine, [...shown.values()], { traits, maxTokens: settings.maxTokens, signal })
  return new Map([...shown.keys()].flatMap((row, index) => (read[index] ? [[row, read[index]] as const] : [])))
}
