import type { Engine } from '../engine/contract/engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type Judge, scoreValue } from '../judge/judge.ts'
import { mean } from '../numeric/moments.ts'
import { norm } from '../numeric/vector-math.ts'
import { type DropReason, type KeptPairs, keepPairs } from '../rollout/kept-pairs.ts'
import { type ContrastiveRollout, planRollouts, type RolloutSettings } from '../rollout/plan-rollouts.ts'
import { type Rollout, type RolloutSet, readParts, readWords } from '../rollout/rollout-store.ts'
import { partCount, type RolloutProgress, runRollouts } from '../rollout/run-rollouts.ts'
import { readScores, scoreRollouts } from '../rollout/score-rollouts.ts'
import { swapHalf } from '../rollout/swap-half.ts'
import { sha256, stableStringify } from '../store/hash.ts'
import { openRun, runOf } from '../store/run-folder.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import { assertTraitUsable } from '../trait/check-trait.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import { chooseLayers } from '../vector/choose-layers.ts'
import { directionWithout, type ExtractedDirections, extractDirections } from '../vector/extract-vector.ts'
import type { LayerProfile, SideEffects, SteeringSweep } from '../vector/layer-evidence.ts'
import { foldOf, profileLayers } from '../vector/layer-profile.ts'
import type { PersonaVector, VectorProvenance } from '../vector/persona-vector.ts'
import { measureSideEffects } from '../vector/side-effects.ts'
import { candidateLayers, planSweep, type SteeredRollout, sweepSteering } from '../vector/steering-sweep.ts'
import { readVector, vectorPath, writeVector } from '../vector/vector-file.ts'
import { learnScreening, withScreening } from './learn-screening.ts'
import { vectorChart } from './vector-chart.ts'
import { version } from './version.ts'

export interface ExtractOptions {
  readonly engine: Engine
  readonly trait: LoadedTrait
  readonly workspace: Workspace
  /** See `openJudge`; `none` keeps every pair and marks the vector unfiltered. */
  readonly judge: Judge | 'none'
  readonly settings?: Partial<RolloutSettings>
  /** A control: p+ and p- swapped in half of the kept pairs, so that what is left is chance. */
  readonly shufflePairs?: boolean
  /** Also makes the direction that rows of datasets are projected on; asks for ordinary answers beside the others. */
  readonly screening?: boolean
  /** Also measures what steering does at several layers; needs a judge. */
  readonly sweep?: SweepSettings
  readonly onProgress?: (progress: ExtractProgress) => void
  readonly signal?: AbortSignal
}

/** How steering is tried for the layer profile. */
export interface SweepSettings {
  /** How many layers are tried. */
  readonly layers: number
  readonly doses: readonly number[]
  readonly samples: number
  readonly maxTokens: number
}

export interface ExtractProgress {
  readonly phase: 'ask' | 'judge' | 'steer' | 'ask-ordinary' | 'read-again'
  /** Of `total` answers. */
  readonly done: number
  readonly total: number
  /** Of these, how many were there from before. */
  readonly reused: number
}

export interface ExtractedVector {
  readonly vector: PersonaVector
  readonly path: string
  readonly chartPath: string
  readonly runPath: string
  /** How many rollouts were there from an earlier run. */
  readonly reusedRollouts: number
  readonly rollouts: number
  /** How many pairs were left out, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
  /** The mean scores under p+ and p-; undefined without a judge. */
  readonly meanScores: { readonly positive: number | undefined; readonly negative: number | undefined } | undefined
}

/**
 * Three answers of at most 60 tokens to each question under each prompt: with one, a small model leaves too few pairs.
 * Drawn at temperature 0.7: at 1, small models lose the thread within a sentence, and the vector gets shorter (measured,
 * docs/lab-log.md).
 */
export const defaultRolloutSettings: RolloutSettings = { samples: 3, maxTokens: 60, temperature: 0.7, seed: 0 }

export const defaultSweepSettings: SweepSettings = { layers: 8, doses: [0.08, 0.16], samples: 4, maxTokens: 40 }

/**
 * Makes the persona vector of a trait on a model: asks every extraction question under every contrastive prompt, takes
 * the activations of the answers while they are written, has them judged, and subtracts the means of the kept pairs
 * (paper, section 2.2). Chooses where to steer and where to read on extraction questions set aside. The work is kept
 * part by part; the same call goes on where it was stopped and reuses what is there.
 * @throws TRAIT_INVALID, MODEL_NO_CHAT_TEMPLATE, VECTOR_NAME_TAKEN, VECTOR_NO_PAIRS, RUN_IN_USE, DISK_FULL, what engine and judge throw
 */
export async function extractVector(options: ExtractOptions): Promise<ExtractedVector> {
  const { engine, trait, workspace, onProgress = () => {}, signal } = options
  const judge = options.judge === 'none' ? undefined : options.judge
  const settings = { ...defaultRolloutSettings, ...options.settings }
  assertTraitUsable(trait)
  if (!engine.model.chatTemplate) throw new PersonascopeError('MODEL_NO_CHAT_TEMPLATE', { model: engine.model.id })
  const planned = planRollouts(trait.trait, settings)
  const vectorName = options.shufflePairs ? `${trait.trait.name}-shuffled` : trait.trait.name
  const path = vectorPath(workspace.vectors, engine.model.id, vectorName)
  await refuseToReplace(path, vectorName, engine.model.id)
  await using run = await openRun(workspace.runs, 'extract', runName(trait), planOf(engine, trait, settings))
  let reusedRollouts = 0
  const set = await runRollouts(engine, planned, {
    folder: run.path,
    name: 'rollouts',
    settings,
    capture: true,
    ...(signal && { signal }),
    onProgress: progress => {
      reusedRollouts = progress.reusedRollouts
      onProgress(asProgress('ask', progress))
    },
  })
  const judgements =
    judge &&
    (await scoreRollouts(judge, set, {
      ...(signal && { signal }),
      onProgress: ({ doneAnswers: done, totalAnswers: total }) =>
        onProgress({ phase: 'judge', done, total, reused: 0 }),
    }))
  const rollouts = await allWords(set)
  const keptPairs = keepPairs(rollouts, judgements)
  const swapped = options.shufflePairs ? swapHalf(rollouts, keptPairs, settings.seed) : undefined
  const pairs = swapped?.pairs ?? keptPairs
  if (pairs.pairsKept === 0) throw new PersonascopeError('VECTOR_NO_PAIRS', { detail: describeDropped(pairs) })
  const { blockCount, hiddenSize } = engine.model
  const questions = trait.trait.extractionQuestions.length
  const readRollouts = () => swapped?.swap(readParts(set)) ?? readParts(set)
  const extracted = await extractDirections(readRollouts(), { blockCount, hiddenSize, questions }, pairs.kept)
  const made = provenanceOf(engine, trait, settings)
  const provenance: VectorProvenance = {
    ...made,
    trait: { ...made.trait, name: vectorName },
    judge: judge?.id ?? 'none',
    ...(judge?.rubricHash !== undefined && { rubricHash: judge.rubricHash }),
    unfiltered: judge === undefined,
    pairsPlanned: pairs.pairsPlanned,
    pairsKept: pairs.pairsKept,
    responseTokens: extracted.responseTokens,
    personascopeVersion: version,
    createdAt: run.manifest.createdAt,
  }
  const scores = judgements?.map(({ expression }) => scoreValue(expression))
  const profile = await profileLayers(readRollouts(), extracted.questions, relativeNorms(extracted, hiddenSize), scores)
  const earlier = await earlierVector(path, provenance)
  const steering = (await sweepOf(options, settings, extracted, run.path)) ?? earlier?.profile?.steering
  const chosen = assemble(engine, extracted, { ...profile, ...(steering && { steering }) }, provenance)
  const sideEffects = (await sideEffectsOf(options, settings, chosen, run.path)) ?? earlier?.profile?.sideEffects
  const withEffects = { ...chosen, profile: { ...chosen.profile!, ...(sideEffects && { sideEffects }) } }
  // What is left of shuffled pairs is no trait to screen for.
  const wantsScreening = options.screening && !options.shufflePairs
  const screening = wantsScreening
    ? await learnScreening(engine, trait.trait, set, { settings, onProgress, ...(signal && { signal }) })
    : undefined
  const vector = withScreening(withEffects, screening, earlier)
  const chartPath = path.replace(/safetensors$/, 'svg')
  await writeVector(path, vector)
  await writeFileWhole(chartPath, vectorChart(vector))
  return {
    vector,
    path,
    chartPath,
    runPath: run.path,
    reusedRollouts,
    rollouts: rollouts.length,
    dropped: pairs.dropped,
    meanScores: scores && meanScores(rollouts, scores),
  }
}

/** An extraction answer's prompt and score. */
export interface ScoredExtraction {
  readonly systemPrompt: string
  readonly questionText: string
  readonly score: number
}

/** The scored prompts that a vector was made from, where its run is still in the workspace; else none. */
export async function readScoredExtraction(
  engine: Engine,
  trait: LoadedTrait,
  workspace: Workspace,
  { settings, judge, rubricHash }: Pick<VectorProvenance, 'settings' | 'judge' | 'rubricHash'>,
): Promise<ScoredExtraction[]> {
  const { path: folder } = runOf(workspace.runs, 'extract', runName(trait), planOf(engine, trait, settings))
  const set: RolloutSet = { folder, name: 'rollouts', parts: partCount(planRollouts(trait.trait, settings)) }
  const judgements = await readScores(set, { id: judge, ...(rubricHash !== undefined && { rubricHash }) })
  if (!judgements) return []
  const rollouts = await allWords(set)
  return rollouts.flatMap(({ systemPrompt, questionText }, index) => {
    const score = scoreValue(judgements[index]!.expression)
    return score === undefined ? [] : [{ systemPrompt, questionText, score }]
  })
}

function assemble(
  engine: Engine,
  extracted: ExtractedDirections,
  profile: LayerProfile,
  provenance: VectorProvenance,
): PersonaVector {
  const { blockCount, hiddenSize, embeddingLayer } = engine.model
  const { steering, reading } = chooseLayers(profile)
  const from = reading.layer * hiddenSize
  const sums = extracted.questions.sums.map(sum => sum.subarray(from, from + hiddenSize))
  const questionSums = new Float32Array(sums.length * hiddenSize)
  sums.forEach((sum, question) => {
    questionSums.set(sum, question * hiddenSize)
  })
  return {
    directions: extracted.directions,
    medianResponseNorms: extracted.medianResponseNorms,
    blockCount,
    hiddenSize,
    hasEmbedding: embeddingLayer,
    defaultLayer: steering.layer,
    defaultLayerReason: steering.reason,
    readingLayer: reading.layer,
    readingLayerReason: reading.reason,
    profile,
    questionSums,
    provenance,
  }
}

/** Steers with the direction that the questions set aside had no part in, and asks only those. */
async function sweepOf(
  { engine, trait, judge, sweep, onProgress = () => {}, signal }: ExtractOptions,
  { temperature, seed }: RolloutSettings,
  extracted: ExtractedDirections,
  folder: string,
): Promise<SteeringSweep | undefined> {
  if (!sweep || judge === 'none') return undefined
  const isSetAside = (question: number) => foldOf(question) === 0
  const direction = directionWithout(extracted.questions, isSetAside)
  if (!direction) return undefined
  const { layers, doses, samples, maxTokens } = sweep
  return await sweepSteering({
    engine,
    judge,
    direction,
    medianResponseNorms: extracted.medianResponseNorms,
    plan: {
      layers: candidateLayers(engine.model.blockCount, layers),
      doses,
      questions: trait.trait.extractionQuestions.filter((_, question) => isSetAside(question)),
      samples,
      settings: { maxTokens, temperature, seed },
    },
    folder,
    onProgress: progress => onProgress(asProgress('steer', progress)),
    ...(signal && { signal }),
  })
}

function asProgress(
  phase: ExtractProgress['phase'],
  { doneRollouts: done, totalRollouts: total, reusedRollouts: reused }: RolloutProgress,
): ExtractProgress {
  return { phase, done, total, reused }
}

/** Measured at the doses of the sweep, on what the model answers to the questions set aside when it is not steered. */
async function sideEffectsOf(
  { engine, trait, sweep, judge, signal }: ExtractOptions,
  { temperature, seed }: RolloutSettings,
  vector: PersonaVector,
  folder: string,
): Promise<SideEffects | undefined> {
  if (!sweep || judge === 'none') return undefined
  const { doses, samples, maxTokens } = sweep
  const questions = trait.trait.extractionQuestions.filter((_, question) => foldOf(question) === 0)
  const settings = { maxTokens, temperature, seed }
  const planned = planSweep({ layers: [], doses: [], questions, samples, settings })
  const name = `unsteered-${sha256(stableStringify(planned)).slice(0, 8)}`
  const set = await runRollouts(engine, planned, { folder, name, settings, capture: false, ...(signal && { signal }) })
  const parts = await Promise.all(Array.from({ length: set.parts }, (_, part) => readWords<SteeredRollout>(set, part)))
  const signed = doses.flatMap(dose => [-dose, dose]).sort((a, b) => a - b)
  return await measureSideEffects(engine, vector, parts.flat(), signed, signal)
}

/** A vector that was imported or combined cannot be made again from here, so extracting does not replace it. */
async function refuseToReplace(path: string, vector: string, model: string): Promise<void> {
  const there = await readVector(path).catch(() => undefined)
  if (there?.provenance.origin) throw new PersonascopeError('VECTOR_NAME_TAKEN', { vector, model })
}

/** What was measured of the same vector when it was made before. */
async function earlierVector(path: string, provenance: VectorProvenance): Promise<PersonaVector | undefined> {
  const earlier = await readVector(path).catch(() => undefined)
  const isSame = earlier && stableStringify(earlier.provenance) === stableStringify(provenance)
  return isSame ? earlier : undefined
}

async function allWords(set: RolloutSet): Promise<Rollout[]> {
  const parts = Array.from({ length: set.parts }, (_, part) => readWords<ContrastiveRollout>(set, part))
  return (await Promise.all(parts)).flat()
}

function relativeNorms({ directions, medianResponseNorms }: ExtractedDirections, hiddenSize: number): number[] {
  return Array.from(
    medianResponseNorms,
    (median, layer) => norm(directions.response_avg.subarray(layer * hiddenSize, (layer + 1) * hiddenSize)) / median,
  )
}

function meanScores(rollouts: readonly Rollout[], scores: readonly (number | undefined)[]) {
  const of = (side: Rollout['side']) =>
    mean(rollouts.flatMap((rollout, index) => (rollout.side === side ? (scores[index] ?? []) : [])))
  return { positive: of('positive'), negative: of('negative') }
}

/** Why pairs were left out, for example ": 60 not evoked, 40 incoherent". */
function describeDropped({ dropped }: KeptPairs): string {
  const parts = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`)
  return parts.length > 0 ? `: ${parts.join(', ')}` : ''
}

function provenanceOf(engine: Engine, trait: LoadedTrait, { samples, maxTokens, temperature, seed }: RolloutSettings) {
  const { id, fileHash, architecture, weightFormat, chatTemplate } = engine.model
  const { name, version: engineVersion, contexts, slotsPerContext } = engine.info
  return {
    trait: { name: trait.trait.name, hash: trait.hash },
    model: { id, fileHash, architecture, weightFormat, chatTemplateHash: chatTemplate!.hash },
    engine: { name, version: engineVersion, contexts, slotsPerContext },
    settings: { samples, maxTokens, temperature, seed },
  }
}

function runName({ trait }: LoadedTrait): string {
  return `extract-${trait.name}`
}

/** All that the rollouts' bytes depend on: equal plans are one run. Parts of the trait that are not asked are not in it. */
function planOf(engine: Engine, { trait }: LoadedTrait, settings: RolloutSettings) {
  const { model, engine: engineInfo } = provenanceOf(engine, { trait, hash: '', path: '' }, settings)
  const { name, contrastivePrompts, extractionQuestions } = trait
  return { model, engine: engineInfo, settings, trait: { name, contrastivePrompts, extractionQuestions } }
}
