import type { Engine } from '../engine/contract/engine.ts'
import type { GenerateRequest, GenerateResult } from '../engine/contract/generate.ts'
import type { Prompt } from '../engine/contract/prompt.ts'
import type { Steering } from '../engine/contract/steering.ts'
import type { PlannedRollout, RolloutSettings } from './plan-rollouts.ts'
import {
  type FinishedRollout,
  finishedParts,
  keepPart,
  type RolloutSet,
  toRolloutActivations,
} from './rollout-store.ts'

export interface RolloutProgress {
  readonly doneRollouts: number
  readonly totalRollouts: number
  /** Of these, how many were there before this call. */
  readonly reusedRollouts: number
  /** Tokens written in this call. */
  readonly writtenTokens: number
}

export interface RunRolloutsOptions<Planned> {
  readonly folder: string
  /** The name of the set: what its files are called. */
  readonly name: string
  readonly settings: Pick<RolloutSettings, 'maxTokens' | 'temperature'>
  /** Whether to take the activations of all layers while answering. */
  readonly capture: boolean
  readonly steeringOf?: (rollout: Planned) => readonly Steering[]
  readonly onProgress?: (progress: RolloutProgress) => void
  readonly signal?: AbortSignal
}

/**
 * A part is what one reproducible run of the engine does and what is kept at a time: large enough to fill the engine,
 * small enough that little is lost when the work is stopped. Fixed, because in formats whose kernels see their
 * neighbours the results depend on it.
 */
export const rolloutsPerPart = 64

export function partCount(rollouts: readonly unknown[]): number {
  return Math.ceil(rollouts.length / rolloutsPerPart)
}

/**
 * Asks the model everything planned that is not in the folder yet. Stopping loses at most the part at work.
 * @throws what the engine throws, DISK_FULL, ENGINE_ABORTED
 */
export async function runRollouts<Planned extends PlannedRollout>(
  engine: Engine,
  rollouts: readonly Planned[],
  options: RunRolloutsOptions<Planned>,
): Promise<RolloutSet> {
  const { folder, name, onProgress = () => {}, signal } = options
  const known = await finishedParts({ folder, name })
  let doneRollouts = 0
  let reusedRollouts = 0
  let writtenTokens = 0
  const report = () => onProgress({ doneRollouts, totalRollouts: rollouts.length, reusedRollouts, writtenTokens })
  for (let part = 0; part < partCount(rollouts); part++) {
    const planned = partOf(rollouts, part)
    if (known.has(part)) {
      doneRollouts += planned.length
      reusedRollouts += planned.length
      report()
      continue
    }
    const results = await engine.generateAll(
      planned.map(rollout => toRequest(engine, rollout, options)),
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
      { folder, name },
      part,
      planned.map((rollout, index) => toFinished(rollout, results[index]!)),
    )
  }
  return { folder, name, parts: partCount(rollouts) }
}

/** What belongs to a part, of anything planned that is kept in parts. */
export function partOf<Planned>(planned: readonly Planned[], part: number): readonly Planned[] {
  return planned.slice(part * rolloutsPerPart, (part + 1) * rolloutsPerPart)
}

/** What the model is shown of a rollout. */
export function promptOf({
  systemPrompt,
  questionText,
}: Pick<PlannedRollout, 'systemPrompt' | 'questionText'>): Prompt {
  const question = { role: 'user', content: questionText } as const
  return { messages: systemPrompt === undefined ? [question] : [{ role: 'system', content: systemPrompt }, question] }
}

function toRequest<Planned extends PlannedRollout>(
  engine: Engine,
  rollout: Planned,
  { settings, capture, steeringOf }: RunRolloutsOptions<Planned>,
): GenerateRequest {
  return {
    prompt: promptOf(rollout),
    maxTokens: settings.maxTokens,
    sampling: { temperature: settings.temperature, seed: rollout.seed },
    // What such a model thinks before it answers is not the answer.
    ...(engine.model.chatTemplate?.thinking === 'always' && { answerAfter: '</think>' }),
    ...(steeringOf && { steering: steeringOf(rollout) }),
    ...(capture && {
      capture: { layers: 'all', responseMean: true, responseNorms: true, promptMean: true, promptLast: true },
    }),
  }
}

function toFinished<Planned extends PlannedRollout>(
  rollout: Planned,
  result: GenerateResult,
): FinishedRollout<Planned> {
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
