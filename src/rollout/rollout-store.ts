/**
 * Finished rollouts in a run's folder, in parts: the words as JSON lines, the activations, where there are any, as
 * safetensors beside them. A set of rollouts has a name, the beginning of its files' names.
 */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Activations } from '../engine/contract/capture.ts'
import type { GenerateResult } from '../engine/contract/generate.ts'
import { readSafetensors, type Tensor, writeSafetensors } from '../store/safetensors.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import type { ContrastiveRollout, PlannedRollout } from './plan-rollouts.ts'

/** A finished rollout without its activations. */
export type Rollout<Planned extends PlannedRollout = ContrastiveRollout> = Planned & RolloutWords

export interface RolloutWords {
  readonly answer: string
  readonly finishReason: GenerateResult['finishReason']
  readonly promptTokens: number
  readonly responseTokens: number
}

/** The activations of one rollout, every layer 0..B: [B+1, d] each. */
export interface RolloutActivations {
  readonly responseMean: Float32Array
  readonly promptMean: Float32Array
  readonly promptMeanWithoutFirst: Float32Array
  readonly promptLast: Float32Array
  /** [B+1, response tokens] */
  readonly responseNorms: Float32Array
}

export interface FinishedRollout<Planned extends PlannedRollout = ContrastiveRollout> {
  readonly rollout: Rollout<Planned>
  /** Absent where the answer was empty, or none were asked for. */
  readonly activations: RolloutActivations | undefined
}

/** Where a set of rollouts is kept: in `parts` parts. */
export interface RolloutSet {
  readonly folder: string
  readonly name: string
  readonly parts: number
}

/** The matrices that are kept, by the name of their tensor. */
const matrices = {
  response_avg: 'responseMean',
  prompt_avg: 'promptMean',
  prompt_avg_without_first: 'promptMeanWithoutFirst',
  prompt_last: 'promptLast',
  response_norms: 'responseNorms',
} as const satisfies Record<string, keyof RolloutActivations>

/** The path of a part's file of one kind. */
export function partPath({ folder, name }: Omit<RolloutSet, 'parts'>, part: number, ending: string): string {
  return join(folder, `${name}-${String(part).padStart(4, '0')}.${ending}`)
}

/** Keeps a part. The words are written last: a part is there when they are. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function keepPart<Planned extends PlannedRollout>(
  set: Omit<RolloutSet, 'parts'>,
  part: number,
  finished: readonly FinishedRollout<Planned>[],
): Promise<void> {
  const tensors: Record<string, Tensor> = {}
  finished.forEach(({ activations }, index) => {
    if (!activations) return
    for (const [name, key] of Object.entries(matrices)) {
      const values = activations[key]
      tensors[`${name}.${index}`] = { shape: [values.length], values }
    }
  })
  if (Object.keys(tensors).length > 0)
    await writeSafetensors(partPath(set, part, 'safetensors'), { tensors, metadata: {} })
  const lines = finished.map(({ rollout }) => `${JSON.stringify(rollout)}\n`)
  await writeFileWhole(partPath(set, part, 'jsonl'), lines.join(''))
}

/** The numbers of the parts that are there. */
export async function finishedParts({ folder, name }: Omit<RolloutSet, 'parts'>): Promise<Set<number>> {
  const files = await readdir(folder)
  const numbers = files.filter(file => file.startsWith(`${name}-`)).map(file => file.slice(name.length + 1))
  return new Set(numbers.flatMap(rest => /^(\d+)\.jsonl$/.exec(rest)?.[1] ?? []).map(Number))
}

/** The words of a part. */
export async function readWords<Planned extends PlannedRollout>(
  set: Omit<RolloutSet, 'parts'>,
  part: number,
): Promise<Rollout<Planned>[]> {
  const lines = (await readFile(partPath(set, part, 'jsonl'), 'utf8')).trimEnd().split('\n')
  return lines.map(line => JSON.parse(line) as Rollout<Planned>)
}

/** Reads the parts one after the other, so that one part's activations are in memory at a time. */
export async function* readParts<Planned extends PlannedRollout = ContrastiveRollout>(
  set: RolloutSet,
): AsyncGenerator<FinishedRollout<Planned>[]> {
  for (let part = 0; part < set.parts; part++) {
    const words = await readWords<Planned>(set, part)
    const { tensors } = await readSafetensors(partPath(set, part, 'safetensors'), 'file of activations')
    yield words.map((rollout, index) => ({ rollout, activations: activationsOf(tensors, index) }))
  }
}

/** Removes the activations of a set, which can be large; the words stay. */
export async function forgetActivations(set: RolloutSet): Promise<void> {
  for (let part = 0; part < set.parts; part++) await rm(partPath(set, part, 'safetensors'), { force: true })
}

/** What an engine captured, if the answer had any token. */
export function toRolloutActivations(activations: Activations | undefined): RolloutActivations | undefined {
  const { responseMean, promptMean, promptMeanWithoutFirst, promptLast, responseNorms } = activations ?? {}
  if (!responseMean || !promptMean || !promptMeanWithoutFirst || !promptLast || !responseNorms) return undefined
  return { responseMean, promptMean, promptMeanWithoutFirst, promptLast, responseNorms }
}

function activationsOf(tensors: Readonly<Record<string, Tensor>>, index: number): RolloutActivations | undefined {
  const entries = Object.entries(matrices).map(([name, key]) => [key, tensors[`${name}.${index}`]?.values])
  if (entries.some(([, values]) => values === undefined)) return undefined
  return Object.fromEntries(entries) as unknown as RolloutActivations
}
