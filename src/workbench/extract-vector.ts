import { join } from 'node:path'
import type { Engine } from '../engine/contract/engine.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { layerChart } from '../report/layer-chart.ts'
import { planRollouts, type RolloutSettings } from '../rollout/plan-rollouts.ts'
import { readParts } from '../rollout/rollout-store.ts'
import { partCount, type RolloutProgress, runRollouts } from '../rollout/run-rollouts.ts'
import { openRun } from '../store/run-folder.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import { extractDirections, provisionalLayer } from '../vector/extract-vector.ts'
import { type PersonaVector, relativeNorm } from '../vector/persona-vector.ts'
import { vectorPath, writeVector } from '../vector/vector-file.ts'
import { version } from './version.ts'

export interface ExtractOptions {
  readonly engine: Engine
  readonly trait: LoadedTrait
  readonly workspace: Workspace
  /** `none` keeps every pair and marks the vector unfiltered. */
  readonly judge: 'none'
  readonly settings?: Partial<RolloutSettings>
  readonly onProgress?: (progress: RolloutProgress) => void
  readonly signal?: AbortSignal
}

export interface ExtractedVector {
  readonly vector: PersonaVector
  readonly path: string
  readonly chartPath: string
  readonly runPath: string
  /** How many rollouts were there from an earlier run. */
  readonly reusedRollouts: number
  readonly rollouts: number
}

/**
 * One answer of at most 60 tokens to each question under each prompt. Drawn at temperature 0.7: at 1, small models
 * lose the thread within a sentence, and the vector gets shorter (measured, docs/lab-log.md).
 */
export const defaultRolloutSettings: RolloutSettings = { samples: 1, maxTokens: 60, temperature: 0.7, seed: 0 }

/**
 * Makes the persona vector of a trait on a model: asks every extraction question under every contrastive prompt, takes
 * the activations of the answers while they are written, and subtracts the means (paper, section 2.2). The work is
 * kept part by part; the same call goes on where it was stopped and reuses what is there.
 * @throws MODEL_NO_CHAT_TEMPLATE, VECTOR_NO_PAIRS, RUN_IN_USE, DISK_FULL, what the engine throws
 */
export async function extractVector(options: ExtractOptions): Promise<ExtractedVector> {
  const { engine, trait, workspace, onProgress = () => {}, signal } = options
  const settings = { ...defaultRolloutSettings, ...options.settings }
  if (!engine.model.chatTemplate) throw new PersonascopeError('MODEL_NO_CHAT_TEMPLATE', { model: engine.model.id })
  const rollouts = planRollouts(trait.trait, settings)
  const name = `extract-${trait.trait.name}`
  await using run = await openRun(workspace.runs, 'extract', name, planOf(engine, trait, settings))
  let reusedRollouts = 0
  await runRollouts(engine, rollouts, run.path, {
    settings,
    ...(signal && { signal }),
    onProgress: progress => {
      reusedRollouts = progress.reusedRollouts
      onProgress(progress)
    },
  })
  const extracted = await extractDirections(readParts(run.path, partCount(rollouts)), engine.model)
  const { layer, reason } = provisionalLayer(engine.model.blockCount)
  const { directions, medianResponseNorms, pairsKept, responseTokens } = extracted
  const vector: PersonaVector = {
    directions,
    medianResponseNorms,
    blockCount: engine.model.blockCount,
    hiddenSize: engine.model.hiddenSize,
    hasEmbedding: engine.model.embeddingLayer,
    defaultLayer: layer,
    defaultLayerReason: reason,
    provenance: {
      ...provenanceOf(engine, trait, settings),
      judge: options.judge,
      unfiltered: options.judge === 'none',
      pairsPlanned: rollouts.length / 2,
      pairsKept,
      responseTokens,
      personascopeVersion: version,
      createdAt: run.manifest.createdAt,
    },
  }
  const path = vectorPath(workspace.vectors, engine.model.id, trait.trait.name)
  const chartPath = path.replace(/safetensors$/, 'svg')
  await writeVector(path, vector)
  await writeFileWhole(chartPath, vectorChart(vector))
  return { vector, path, chartPath, runPath: join(run.path), reusedRollouts, rollouts: rollouts.length }
}

/** How large the vector is at every layer, relative to the model's own activations there. */
export function vectorChart(vector: PersonaVector): string {
  const layers = Array.from({ length: vector.blockCount }, (_, block) => (block + 1) as Layer)
  const { trait, model, unfiltered } = vector.provenance
  return layerChart({
    title: `Persona vector “${trait.name}” on ${model.id}${unfiltered ? ' (unfiltered)' : ''}`,
    valueLabel: '|v| / median length of response tokens',
    layers,
    values: layers.map(layer => relativeNorm(vector, layer)),
    marked: { layer: vector.defaultLayer, label: `layer ${vector.defaultLayer}` },
  })
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

/** All that the rollouts' bytes depend on: equal plans are one run. */
function planOf(engine: Engine, trait: LoadedTrait, settings: RolloutSettings) {
  return { ...provenanceOf(engine, trait, settings), traitContent: trait.trait }
}
