import type { Engine } from '../engine/contract/engine.ts'
import type { GenerateRequest, GenerateResult } from '../engine/contract/generate.ts'
import { dot, norm } from '../numeric/vector-math.ts'
import { finishedParts, keepPart, type Rollout, type RolloutSet, readWords } from '../rollout/rollout-store.ts'
import { partCount, partOf, promptOf } from '../rollout/run-rollouts.ts'
import type { ShiftDirection, ShiftRollout, ShiftSettings } from './plan-shift.ts'

/** A question with what its answer is at each direction. */
export interface ProjectedRollout extends ShiftRollout {
  /** h.v/|v| of the mean over response tokens, in the order of the directions; null where the answer has no token. */
  readonly projections: readonly number[] | null
}

export interface AnswerQuestionsOptions {
  readonly folder: string
  /** The name of the set: what its files are called. */
  readonly name: string
  readonly settings: Pick<ShiftSettings, 'maxTokens' | 'temperature'>
  readonly directions: readonly ShiftDirection[]
  readonly onProgress?: (doneAnswers: number) => void
  readonly signal?: AbortSignal
}

/** Whether every answer of a set is in the folder. */
export async function areAnswered(set: Omit<RolloutSet, 'parts'>, planned: readonly ShiftRollout[]): Promise<boolean> {
  const known = await finishedParts(set)
  return Array.from({ length: partCount(planned) }, (_, part) => part).every(part => known.has(part))
}

/**
 * Has a model answer what is not in the folder yet, and projects each answer while it is written. Words and projections
 * of a part are one file, so stopping loses at most the part at work.
 * @throws what the engine throws, DISK_FULL, ENGINE_ABORTED
 */
export async function answerQuestions(
  engine: Engine,
  planned: readonly ShiftRollout[],
  options: AnswerQuestionsOptions,
): Promise<RolloutSet> {
  const { folder, name, onProgress = () => {}, signal } = options
  const known = await finishedParts({ folder, name })
  let done = 0
  for (let part = 0; part < partCount(planned); part++) {
    const asked = partOf(planned, part)
    if (known.has(part)) {
      done += asked.length
      onProgress(done)
      continue
    }
    const results = await engine.generateAll(
      asked.map(rollout => requestOf(engine, rollout, options)),
      { ...(signal && { signal }), onResult: () => onProgress(++done) },
    )
    const finished = asked.map((rollout, index) => toProjected(rollout, results[index]!, options.directions))
    await keepPart(
      { folder, name },
      part,
      finished.map(rollout => ({ rollout, activations: undefined })),
    )
  }
  return { folder, name, parts: partCount(planned) }
}

/** The answers of a set, in the order they were planned in. */
export async function readAnswers(set: RolloutSet): Promise<Rollout<ProjectedRollout>[]> {
  const parts = Array.from({ length: set.parts }, (_, part) => readWords<ProjectedRollout>(set, part))
  return (await Promise.all(parts)).flat()
}

function requestOf(
  { model }: Engine,
  rollout: ShiftRollout,
  { settings, directions }: AnswerQuestionsOptions,
): GenerateRequest {
  return {
    prompt: promptOf(rollout),
    maxTokens: settings.maxTokens,
    sampling: { temperature: settings.temperature, seed: rollout.seed },
    // What such a model thinks before it answers is not the answer.
    ...(model.chatTemplate?.thinking === 'always' && { answerAfter: '</think>' }),
    capture: { layers: layersOf(directions), responseMean: true },
  }
}

function toProjected(
  rollout: ShiftRollout,
  { text, finishReason, promptTokens, tokens, activations }: GenerateResult,
  directions: readonly ShiftDirection[],
): Rollout<ProjectedRollout> {
  const means = activations?.responseMean
  const words = { answer: text, finishReason, promptTokens, responseTokens: tokens.length }
  if (!activations || !means) return { ...rollout, ...words, projections: null }
  const { layers, hiddenSize } = activations
  const projections = directions.map(({ layer, direction }) => {
    const row = layers.indexOf(layer) * hiddenSize
    return dot(means.subarray(row, row + hiddenSize), direction) / norm(direction)
  })
  return { ...rollout, ...words, projections }
}

function layersOf(directions: readonly ShiftDirection[]) {
  return [...new Set(directions.map(({ layer }) => layer))].sort((a, b) => a - b)
}
