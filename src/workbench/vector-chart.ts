import type { Layer } from '../engine/contract/layer.ts'
import { svgFile } from '../report/drawing.ts'
import { layerProfilePlot } from '../report/layer-profile-plot.ts'
import { type PersonaVector, relativeNorm } from '../vector/persona-vector.ts'

/** What is known of a vector at every layer, as an SVG: its size, how well it separates, what steering does. */
export function vectorChart(vector: PersonaVector): string {
  const layers = Array.from({ length: vector.blockCount }, (_, block) => (block + 1) as Layer)
  const { trait, model, unfiltered } = vector.provenance
  const evidence = new Map(vector.profile?.layers.map(row => [row.layer, row]))
  const sweep = new Map(vector.profile?.steering?.layers.map(row => [row.layer, row.best]))
  const { defaultLayer, readingLayer } = vector
  const plot = layerProfilePlot({
    title: `Persona vector “${trait.name}” on ${model.id}${unfiltered ? ' (unfiltered)' : ''}`,
    rows: layers.map(layer => {
      const separation = evidence.get(layer)?.separation
      const best = sweep.get(layer)
      return {
        layer,
        relativeNorm: relativeNorm(vector, layer),
        ...(separation !== undefined && { auc: separation }),
        ...(best && { steeringEffect: best.effect, steeringEffectInterval: { low: best.low, high: best.high } }),
      }
    }),
    marks: [
      { layer: defaultLayer, label: `steer: layer ${defaultLayer}`, role: 'chosen' },
      ...(readingLayer === undefined || readingLayer === defaultLayer
        ? []
        : [{ layer: readingLayer, label: `read: layer ${readingLayer}`, role: 'second' } as const]),
    ],
  })
  return svgFile(plot)
}
