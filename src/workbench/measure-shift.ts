import { join } from 'node:path'
import type { Engine } from '../engine/contract/engine.ts'
import { asLayer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Judge, Judgement } from '../judge/judge.ts'
import { norm } from '../numeric/vector-math.ts'
import type { Rollout } from '../rollout/rollout-store.ts'
import { partCount, promptOf } from '../rollout/run-rollouts.ts'
import { scoreRollouts } from '../rollout/score-rollouts.ts'
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
import { directionAt, type PersonaVector } from '../vector/persona-vector.ts'
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
  readonly folder: string
  readonly reportPath: string
  readonly summaryPath: string
}

export const defaultShiftSettings: ShiftSettings = { samples: 3, maxTokens: 60, temperature: 0.7, seed: 0 }

/** How many questions of each trait are shown with the answers of all models. */
const shownQuestions = 3

/**
 * Measures the finetuning shift: every model answers the evaluation questions of every trait, one model open at a time,
 * and the answers are projected on the vectors of the base model. Writes `summary.json` and `report.html` into the run's
 * folder; what was answered and scored is kept there, and the same call goes on where it was stopped.
 * @throws SHIFT_MODELS_DIFFER, MODEL_NO_CHAT_TEMPLATE, VECTOR_MODEL_MISMATCH, LAYER_OUT_OF_RANGE, OPTION_INVALID,
 * RUN_IN_USE, DISK_FULL, what engines and judges throw
 */
export async function measureShift(options: ShiftOptions): Promise<FinishedShift> {
  const { base, tuned, traits, workspace, signal, onProgress = () => {} } = options
  const settings = { ...defaultShiftSettings, ...options.settings }
  const models = [base, ...tuned]
  for (const model of tuned) assertComparable(base.shape, model.shape)
  const names = namesOf(models)
  const planned = traits.map(({ trait }) => planShift(trait.trait, settings))
  const total = planned.reduce((sum, rollouts) => sum + rollouts.length, 0)
  // Opened even where all is answered: what it computes with belongs to the plan.
  let engine: Engine | undefined = await base.open()
  try {
    const { info } = engine
    const directions = traits.map(({ vector }) => directionOf(engine!, vector, options.layer))
    const prompts = await promptsHash(engine, planned)
    const plan = planOf(options, engine, directions, settings, prompts)
    await using run = await openRun(workspace.runs, 'shift', 'shift', plan)
    for (const [index, model] of models.entries()) {
      const setOf = (trait: number) => ({ folder: run.path, name: setName(index, traits[trait]!) })
      const answered = await Promise.all(planned.map((rollouts, trait) => areAnswered(setOf(trait), rollouts)))
      if (!answered.every(Boolean)) {
        engine ??= await model.open(info)
        await assertSamePrompts(engine, planned, { base, tuned: model, prompts })
        let before = 0
        for (const [trait, rollouts] of planned.entries()) {
          await answerQuestions(engine, rollouts, {
            ...setOf(trait),
            settings,
            directions,
            ...(signal && { signal }),
            onProgress: done => onProgress({ phase: 'answer', model: names[index]!, done: before + done, total }),
          })
          before += rollouts.length
        }
      }
      await engine?.close()
      engine = undefined
    }
    const answers: ScoredAnswer[][][] = []
    for (const index of models.keys()) {
      const sets = []
      for (const [trait, { judge }] of traits.entries()) {
        const set = { folder: run.path, name: setName(index, traits[trait]!), parts: partCount(planned[trait]!) }
        const judgements =
          judge === 'none'
            ? undefined
            : await scoreRollouts(judge, set, {
                ...(signal && { signal }),
                onProgress: ({ doneAnswers: done, totalAnswers: of }) =>
                  onProgress({
                    phase: 'judge',
                    model: `${names[index]}, ${traits[trait]!.trait.trait.name}`,
                    done,
                    total: of,
                  }),
              })
        sets.push((await readAnswers(set)).map((rollout, at) => ({ rollout, score: scoreOf(judgements?.[at]) })))
      }
      answers.push(sets)
    }
    const summary = summarise(options, { settings, directions, names, answers, createdAt: run.manifest.createdAt })
    const [summaryPath, reportPath] = [join(run.path, 'summary.json'), join(run.path, 'report.html')]
    await writeFileWhole(reportPath, shiftReport(summary, answersBeside(summary, answers)))
    await writeJsonFile(summaryPath, summary)
    return { summary, folder: run.path, reportPath, summaryPath }
  } finally {
    await engine?.close()
  }
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

function scoreOf(judgement: Judgement | undefined): number | undefined {
  return judgement?.expression.status === 'scored' ? judgement.expression.value : undefined
}

function setName(model: number, { trait }: MeasuredTrait): string {
  return `${model === 0 ? 'base' : `tuned-${model}`}-${trait.trait.name}`
}

/** The models' ids, with a number where one comes more than once. */
function namesOf(models: readonly ShiftModel[]): string[] {
  const ids = models.map(({ shape }) => shape.id)
  return ids.map((id, index) => {
    const earlier = ids.slice(0, index).filter(other => other === id).length
    return earlier === 0 ? id : `${id} (${earlier + 1})`
  })
}

function directionOf({ model }: Engine, vector: PersonaVector, wanted: number | undefined): ShiftDirection {
  const { provenance, hiddenSize, blockCount, defaultLayer } = vector
  const { name } = provenance.trait
  if (hiddenSize !== model.hiddenSize || blockCount !== model.blockCount || provenance.model.id !== model.id) {
    const expected = `${provenance.model.id} (${blockCount} blocks of ${hiddenSize})`
    const got = `${model.id} (${model.blockCount} blocks of ${model.hiddenSize})`
    throw new PersonascopeError('VECTOR_MODEL_MISMATCH', { vector: name, expected, got })
  }
  const layer = asLayer(wanted ?? defaultLayer, model, 1)
  const direction = directionAt(vector, layer)
  if (norm(direction) > 0) return { layer, direction }
  const expected = `a layer at which ${name} has a direction`
  throw new PersonascopeError('OPTION_INVALID', { option: '--layer', expected, got: layer })
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

/** All that the run's bytes depend on. Judges are not among it: scores lie beside the answers, each judge's its own. */
function planOf(
  { base, tuned, traits }: ShiftOptions,
  { info, model }: Engine,
  directions: readonly ShiftDirection[],
  settings: ShiftSettings,
  prompts: string,
) {
  const { name, version: engineVersion, contexts, slotsPerContext } = info
  return {
    base: { id: base.shape.id, fileHash: model.fileHash, chatTemplateHash: model.chatTemplate?.hash },
    tuned: tuned.map(({ shape, fileHash }) => ({ id: shape.id, fileHash })),
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
