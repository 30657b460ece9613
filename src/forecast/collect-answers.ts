import type { Engine } from '../engine/contract/engine.ts'
import type { GenerateRequest, GenerateResult } from '../engine/contract/generate.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { finishedParts, keepPart, partPath, type RolloutSet } from '../rollout/rollout-store.ts'
import { partCount, partOf, promptOf } from '../rollout/run-rollouts.ts'
import { readSafetensors, type Tensor, writeSafetensors } from '../store/safetensors.ts'
import type { LayerFeatures } from './choose-readout.ts'
import type { TrainingRollout, TrainingSettings } from './plan-training.ts'

export interface CollectOptions {
  readonly folder: string
  readonly settings: Pick<TrainingSettings, 'maxTokens' | 'temperature'>
  /** Where the last prompt token is kept. */
  readonly layers: readonly Layer[]
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly reused: number }) => void
  readonly signal?: AbortSignal
}

/** The name of the set of answers in a training's run. */
export const answerSet = 'answers'
const fileKind = 'file of last prompt tokens'

/** From a third of the depth up: below, nothing that answers depend on is found (docs/lab-log.md). */
export function readableLayers(blockCount: number): Layer[] {
  const first = Math.max(1, Math.ceil(blockCount / 3))
  return Array.from({ length: blockCount - first + 1 }, (_, index) => (first + index) as Layer)
}

/**
 * Has the model answer everything planned that is not in the folder yet, and keeps the last prompt token of each, taken
 * in the pass that writes the answer. A part's states lie in one file, layer by layer; its words are written after them,
 * so a part is there when they are. Stopping loses at most the part at work.
 * @throws what the engine throws, DISK_FULL, ENGINE_ABORTED
 */
export async function collectAnswers(
  engine: Engine,
  planned: readonly TrainingRollout[],
  options: CollectOptions,
): Promise<RolloutSet> {
  const { folder, layers, onProgress = () => {}, signal } = options
  const set: RolloutSet = { folder, name: answerSet, parts: partCount(planned) }
  const known = await finishedParts(set)
  let done = 0
  let reused = 0
  const report = () => onProgress({ done, total: planned.length, reused })
  for (let part = 0; part < set.parts; part++) {
    const asked = partOf(planned, part)
    if (known.has(part)) {
      done += asked.length
      reused += asked.length
      report()
      continue
    }
    const results = await engine.generateAll(
      asked.map(rollout => requestOf(engine, rollout, options)),
      {
        ...(signal && { signal }),
        onResult: () => {
          done++
          report()
        },
      },
    )
    await writeSafetensors(statesPath(set, part), { tensors: tensorsOf(results, layers), metadata: {} })
    await keepPart(
      set,
      part,
      asked.map((rollout, index) => ({ rollout: { ...rollout, ...wordsOf(results[index]!) }, activations: undefined })),
    )
  }
  return set
}

/**
 * The last prompt tokens of some answers, layer after layer, so that one layer is in memory at a time.
 * @param rows indices into what was planned, rising
 */
export async function* readLayers(
  set: RolloutSet,
  layers: readonly Layer[],
  rows: Int32Array,
  hiddenSize: number,
): AsyncGenerator<LayerFeatures> {
  for (const layer of layers) yield { layer, features: { values: await readLayer(layer), columns: hiddenSize } }

  async function readLayer(layer: Layer): Promise<Float32Array> {
    const values = new Float32Array(rows.length * hiddenSize)
    let next = 0
    let before = 0
    for (let part = 0; part < set.parts; part++) {
      const { tensors } = await readSafetensors(
        statesPath(set, part),
        fileKind,
        ['F32'],
        name => name === tensorName(layer),
      )
      const { shape, values: states } = tensors[tensorName(layer)]!
      for (; next < rows.length && rows[next]! < before + shape[0]!; next++) {
        const from = (rows[next]! - before) * hiddenSize
        values.set(states.subarray(from, from + hiddenSize), next * hiddenSize)
      }
      before += shape[0]!
    }
    return values
  }
}

function requestOf({ model }: Engine, rollout: TrainingRollout, { settings, layers }: CollectOptions): GenerateRequest {
  return {
    prompt: promptOf(rollout),
    maxTokens: settings.maxTokens,
    sampling: { temperature: settings.temperature, seed: rollout.seed },
    // What such a model thinks before it answers is not the answer.
    ...(model.chatTemplate?.thinking === 'always' && { answerAfter: '</think>' }),
    capture: { layers, promptLast: true },
  }
}

function wordsOf({ text, finishReason, promptTokens, tokens }: GenerateResult) {
  return { answer: text, finishReason, promptTokens, responseTokens: tokens.length }
}

/** [answers, d] for each layer. */
function tensorsOf(results: readonly GenerateResult[], layers: readonly Layer[]): Record<string, Tensor> {
  const { hiddenSize } = results[0]!.activations!
  return Object.fromEntries(
    layers.map((layer, index) => {
      const values = new Float32Array(results.length * hiddenSize)
      results.forEach(({ activations }, row) => {
        values.set(activations!.promptLast!.subarray(index * hiddenSize, (index + 1) * hiddenSize), row * hiddenSize)
      })
      return [tensorName(layer), { shape: [results.length, hiddenSize], values }]
    }),
  )
}

const tensorName = (layer: Layer) => `prompt_last.${layer}`

function statesPath(set: Omit<RolloutSet, 'parts'>, part: number): string {
  return partPath(set, part, 'safetensors')
}
