import type { Engine } from '../engine/contract/engine.ts'
import { everydayPrompts } from '../forecast/everyday-prompts.ts'
import { type OrdinaryRollout, planOrdinary } from '../rollout/plan-ordinary.ts'
import { type ContrastiveRollout, planRollouts, type RolloutSettings } from '../rollout/plan-rollouts.ts'
import { readReread, rereadAnswers } from '../rollout/reread-answers.ts'
import type { RolloutSet } from '../rollout/rollout-store.ts'
import { runRollouts } from '../rollout/run-rollouts.ts'
import type { Trait } from '../trait/trait.ts'
import { chooseScreeningLayer } from '../vector/choose-layers.ts'
import type { LayerProfile, ScreeningEvidence } from '../vector/layer-evidence.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { makeScreeningDirections, type ReadAnswer, type ScreeningDirections } from '../vector/screening-direction.ts'

export interface LearnScreeningOptions {
  readonly settings: RolloutSettings
  readonly onProgress: (progress: {
    readonly phase: 'ask-ordinary' | 'read-again'
    readonly done: number
    readonly total: number
    readonly reused: number
  }) => void
  readonly signal?: AbortSignal
}

/**
 * Makes the direction for screening from the answers of an extraction and from ordinary ones, which are asked for and
 * kept beside them; all are read as rows of a dataset are. The same call goes on where it was stopped.
 * @param set the finished rollouts of the extraction
 * @returns undefined where a kind of answer is missing
 * @throws what the engine throws, DISK_FULL
 */
export async function learnScreening(
  engine: Engine,
  trait: Trait,
  set: RolloutSet,
  { settings, onProgress, signal }: LearnScreeningOptions,
): Promise<ScreeningDirections | undefined> {
  const ordinary = await runRollouts(engine, planOrdinary(trait, everydayPrompts, settings), {
    folder: set.folder,
    name: 'ordinary',
    settings,
    capture: false,
    ...(signal && { signal }),
    onProgress: ({ doneRollouts: done, totalRollouts: total, reusedRollouts: reused }) =>
      onProgress({ phase: 'ask-ordinary', done, total, reused }),
  })
  const counts = [planRollouts(trait, settings).length, planOrdinary(trait, everydayPrompts, settings).length]
  const total = counts[0]! + counts[1]!
  const reading = (before: number) => ({
    ...(signal && { signal }),
    onProgress: (done: number) => onProgress({ phase: 'read-again', done: before + done, total, reused: 0 }),
  })
  await rereadAnswers(engine, set, reading(0))
  await rereadAnswers(engine, ordinary, reading(counts[0]!))
  return await makeScreeningDirections(() => readAnswers(set, ordinary), engine.model)
}

async function* readAnswers(set: RolloutSet, ordinary: RolloutSet): AsyncGenerator<ReadAnswer> {
  for await (const { rollout, responseMean } of readReread<ContrastiveRollout>(set)) {
    const group = rollout.side === 'positive' ? 'evoked' : 'suppressed'
    if (responseMean) yield { group, question: rollout.question, responseMean }
  }
  for await (const { rollout, responseMean } of readReread<OrdinaryRollout>(ordinary))
    if (responseMean) yield { group: 'ordinary', question: rollout.question, responseMean }
}

/**
 * A vector with its direction for screening and the evidence for the layer.
 * @param made where it was made now
 * @param earlier the same vector as it was before, whose direction is kept otherwise
 */
export function withScreening(
  vector: PersonaVector & { readonly profile: LayerProfile },
  made: ScreeningDirections | undefined,
  earlier: PersonaVector | undefined,
): PersonaVector {
  const kept = earlier?.screening
  const source = made ?? (kept && { ...kept, evidence: evidenceOf(earlier) })
  if (!source) return vector
  const layers = vector.profile.layers.map(row => {
    const screening = source.evidence[row.layer]
    return screening ? { ...row, screening } : row
  })
  const profile = { ...vector.profile, layers }
  const choice = chooseScreeningLayer(profile)
  if (!choice) return vector
  const { directions, answers } = source
  return { ...vector, profile, screening: { directions, answers, layer: choice.layer, layerReason: choice.reason } }
}

/** By layer, from 0 on. */
function evidenceOf({ profile }: PersonaVector): (ScreeningEvidence | undefined)[] {
  return [undefined, ...(profile?.layers.map(({ screening }) => screening) ?? [])]
}
