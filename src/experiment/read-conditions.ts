import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Engine } from '../engine/contract/engine.ts'
import { partCount, partOf, promptOf } from '../rollout/run-rollouts.ts'
import { readSafetensors, writeSafetensors } from '../store/safetensors.ts'
import type { Condition } from './plan-experiment.ts'

export interface ReadConditionsOptions {
  readonly folder: string
  readonly onProgress?: (doneConditions: number) => void
  readonly signal?: AbortSignal
}

/**
 * The last prompt token of every condition at every layer, read before any response token exists: the prompts are read
 * and nothing is written. Kept in the folder, part by part.
 * @returns [B+1, d] for each condition
 */
export async function readConditions(
  engine: Engine,
  conditions: readonly Condition[],
  { folder, onProgress = () => {}, signal }: ReadConditionsOptions,
): Promise<Float32Array[]> {
  const known = new Set(await readdir(folder))
  const states: Float32Array[] = []
  for (let part = 0; part < partCount(conditions); part++) {
    const path = pathOf(folder, part)
    states.push(
      ...(known.has(basename(path))
        ? await readPart(path)
        : await askPart(engine, partOf(conditions, part), path, signal)),
    )
    onProgress(states.length)
  }
  return states
}

/**
 * The same of a run that has read all of them, without a model.
 * @throws FILE_NOT_FOUND where it has not
 */
export async function readKnownConditions(folder: string, conditions: readonly Condition[]): Promise<Float32Array[]> {
  const states: Float32Array[] = []
  for (let part = 0; part < partCount(conditions); part++) states.push(...(await readPart(pathOf(folder, part))))
  return states
}

function pathOf(folder: string, part: number): string {
  return join(folder, `conditions-${String(part).padStart(4, '0')}.safetensors`)
}

async function askPart(
  engine: Engine,
  conditions: readonly Condition[],
  path: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const results = await engine.forwardAll(
    conditions.map(condition => ({ prompt: promptOf(condition), capture: { layers: 'all', promptLast: true } })),
    signal ? { signal } : {},
  )
  const states = results.map(({ activations }) => activations!.promptLast!)
  const { blockCount, hiddenSize } = engine.model
  const size = (blockCount + 1) * hiddenSize
  const values = new Float32Array(states.length * size)
  states.forEach((state, index) => {
    values.set(state, index * size)
  })
  const tensors = { prompt_last: { shape: [states.length, blockCount + 1, hiddenSize], values } }
  await writeSafetensors(path, { tensors, metadata: {} })
  return states
}

async function readPart(path: string): Promise<Float32Array[]> {
  const { tensors } = await readSafetensors(path, 'file of activations')
  const { shape, values } = tensors['prompt_last']!
  const size = values.length / shape[0]!
  return Array.from({ length: shape[0]! }, (_, index) => values.subarray(index * size, (index + 1) * size))
}
