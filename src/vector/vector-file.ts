/**
 * Persona vectors as safetensors: tensors `response_avg`, `prompt_avg`, `prompt_avg_without_first`, `prompt_last`, F32
 * [B+1, d], row = layer number, and `response_norm_median`, F32 [B+1]; where it was made, `screening`, F32 [B+1, d]. What the numbers mean and how they were made
 * stands in the metadata, so that no reader has to guess an index.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asLayer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { readSafetensors, type Tensor, writeSafetensors } from '../store/safetensors.ts'
import { vectorKinds } from './extract-vector.ts'
import type { LayerProfile } from './layer-evidence.ts'
import type { PersonaVector, VectorKind, VectorProvenance } from './persona-vector.ts'

/** What the metadata of our own files calls their format. */
export const vectorFormat = 'personascope-vector'
const formatVersion = '1'

/** The parts of the metadata that say what the numbers are. */
const meaning = {
  layer_base: 'row L is layer L: the residual stream after block L-1 (0-based); row 0 is the token embedding',
  hook_point: 'block output, before the final norm',
  operation: 'difference of means, positive minus negative; add coefficient * row to the layer of the same number',
} as const

const parentSchema = z.object({ name: z.string(), sha256: z.string() })
const originSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('import'),
    file: z.string(),
    sha256: z.string(),
    format: z.string(),
    convention: z.string(),
    layers: z.array(z.number()),
  }),
  z.object({
    kind: z.literal('combination'),
    terms: z.array(parentSchema.extend({ weight: z.number() })),
    orthogonalTo: z.array(parentSchema),
    normalised: z.boolean(),
    layers: z.array(z.number()),
  }),
])

const provenanceSchema: z.ZodType<VectorProvenance> = z.object({
  origin: z.exactOptional(originSchema),
  trait: z.object({ name: z.string(), hash: z.string() }),
  model: z.object({
    id: z.string(),
    fileHash: z.string(),
    architecture: z.string(),
    weightFormat: z.string(),
    chatTemplateHash: z.string(),
  }),
  engine: z.object({ name: z.string(), version: z.string(), contexts: z.number(), slotsPerContext: z.number() }),
  judge: z.string(),
  rubricHash: z.exactOptional(z.string()),
  unfiltered: z.boolean(),
  pairsPlanned: z.number(),
  pairsKept: z.number(),
  responseTokens: z.number(),
  settings: z.object({ samples: z.number(), maxTokens: z.number(), temperature: z.number(), seed: z.number() }),
  personascopeVersion: z.string(),
  createdAt: z.string(),
})

const effect = { effect: z.number(), low: z.number(), high: z.number() }

const answersSchema = z.object({ evoked: z.number(), suppressed: z.number(), ordinary: z.number() })

/** F32 [B+1, d]: what rows of datasets are projected on. */
const screeningTensor = 'screening'

/** As `LayerProfile`. */
const profileSchema = z.object({
  folds: z.number(),
  layers: z.array(
    z.object({
      layer: z.int(),
      relativeNorm: z.number(),
      separation: z.exactOptional(z.number()),
      reading: z.exactOptional(z.object({ overall: z.number(), withinPrompt: z.number() })),
      screening: z.exactOptional(z.object({ fromSuppressed: z.number(), fromOrdinary: z.number() })),
    }),
  ),
  steering: z.exactOptional(
    z.object({
      doses: z.array(z.number()),
      questions: z.number(),
      samples: z.number(),
      perplexityBound: z.number(),
      coherenceBound: z.number(),
      unsteered: z.object({ score: z.number(), perplexity: z.number(), coherence: z.exactOptional(z.number()) }),
      layers: z.array(
        z.object({
          layer: z.int(),
          atDose: z.array(
            z.object({
              dose: z.number(),
              ...effect,
              perplexityRatio: z.number(),
              coherence: z.exactOptional(z.number()),
            }),
          ),
          best: z.exactOptional(z.object({ dose: z.number(), ...effect })),
        }),
      ),
    }),
  ),
  sideEffects: z.exactOptional(
    z.object({
      layer: z.int(),
      texts: z.number(),
      answers: z.number(),
      atDose: z.array(z.object({ dose: z.number(), perplexityRatio: z.number(), divergence: z.number() })),
    }),
  ),
})

/** Where the vector of a trait on a model lies in a folder of vectors. */
export function vectorPath(vectors: string, modelId: string, trait: string): string {
  return join(vectors, fileName(modelId), `${fileName(trait)}.safetensors`)
}

/** The traits that have a vector for a model in a folder of vectors. */
export async function listVectors(vectors: string, modelId: string): Promise<string[]> {
  const files = await readdir(join(vectors, fileName(modelId))).catch(() => [])
  return files
    .filter(file => file.endsWith('.safetensors'))
    .map(file => file.replace(/\.safetensors$/, ''))
    .sort()
}

/** Writes a vector, whole or not at all. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function writeVector(path: string, vector: PersonaVector): Promise<void> {
  const { blockCount, hiddenSize, directions, medianResponseNorms } = vector
  const tensors: Record<string, Tensor> = {}
  for (const kind of vectorKinds()) {
    const values = directions[kind]
    if (values) tensors[kind] = { shape: [blockCount + 1, hiddenSize], values }
  }
  tensors['response_norm_median'] = { shape: [blockCount + 1], values: medianResponseNorms }
  if (vector.questionSums) {
    const { questionSums: values } = vector
    tensors['question_sums_at_reading_layer'] = { shape: [values.length / hiddenSize, hiddenSize], values }
  }
  if (vector.screening)
    tensors[screeningTensor] = { shape: [blockCount + 1, hiddenSize], values: vector.screening.directions }
  const metadata = {
    format: vectorFormat,
    format_version: formatVersion,
    ...meaning,
    ...(vector.provenance.origin && { operation: 'add coefficient * row to the layer of the same number' }),
    embedding_row: vector.hasEmbedding ? 'captured' : 'zeros: not known',
    default_layer: String(vector.defaultLayer),
    default_layer_reason: vector.defaultLayerReason,
    ...(vector.readingLayer !== undefined && { reading_layer: String(vector.readingLayer) }),
    ...(vector.readingLayerReason !== undefined && { reading_layer_reason: vector.readingLayerReason }),
    ...(vector.screening && {
      screening_layer: String(vector.screening.layer),
      screening_layer_reason: vector.screening.layerReason,
      screening_answers: JSON.stringify(vector.screening.answers),
    }),
    ...(vector.profile && { profile: JSON.stringify(vector.profile) }),
    provenance: JSON.stringify(vector.provenance),
  }
  await writeSafetensors(path, { tensors, metadata })
}

/** @throws FILE_NOT_FOUND, FILE_INVALID */
export async function readVector(path: string): Promise<PersonaVector> {
  const kind = 'persona vector'
  const invalid = (detail: string) => new PersonascopeError('FILE_INVALID', { path, kind, detail })
  const { tensors, metadata } = await readSafetensors(path, kind)
  if (metadata['format'] !== vectorFormat) throw invalid('its metadata does not name the format personascope-vector')
  if (metadata['format_version'] !== formatVersion) {
    throw invalid(`it has format version ${metadata['format_version']}, this program reads version ${formatVersion}`)
  }
  const [rows = 0, hiddenSize = 0] = tensors['response_avg']?.shape ?? []
  const matrix = (name: string, shape: readonly number[]) => {
    const tensor = tensors[name]
    if (String(tensor?.shape) !== String(shape)) throw invalid(`tensor ${name} is not ${shape.join(' x ')}`)
    if (!tensor!.values.every(Number.isFinite)) throw invalid(`tensor ${name} has values that are not finite`)
    return tensor!.values
  }
  if (rows < 2 || hiddenSize < 1) throw invalid('it has no tensor response_avg of two or more rows')
  const model = { id: 'the vector', blockCount: rows - 1 }
  const provenance = provenanceSchema.safeParse(parseJson(metadata['provenance'], invalid))
  if (!provenance.success)
    throw invalid(`its provenance is incomplete: ${z.prettifyError(provenance.error).split('\n')[0]}`)
  // An extracted vector has all kinds; others what they were made with.
  const kinds = vectorKinds().filter(name => !provenance.data.origin || name === 'response_avg' || tensors[name])
  const directions = Object.fromEntries(kinds.map(name => [name, matrix(name, [rows, hiddenSize])]))
  return {
    provenance: provenance.data,
    blockCount: rows - 1,
    hiddenSize,
    directions: directions as Record<VectorKind, Float32Array>,
    medianResponseNorms: matrix('response_norm_median', [rows]),
    hasEmbedding: metadata['embedding_row'] === 'captured',
    defaultLayer: asLayer(Number(metadata['default_layer']), model, 1),
    defaultLayerReason: metadata['default_layer_reason'] ?? '',
    ...readingParts(),
    ...screeningPart(),
  }

  function screeningPart(): Pick<PersonaVector, 'screening'> {
    const { screening_layer: layer, screening_layer_reason: layerReason = '' } = metadata
    if (layer === undefined) return {}
    const directions = matrix(screeningTensor, [rows, hiddenSize])
    const answers = answersSchema.safeParse(parseJson(metadata['screening_answers'], invalid))
    if (!answers.success) throw invalid('it does not say what its direction for screening was made from')
    return { screening: { directions, answers: answers.data, layer: asLayer(Number(layer), model, 1), layerReason } }
  }

  function readingParts(): Pick<PersonaVector, 'readingLayer' | 'readingLayerReason' | 'profile' | 'questionSums'> {
    const { reading_layer: layer, reading_layer_reason: reason, profile: profileText } = metadata
    const sums = tensors['question_sums_at_reading_layer']
    const profile = profileText === undefined ? undefined : profileSchema.safeParse(parseJson(profileText, invalid))
    if (profile && !profile.success)
      throw invalid(`its profile is incomplete: ${z.prettifyError(profile.error).split('\n')[0]}`)
    return {
      ...(layer !== undefined && { readingLayer: asLayer(Number(layer), model, 1) }),
      ...(reason !== undefined && { readingLayerReason: reason }),
      ...(profile && { profile: profile.data as unknown as LayerProfile }),
      ...(sums && { questionSums: matrix('question_sums_at_reading_layer', [sums.shape[0]!, hiddenSize]) }),
    }
  }
}

function parseJson(text: string | undefined, invalid: (detail: string) => PersonascopeError): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    throw invalid('its provenance is not JSON')
  }
}

/** A name that is safe as a file name on every system. */
export function fileName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '-')
}
