import type { Layer } from '../engine/contract/layer.ts'
import type { LayerEvidence, LayerProfile, ScreeningEvidence } from './layer-evidence.ts'

/** A layer, and why it was chosen. */
export interface LayerChoice {
  readonly layer: Layer
  readonly reason: string
}

export interface ChosenLayers {
  /** Where to steer. */
  readonly steering: LayerChoice
  /** Where to read the last prompt token. */
  readonly reading: LayerChoice
}

/** Separations this close to the best are alike. */
const alike = 0.01

/** Where steering was found to work best on models of several sizes, as a part of the depth. */
const usualDepth = 0.55

/**
 * Chooses the layers on the evidence there is; all of it is from extraction questions.
 *
 * Steering: the largest effect on the score within the bound of perplexity; before steering was measured, or where it
 * raised the score nowhere, of the layers that separate best the one nearest to 0.55 of the depth. Reading: the layer at
 * which the last prompt token tells the score best, over all answers and within one system prompt, averaged over
 * neighbouring layers; without scores, the steering layer.
 */
export function chooseLayers(profile: LayerProfile): ChosenLayers {
  const steering = bySteering(profile) ?? bySeparation(profile)
  return { steering, reading: byReading(profile) ?? { ...steering, reason: 'the steering layer: no scores to go by' } }
}

function bySteering({ steering }: LayerProfile): LayerChoice | undefined {
  const within = steering?.layers.flatMap(({ layer, best }) => (best ? [{ layer, ...best }] : [])) ?? []
  const best = within.reduce<(typeof within)[number] | undefined>(
    (a, b) => (a === undefined || b.effect > a.effect ? b : a),
    undefined,
  )
  if (!best || best.effect <= 0) return undefined
  const range = `95 % ${best.low.toFixed(1)} to ${best.high.toFixed(1)}`
  return {
    layer: best.layer,
    reason: `of ${steering!.layers.length} layers steered, the largest effect on the score: ${best.effect.toFixed(1)} points between doses -${best.dose} and ${best.dose} (${range}), perplexity within ${steering!.perplexityBound} times that of unsteered answers`,
  }
}

function bySeparation({ layers, steering }: LayerProfile): LayerChoice {
  const usual = Math.max(1, usualDepth * layers.length)
  const best = Math.max(...layers.map(({ separation }) => separation ?? 0))
  const candidates = layers.filter(({ separation }) => (separation ?? 0) >= best - alike)
  const nearest = candidates.reduce((a, b) => (Math.abs(b.layer - usual) < Math.abs(a.layer - usual) ? b : a))
  return {
    layer: nearest.layer,
    reason: `nearest to ${usualDepth} of the depth among ${candidates.length} layers that separate p+ from p- best (held-out AUC ${(nearest.separation ?? 0).toFixed(3)}); ${steering ? 'steering raised the score at no layer that was tried' : 'steering not measured yet'}`,
  }
}

function byReading({ layers }: LayerProfile): LayerChoice | undefined {
  if (layers.some(({ reading }) => reading === undefined)) return undefined
  const smooth = layers.map((_, index) => mean(layers.slice(Math.max(0, index - 1), index + 2).map(readingOf)))
  const index = smooth.indexOf(Math.max(...smooth))
  const { layer, reading } = layers[index]!
  return {
    layer,
    reason: `the last prompt token tells the score of held-out extraction answers best here: r ${reading!.overall.toFixed(2)} over all, ${reading!.withinPrompt.toFixed(2)} within one prompt`,
  }
}

function readingOf({ reading }: LayerEvidence): number {
  return (reading!.overall + reading!.withinPrompt) / 2
}

/**
 * Where to read rows of datasets: of the layers whose direction for screening tells held-out answers apart best, from p-
 * and from ordinary ones on average, the one nearest to 0.55 of the depth. Answers are read without their system prompt
 * here: with it, late layers seem best because they still hold the prompt.
 * @returns undefined without evidence
 */
export function chooseScreeningLayer({ layers }: LayerProfile): LayerChoice | undefined {
  const known = layers.flatMap(({ layer, screening }) => (screening ? [{ layer, ...screening }] : []))
  if (known.length === 0) return undefined
  const usual = Math.max(1, usualDepth * layers.length)
  const areaOf = ({ fromSuppressed, fromOrdinary }: ScreeningEvidence) => (fromSuppressed + fromOrdinary) / 2
  const best = Math.max(...known.map(areaOf))
  const candidates = known.filter(row => areaOf(row) >= best - alike)
  const chosen = candidates.reduce((a, b) => (Math.abs(b.layer - usual) < Math.abs(a.layer - usual) ? b : a))
  return {
    layer: chosen.layer,
    reason: `nearest to ${usualDepth} of the depth among ${candidates.length} layers that tell answers read without their system prompt apart best: held-out AUC ${chosen.fromSuppressed.toFixed(3)} from p-, ${chosen.fromOrdinary.toFixed(3)} from ordinary answers`,
  }
}

/** The layer used where nothing is known of the layers, as for an imported vector. */
export function provisionalLayer(blockCount: number): LayerChoice {
  const layer = Math.max(1, Math.floor(usualDepth * blockCount)) as Layer
  return {
    layer,
    reason: `${usualDepth} of the depth of ${blockCount} blocks; provisional until the layers are profiled`,
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
