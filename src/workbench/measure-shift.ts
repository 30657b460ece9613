import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine } from '../engine/contract/engine.ts'
import type { ModelInfo } from '../engine/contract/engine-info.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type Judge, scoreValue } from '../judge/judge.ts'
import type { Rollout, RolloutSet } from '../rollout/rollout-store.ts'
import { partCount, promptOf } from '../rollout/run-rollouts.ts'
import { type ScoreOptions, scoreRollouts } from '../rollout/score-rollouts.ts'
import { analyseShift, levelOf, type ModelAnswers } from '../shift/analyse-shift.ts'
import { answerQuestions, areAnswered, type ProjectedRollout, readAnswers } from '../shift/answer-questions.ts'
import { assertComparable, type ModelShape } from '../shift/assert-comparable.ts'
import { planShift, type ShiftDirection, type ShiftRollout, type ShiftSettings } from '../shift/plan-shift.ts'
import { type AnswerBeside, shiftReport } from '../shift/shift-report.ts'
import type { ShiftedTrait, ShiftSummary } from '../shift/shift-summary.ts'
import { sha256, stableStringify } from '../store/hash.ts'
import { writeJsonFile } from '../store/json-file.ts'
import { openRun } from '../store/run-folder.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import { directionHash } from '../vector/direction-hash.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { assertMadeOn, usableDirection } from '../vector/usable-direction.ts'
import { estimateWork, type WorkEstimate } from './estimate-work.ts'
import { version } from './version.ts'

/** A model of the comparison, not opened yet. */
export interface ShiftModel {
  readonly shape: ModelShape
  /** sha256 of the weights in use. */
  readonly fileHash: string
  readonly weightFormat: string
  /** Of the file that was given. */
  readonly sourceFormat: string
  /** @param like the base model's engine: the same contexts, so that both are computed in the same way */
  open(like?: Engine['info']): Promise<Engine>
}

/** A trait with its vector on the base model. */
export interface MeasuredTrait {
  readonly trait: LoadedTrait
  readonly vector: PersonaVector
  readonly judge: Judge | 'none'
}

export interface ShiftOptions {
  readonly base: ShiftModel
  readonly tuned: readonly ShiftModel[]
  readonly traits: readonly MeasuredTrait[]
  readonly workspace: Workspace
  /** Where to project; the default layer of each vector if not told. */
  readonly layer?: number
  readonly settings?: Partial<ShiftSettings>
  readonly onProgress?: (progress: ShiftProgress) => void
  readonly signal?: AbortSignal
}

export interface ShiftProgress {
  readonly phase: 'answer' | 'judge'
  /** The name of the model at work. */
  readonly model: string
  readonly done: number
  readonly total: number
}

export interface FinishedShift {
  readonly summary: ShiftSummary
  /** The run's folder. */
  readonly folder: string
  /** Where the answers lie: [model][trait], the base model first. */
  readonly sets: readonly (readonly RolloutSet[])[]
  readonly reportPath: string
  readonly summaryPath: string
}

export const defaultShiftSettings: ShiftSettings = { samples: 3, maxTokens: 60, temperature: 0.7, seed: 0 }

/** How many questions of each trait are shown with the answers of all models. */
const shownQuestions = 3

/**
 * Measures the finetuning shift: every model answers the evaluation questions of every trait, one model open at a time,
 * and the answers are projected on the vectors of the base model. What was answered and scored is kept in the run's
 * folder, for each model apart, and the same call goes on where it was stopped. Which models are compared and who judges is
 * not what the run is: with another tuned model only this one is asked, and every comparison has a folder of its own in
 * the run, with `summary.json` and `report.html`.
 * @throws SHIFT_MODELS_DIFFER, MODEL_NO_CHAT_TEMPLATE, VECTOR_MODEL_MISMATCH, LAYER_OUT_OF_RANGE, OPTION_INVALID,
 * RUN_IN_USE, DISK_FULL, what engines and judges throw
 */
export async function measureShift(options: ShiftOptions): Promise<FinishedShift> {
  const { base, tuned, traits, workspace } = options
  const settings = { ...defaultShiftSettings, ...options.settings }
  for (const model of tuned) assertComparable(base.shape, model.shape)
  const names = namesOf([base, ...tuned])
  const planned = traits.map(({ trait }) => planShift(trait.trait, settings))
  // Opened even where all is answered: what it computes with belongs to the plan.
  let engine: Engine | undefined = await base.open()
  try {
    const { info, model } = engine
    const directions = traits.map(({ vector }) => directionOf(model, vector, options.layer))
    const prompts = await promptsHash(engine, planned)
    const plan = planOf(options, engine, directions, settings, prompts)
    await using run = await openRun(workspace.runs, 'shift', 'shift', plan)
    const sets = (of: number) =>
      traits.map(({ trait }, index) => ({
        folder: run.path,
        name: `${of === 0 ? 'base' : `tuned-${tuned[of - 1]!.fileHash.slice(0, 16)}`}-${trait.trait.name}`,
        parts: partCount(planned[index]!),
      }))
    const work = { planned, settings, directions, names, sets, prompts }
    await answerSets(options, engine, 0, work)
    await engine.close()
    engine = undefined
    await answerTuned(options, info, work)
    const answers = await scoreAll(options, work)
    const summary = summarise(options, { settings, directions, names, answers, createdAt: run.manifest.createdAt })
    const folder = join(run.path, comparisonName(options))
    const [summaryPath, reportPath] = [join(folder, 'summary.json'), join(folder, 'report.html')]
    await mkdir(folder, { recursive: true })
    await writeFileWhole(reportPath, shiftReport(summary, answersBeside(summary, answers)))
    await writeJsonFile(summaryPath, summary)
    return { summary, folder: run.path, sets: names.map((_, of) => sets(of)), reportPath, summaryPath }
  } finally {
    await engine?.close()
  }
}

/** What all steps of a run know. */
interface ShiftWork {
  /** For each trait. */
  readonly planned: readonly (readonly ShiftRollout[])[]
  readonly directions: readonly ShiftDirection[]
  readonly settings: ShiftSettings
  /** For each model, the base model first. */
  readonly names: readonly string[]
  /** The sets of a model, one for each trait. */
  readonly sets: (model: number) => readonly RolloutSet[]
  readonly prompts: string
}

/** Has every tuned model answer what it has not answered yet, one open at a time. */
async function answerTuned(
  { base, tuned, ...options }: ShiftOptions,
  like: Engine['info'],
  work: ShiftWork,
): Promise<void> {
  for (const [index, model] of tuned.entries()) {
    if (await isAnswered(index + 1, work)) continue
    await using engine = await model.open(like)
    await assertSamePrompts(engine, work.planned, { base, tuned: model, prompts: work.prompts })
    await answerSets(options, engine, index + 1, work)
  }
}

async function isAnswered(model: number, { planned, sets }: ShiftWork): Promise<boolean> {
  const answered = await Promise.all(sets(model).map((set, trait) => areAnswered(set, planned[trait]!)))
  return answered.every(Boolean)
}

async function answerSets(
  { onProgress = () => {}, signal }: Pick<ShiftOptions, 'onProgress' | 'signal'>,
  engine: Engine,
  model: number,
  { planned, settings, directions, names, sets }: ShiftWork,
): Promise<void> {
  const total = planned.reduce((sum, rollouts) => sum + rollouts.length, 0)
  let before = 0
  for (const [trait, { folder, name }] of sets(model).entries()) {
    await answerQuestions(engine, planned[trait]!, {
      folder,
      name,
      settings,
      directions,
      ...(signal && { signal }),
      onProgress: done => onProgress({ phase: 'answer', model: names[model]!, done: before + done, total }),
    })
    before += planned[trait]!.length
  }
}

/** The answers with their scores: [model][trait][answer], the base model first. */
async function scoreAll(
  { traits, onProgress = () => {}, signal }: ShiftOptions,
  { names, sets }: ShiftWork,
): Promise<ScoredAnswer[][][]> {
  const answers: ScoredAnswer[][][] = []
  for (const [model, name] of names.entries()) {
    const scored: ScoredAnswer[][] = []
    for (const [index, set] of sets(model).entries()) {
      const { judge, trait } = traits[index]!
      const options: ScoreOptions = {
        ...(signal && { signal }),
        onProgress: ({ doneAnswers: done, totalAnswers: total }) =>
          onProgress({ phase: 'judge', model: `${name}, ${trait.trait.name}`, done, total }),
      }
      const judgements = judge === 'none' ? undefined : await scoreRollouts(judge, set, options)
      const rollouts = await readAnswers(set)
      scored.push(rollouts.map((rollout, at) => ({ rollout, score: scoreValue(judgements?.[at]?.expression) })))
    }
    answers.push(scored)
  }
  return answers
}

/** What measuring would take: that of the base model, as often as there are models. Opens the base model. */
export async function estimateShift({ base, tuned, traits, settings }: ShiftOptions): Promise<WorkEstimate> {
  for (const model of tuned) assertComparable(base.shape, model.shape)
  const given = { ...defaultShiftSettings, ...settings }
  await using engine = await base.open()
  const estimates: WorkEstimate[] = []
  for (const { trait, judge } of traits) {
    const work = { planned: planShift(trait.trait, given), maxTokens: given.maxTokens }
    estimates.push(await estimateWork(engine, judge, [work]))
  }
  const models = 1 + tuned.length
  const sum = (of: (estimate: WorkEstimate) => number) => models * estimates.reduce((all, one) => all + of(one), 0)
  const sumOfKnown = (of: (estimate: WorkEstimate) => number | undefined) =>
    estimates.some(one => of(one) !== undefined) ? sum(one => of(one) ?? 0) : undefined
  return {
    generations: sum(({ generations }) => generations),
    judgeCalls: sum(({ judgeCalls }) => judgeCalls),
    judgePromptTokens: sumOfKnown(({ judgePromptTokens }) => judgePromptTokens),
    judgeCost: sumOfKnown(({ judgeCost }) => judgeCost),
    promptTokens: sum(({ promptTokens }) => promptTokens),
    writtenTokens: sum(({ writtenTokens }) => writtenTokens),
    minutes: sumOfKnown(({ minutes }) => minutes),
  }
}

interface ScoredAnswer {
  readonly rollout: Rollout<ProjectedRollout>
  readonly score: number | undefined
}

/** Of what is compared and who judges; the same for the same comparison. */
function comparisonName({ tuned, traits }: Pick<ShiftOptions, 'tuned' | 'traits'>): string {
  const models = tuned.map(({ shape, fileHash }) => ({ id: shape.id, fileHash }))
  const judges = traits.map(({ judge }) =>
    judge === 'none' ? null : { id: judge.id, rubric: judge.rubricHash ?? null },
  )
  return `comparison-${sha256(stableStringify({ models, judges })).slice(0, 10)}`
}

/** The models' ids, with a number where one comes more than once. */
function namesOf(models: readonly ShiftModel[]): string[] {
  const ids = models.map(({ shape }) => shape.id)
  return ids.map((id, index) => {
    const earlier = ids.slice(0, index).filter(other => other === id).length
    return earlier === 0 ? id : `${id} (${earlier + 1})`
  })
}

function directionOf(model: ModelInfo, vector: PersonaVector, wanted: number | undefined): ShiftDirection {
  assertMadeOn(vector, model)
  return usableDirection(vector, model, wanted)
}

/** Of the tokens every question becomes: equal where two models are shown the same. */
async function promptsHash(engine: Engine, planned: readonly (readonly ShiftRollout[])[]): Promise<string> {
  const questions = [...new Set(planned.flat().map(({ questionText }) => questionText))]
  const prompts = []
  for (const questionText of questions) prompts.push((await engine.renderPrompt(promptOf({ questionText }))).tokens)
  return sha256(stableStringify(prompts))
}

async function assertSamePrompts(
  engine: Engine,
  planned: readonly (readonly ShiftRollout[])[],
  { base, tuned, prompts }: { readonly base: ShiftModel; readonly tuned: ShiftModel; readonly prompts: string },
): Promise<void> {
  if ((await promptsHash(engine, planned)) === prompts) return
  const detail = 'its tokenizer makes other tokens of the same questions'
  throw new PersonascopeError('SHIFT_MODELS_DIFFER', { base: base.shape.id, tuned: tuned.shape.id, detail })
}

/**
 * All that the base model's answers depend on, and each tuned model's, which lie under the hash of its weights. Judges are
 * not among it: scores lie beside the answers, each judge's its own.
 */
function planOf(
  { base, traits }: ShiftOptions,
  { info, model }: Engine,
  directions: readonly ShiftDirection[],
  settings: ShiftSettings,
  prompts: string,
) {
  const { name, version: engineVersion, contexts, slotsPerContext } = info
  return {
    base: { id: base.shape.id, fileHash: model.fileHash, chatTemplateHash: model.chatTemplate?.hash },
    engine: { name, version: engineVersion, contexts, slotsPerContext },
    traits: traits.map(({ trait, vector }, index) => ({
      name: trait.trait.name,
      evaluationQuestions: trait.trait.evaluationQuestions,
      layer: directions[index]!.layer,
      directionHash: directionHash(vector, directions[index]!.layer),
    })),
    prompts,
    settings,
  }
}

interface ShiftResults {
  readonly settings: ShiftSettings
  readonly directions: readonly ShiftDirection[]
  readonly names: readonly string[]
  /** [model][trait][answer], the base model first. */
  readonly answers: readonly (readonly (readonly ScoredAnswer[])[])[]
  readonly createdAt: string
}

function summarise(
  { base, tuned, traits }: ShiftOptions,
  { settings, directions, names, answers, createdAt }: ShiftResults,
): ShiftSummary {
  const numbers = answers.map(
    (sets): ModelAnswers =>
      sets.map(set => set.map(({ rollout: { question, projections }, score }) => ({ question, projections, score }))),
  )
  const modelOf = ({ shape, fileHash, weightFormat, sourceFormat }: ShiftModel, index: number) => ({
    name: names[index]!,
    id: shape.id,
    fileHash,
    weightFormat,
    sourceFormat,
    levels: numbers[index]!.map((set, trait) => levelOf(set, trait)),
  })
  return {
    base: modelOf(base, 0),
    tuned: tuned.map((model, index) => ({
      ...modelOf(model, index + 1),
      ...analyseShift(numbers[0]!, numbers[index + 1]!, settings.seed),
    })),
    traits: traits.map(({ trait, vector, judge }, index): ShiftedTrait => {
      const { layer } = directions[index]!
      return {
        name: trait.trait.name,
        layer,
        questions: trait.trait.evaluationQuestions.length,
        directionHash: directionHash(vector, layer),
        judge: judge === 'none' ? null : judge.id,
      }
    }),
    settings,
    createdAt,
    personascopeVersion: version,
  }
}

function answersBeside({ base, tuned, traits }: ShiftSummary, answers: ShiftResults['answers']): AnswerBeside[] {
  const names = [base, ...tuned].map(({ name }) => name)
  return traits.flatMap(({ name: trait }, index) => {
    const shown = answers[0]![index]!.flatMap(({ rollout }, at) => (rollout.sample === 0 ? [at] : []))
    return shown.slice(0, shownQuestions).map(at => ({
      trait,
      question: answers[0]![index]![at]!.rollout.questionText,
      answers: names.map((model, of) => {
        const { rollout, score } = answers[of]![index]![at]!
        return { model, text: rollout.answer, score }
      }),
    }))
  })
}
