import type { Layer } from '../engine/contract/layer.ts'
import { layerChart } from '../report/layer-chart.ts'
import { type PersonaVector, relativeNorm } from '../vector/persona-vector.ts'

/** How large a vector is at every layer, relative to the model's own activations there, as an SVG. */
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
