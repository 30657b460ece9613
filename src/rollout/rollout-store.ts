/** Finished rollouts in a run's folder, in parts: the words as JSON lines, the activations as safetensors beside them. */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Activations } from '../engine/contract/capture.ts'
import type { GenerateResult } from '../engine/contract/generate.ts'
import { readSafetensors, type Tensor, writeSafetensors } from '../store/safetensors.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import type { PlannedRollout } from './plan-rollouts.ts'

/** A finished rollout without its activations. */
export interface Rollout extends PlannedRollout {
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

export interface FinishedRollout {
  readonly rollout: Rollout
  /** Absent where the answer was empty. */
  readonly activations: RolloutActivations | undefined
}

/** The matrices that are kept, by the name of their tensor. */
const matrices = {
  response_avg: 'responseMean',
  prompt_avg: 'promptMean',
  prompt_avg_without_first: 'promptMeanWithoutFirst',
  prompt_last: 'promptLast',
  response_norms: 'responseNorms',
} as const satisfies Record<string, keyof RolloutActivations>

const wordsPath = (folder: string, part: number) => join(folder, `rollouts-${String(part).padStart(4, '0')}.jsonl`)
const activationsPath = (folder: string, part: number) => wordsPath(folder, part).replace(/jsonl$/, 'safetensors')

/** Keeps a part. The words are written last: a part is there when they are. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function keepPart(folder: string, part: number, finished: readonly FinishedRollout[]): Promise<void> {
  const tensors: Record<string, Tensor> = {}
  finished.forEach(({ activations }, index) => {
    if (!activations) return
    for (const [name, key] of Object.entries(matrices)) {
      const values = activations[key]
      tensors[`${name}.${index}`] = { shape: [values.length], values }
    }
  })
  await writeSafetensors(activationsPath(folder, part), { tensors, metadata: {} })
  await writeFileWhole(wordsPath(folder, part), finished.map(({ rollout }) => `${JSON.stringify(rollout)}\n`).join(''))
}

/** The numbers of the parts that are there. */
export async function finishedParts(folder: string): Promise<Set<number>> {
  const files = await readdir(folder)
  return new Set(files.flatMap(file => file.match(/^rollouts-(\d+)\.jsonl$/)?.[1] ?? []).map(Number))
}

/** Reads the parts one after the other, so that one part's activations are in memory at a time. */
export async function* readParts(folder: string, parts: number): AsyncGenerator<FinishedRollout[]> {
  for (let part = 0; part < parts; part++) {
    const lines = (await readFile(wordsPath(folder, part), 'utf8')).trimEnd().split('\n')
    const { tensors } = await readSafetensors(activationsPath(folder, part), 'file of activations')
    yield lines.map((line, index) => ({
      rollout: JSON.parse(line) as Rollout,
      activations: activationsOf(tensors, index),
    }))
  }
}

/** Removes the activations of a run, which can be large; the words stay. */
export async function forgetActivations(folder: string, parts: number): Promise<void> {
  for (let part = 0; part < parts; part++) await rm(activationsPath(folder, part), { force: true })
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
