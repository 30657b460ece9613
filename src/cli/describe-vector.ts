import type { Layer } from '../engine/contract/layer.ts'
import { norm } from '../numeric/vector-math.ts'
import { directionAt, knowsResponseNorms, type PersonaVector, relativeNorm } from '../vector/persona-vector.ts'
import { describeOrigin } from './describe-origin.ts'
import { formatTable } from './format.ts'

/** Fewer kept pairs than this make a vector to be careful with. */
const fewPairs = 20

/** A vector as text: what it is, what each layer does, which layers are used and why, and what to be careful about. */
export function describeVector(vector: PersonaVector): string {
  const { trait, model, unfiltered, pairsKept, pairsPlanned, responseTokens, origin } = vector.provenance
  const made = ` (${model.weightFormat}): ${pairsKept} of ${pairsPlanned} pairs, ${responseTokens} response tokens`
  return [
    `Persona vector ${trait.name} on ${model.id}${origin ? '' : made}`,
    ...describeOrigin(vector.provenance),
    ...(unfiltered && !origin ? ['UNFILTERED: no judge looked at the answers, every pair was kept.'] : []),
    '',
    layerTable(vector),
    '',
    `> layer ${vector.defaultLayer}: used where none is named (${vector.defaultLayerReason}).`,
    ...(vector.readingLayer === undefined
      ? []
      : [`* layer ${vector.readingLayer}: where prompts are read (${vector.readingLayerReason}).`]),
    ...(vector.screening === undefined
      ? []
      : [`~ layer ${vector.screening.layer}: where rows of datasets are read (${vector.screening.layerReason}).`]),
    ...sideEffectLines(vector),
    ...warnings(vector).map(warning => `Warning: ${warning}`),
  ].join('\n')
}

function layerTable(vector: PersonaVector): string {
  const evidence = new Map(vector.profile?.layers.map(row => [row.layer as number, row]))
  const sweep = new Map(vector.profile?.steering?.layers.map(row => [row.layer as number, row]))
  const number = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? ''
  const rows = layerRows(vector)
    .filter(({ layer }) => layer > 0)
    .map(({ layer, norm: length, relativeNorm: relative }) => {
      const { separation, reading, screening } = evidence.get(layer) ?? {}
      const best = sweep.get(layer)?.best
      const used = { '>': vector.defaultLayer, '*': vector.readingLayer, '~': vector.screening?.layer }
      const marks = Object.entries(used).flatMap(([mark, at]) => (at === layer ? [mark] : []))
      return [
        `${marks.join('').padStart(vector.screening ? 3 : 2)} ${layer}`,
        length.toFixed(2),
        number(relative, 3),
        number(separation, 3),
        reading ? `${reading.overall.toFixed(2)} / ${reading.withinPrompt.toFixed(2)}` : '',
        screening ? `${screening.fromSuppressed.toFixed(2)} / ${screening.fromOrdinary.toFixed(2)}` : '',
        best ? `${best.effect.toFixed(1)} (${best.low.toFixed(1)} to ${best.high.toFixed(1)}) at ${best.dose}` : '',
        '#'.repeat(Math.round((relative ?? 0) * 60)),
      ]
    })
  const header = ['layer', '|v|', '|v| / median', 'AUC', 'r / within', 'rows p- / ordinary', 'steering', '']
  const used = header.map((_, column) => column === header.length - 1 || rows.some(row => row[column] !== ''))
  const keep = <T>(row: readonly T[]) => row.filter((_, column) => used[column])
  return formatTable(keep(header), rows.map(keep))
}

function sideEffectLines({ profile }: PersonaVector): string[] {
  const { sideEffects, steering } = profile ?? {}
  const rows = sideEffects?.atDose.map(({ dose, perplexityRatio, divergence }) => [
    dose.toFixed(2),
    perplexityRatio.toFixed(2),
    divergence.toFixed(3),
  ])
  const frontier = steering?.layers.flatMap(({ layer, atDose }) =>
    atDose.map(({ dose, effect, perplexityRatio, coherence }) => [
      layer,
      dose.toFixed(2),
      effect.toFixed(1),
      perplexityRatio.toFixed(2),
      coherence?.toFixed(0) ?? '-',
    ]),
  )
  return [
    ...(frontier
      ? [
          '',
          'What each dose does to the score and to the answers:',
          formatTable(['layer', 'dose', 'effect', 'perplexity x', 'coherence'], frontier),
        ]
      : []),
    ...(rows
      ? [
          '',
          `Side effects at layer ${sideEffects!.layer}, on ${sideEffects!.texts} unrelated texts and ${sideEffects!.answers} unsteered answers:`,
          formatTable(['dose', 'perplexity x', 'KL, nats a token'], rows),
        ]
      : []),
  ]
}

export function layerRows(vector: PersonaVector) {
  return Array.from({ length: vector.blockCount + 1 }, (_, layer) => ({
    layer,
    norm: norm(directionAt(vector, layer as Layer)),
    relativeNorm: knowsResponseNorms(vector) ? relativeNorm(vector, layer as Layer) : undefined,
  }))
}

function warnings({ provenance, defaultLayer, readingLayer, blockCount }: PersonaVector): string[] {
  const atEnd = (layer: number | undefined) => layer !== undefined && (layer <= 1 || layer >= blockCount)
  return [
    !provenance.origin && provenance.pairsKept < fewPairs
      ? `only ${provenance.pairsKept} pairs were kept; with fewer than ${fewPairs} a vector depends on chance.`
      : '',
    atEnd(defaultLayer) ? `layer ${defaultLayer} is at the end of the model, where steering seldom works well.` : '',
    atEnd(readingLayer) ? `the reading layer ${readingLayer} is at the end of the model.` : '',
  ].filter(warning => warning !== '')
}
