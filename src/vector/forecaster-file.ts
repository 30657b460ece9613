/**
 * Forecasters as safetensors: tensor `direction`, F32 [d]; everything else as JSON in the metadata. They lie in a folder
 * of their own beside the persona vectors of a model.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asLayer } from '../engine/contract/layer.ts'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { readSafetensors, writeSafetensors } from '../store/safetensors.ts'
import type { Forecaster, ForecasterProvenance } from './forecaster.ts'
import { fileName } from './vector-file.ts'

/** What the metadata of our own files calls their format. */
const forecasterFormat = 'personascope-forecaster'
const formatVersion = '1'
const kind = 'forecaster'

const widthsSchema = z
  .object({
    overall: z.number().nonnegative(),
    byPrediction: z.object({ edges: z.array(z.number()), halfWidths: z.array(z.number().nonnegative().nullable()) }),
  })
  .refine(({ byPrediction: { edges, halfWidths } }) => halfWidths.length === edges.length + 1, {
    message: 'one more half width than edges was expected',
  })

const readoutSchema = z.object({
  intercept: z.number(),
  layer: z.int(),
  position: z.literal('prompt_last'),
  answerWidths: widthsSchema,
  expectedWidths: z.exactOptional(widthsSchema),
  constantHalfWidth: z.number().nonnegative(),
  range: z.object({ low: z.number(), high: z.number() }),
})

const provenanceSchema: z.ZodType<ForecasterProvenance> = z.object({
  model: z.object({
    id: z.string(),
    fileHash: z.string(),
    chatTemplateHash: z.string(),
    blockCount: z.int().positive(),
    hiddenSize: z.int().positive(),
  }),
  trait: z.object({ name: z.string(), hash: z.string() }),
  judge: z.string(),
  rubricHash: z.exactOptional(z.string()),
  sampling: z.object({ temperature: z.number(), maxTokens: z.int() }),
  training: z.object({
    run: z.string(),
    answers: z.int(),
    unscored: z.int(),
    systemPrompts: z.int(),
    questions: z.array(z.string()),
    askedTwice: z.int(),
    meanScore: z.number(),
    scoreDeviation: z.number(),
    penalty: z.number(),
    folds: z.int(),
    seed: z.number(),
    shuffled: z.boolean(),
  }),
  evidence: z.object({
    verdict: z.enum(['evidence', 'no evidence']),
    withinPromptR: z.number(),
    low: z.number(),
    high: z.number(),
    confidence: z.number(),
    r: z.number(),
    byLayer: z.array(z.object({ layer: z.int(), penalty: z.number(), withinPromptR: z.number() })),
    learningCurve: z.array(z.object({ questions: z.int(), withinPromptR: z.number() })),
  }),
  personascopeVersion: z.string(),
  createdAt: z.string(),
})

/** Where the forecaster of a trait on a model lies in a folder of vectors. */
export function forecasterPath(vectors: string, modelId: string, name: string): string {
  return join(folderOf(vectors, modelId), `${fileName(name)}.safetensors`)
}

/** The names of the forecasters for a model. */
export async function listForecasters(vectors: string, modelId: string): Promise<string[]> {
  const files = await readdir(folderOf(vectors, modelId)).catch(() => [])
  return files.flatMap(file => /^(.+)\.safetensors$/.exec(file)?.[1] ?? []).sort()
}

/** Writes a forecaster, whole or not at all. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function writeForecaster(path: string, forecaster: Forecaster): Promise<void> {
  const { direction, provenance, ...readout } = forecaster
  await writeSafetensors(path, {
    tensors: { direction: { shape: [direction.length], values: direction } },
    metadata: {
      format: forecasterFormat,
      format_version: formatVersion,
      operation: 'score = intercept + direction . (residual stream of the last prompt token after block layer-1)',
      readout: JSON.stringify({ ...readout, position: 'prompt_last' }),
      provenance: JSON.stringify(provenance),
    },
  })
}

/** @throws FILE_NOT_FOUND, FILE_INVALID */
export async function readForecaster(path: string): Promise<Forecaster> {
  const invalid = (detail: string) => new PersonascopeError('FILE_INVALID', { path, kind, detail })
  const { tensors, metadata } = await readSafetensors(path, kind)
  if (metadata['format'] !== forecasterFormat)
    throw invalid(`its metadata does not name the format ${forecasterFormat}`)
  if (metadata['format_version'] !== formatVersion)
    throw invalid(`it has format version ${metadata['format_version']}, this program reads version ${formatVersion}`)
  const provenance = parse('provenance', provenanceSchema)
  const { layer, position: _, expectedWidths, ...readout } = parse('readout', readoutSchema)
  const { id, blockCount, hiddenSize } = provenance.model
  const { direction } = tensors
  if (direction?.shape.length !== 1 || direction.shape[0] !== hiddenSize)
    throw invalid(`tensor direction is not of the ${hiddenSize} numbers that its model's layers have`)
  if (!direction.values.every(Number.isFinite)) throw invalid('tensor direction has values that are not finite')
  if (!(layer >= 1 && layer <= blockCount)) throw invalid(`it reads layer ${layer} of a model of ${blockCount}`)
  return {
    ...readout,
    expectedWidths,
    layer: asLayer(layer, { id, blockCount }, 1),
    direction: direction.values,
    provenance,
  }

  function parse<Value>(name: 'provenance' | 'readout', schema: z.ZodType<Value>): Value {
    let value: unknown
    try {
      value = JSON.parse(metadata[name] ?? '')
    } catch (error) {
      throw invalid(`its ${name} is not JSON (${textOf(error)})`)
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    throw invalid(`its ${name} is incomplete: ${z.prettifyError(parsed.error).split('\n')[0]}`)
  }
}

function folderOf(vectors: string, modelId: string): string {
  return join(vectors, fileName(modelId), 'forecasters')
}
