import type { Engine } from '../engine/contract/engine.ts'
import type { GenerateRequest, GenerateResult } from '../engine/contract/generate.ts'
import type { PlannedRollout, RolloutSettings } from './plan-rollouts.ts'
import { type FinishedRollout, finishedParts, keepPart, toRolloutActivations } from './rollout-store.ts'

export interface RolloutProgress {
  readonly doneRollouts: number
  readonly totalRollouts: number
  /** Of these, how many were there before this call. */
  readonly reusedRollouts: number
  /** Tokens written in this call. */
  readonly writtenTokens: number
}

export interface RunRolloutsOptions {
  readonly settings: RolloutSettings
  readonly onProgress?: (progress: RolloutProgress) => void
  readonly signal?: AbortSignal
}

/**
 * A part is what one reproducible run of the engine does and what is kept at a time: large enough to fill the engine,
 * small enough that little is lost when the work is stopped. Fixed, because in formats whose kernels see their
 * neighbours the results depend on it.
 */
const rolloutsPerPart = 64

export function partCount(rollouts: readonly PlannedRollout[]): number {
  return Math.ceil(rollouts.length / rolloutsPerPart)
}

/**
 * Asks the model everything planned that is not in the folder yet, capturing all layers while it answers.
 * Stopping loses at most the part at work.
 * @throws what the engine throws, DISK_FULL, ENGINE_ABORTED
 */
export async function runRollouts(
  engine: Engine,
  rollouts: readonly PlannedRollout[],
  folder: string,
  { settings, onProgress = () => {}, signal }: RunRolloutsOptions,
): Promise<void> {
  const known = await finishedParts(folder)
  let doneRollouts = 0
  let reusedRollouts = 0
  let writtenTokens = 0
  const report = () => onProgress({ doneRollouts, totalRollouts: rollouts.length, reusedRollouts, writtenTokens })
  for (let part = 0; part < partCount(rollouts); part++) {
    const planned = rollouts.slice(part * rolloutsPerPart, (part + 1) * rolloutsPerPart)
    if (known.has(part)) {
      doneRollouts += planned.length
      reusedRollouts += planned.length
      report()
      continue
    }
    const results = await engine.generateAll(
      planned.map(rollout => toRequest(engine, rollout, settings)),
      {
        ...(signal && { signal }),
        onResult: (_, result) => {
          doneRollouts++
          writtenTokens += result.writtenTokens
          report()
        },
      },
    )
    await keepPart(
      folder,
      part,
      planned.map((rollout, index) => toFinished(rollout, results[index]!)),
    )
  }
}

function toRequest(
  engine: Engine,
  rollout: PlannedRollout,
  { maxTokens, temperature }: RolloutSettings,
): GenerateRequest {
  return {
    prompt: {
      messages: [
        { role: 'system', content: rollout.systemPrompt },
        { role: 'user', content: rollout.questionText },
      ],
    },
    maxTokens,
    sampling: { temperature, seed: rollout.seed },
    // What such a model thinks before it answers is not the answer.
    ...(engine.model.chatTemplate?.thinking === 'always' && { answerAfter: '</think>' }),
    capture: { layers: 'all', responseMean: true, responseNorms: true, promptMean: true, promptLast: true },
  }
}

function toFinished(rollout: PlannedRollout, result: GenerateResult): FinishedRollout {
  return {
    rollout: {
      ...rollout,
      answer: result.text,
      finishReason: result.finishReason,
      promptTokens: result.promptTokens,
      responseTokens: result.tokens.length,
    },
    activations: toRolloutActivations(result.activations),
  }
}
