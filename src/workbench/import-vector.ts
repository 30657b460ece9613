import { access } from 'node:fs/promises'
import { basename } from 'node:path'
import { asLayer, type Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { findPulled } from '../model/find-pulled.ts'
import { type GgufInfo, inspectGguf } from '../model/inspect-gguf.ts'
import { modelIdOf } from '../model/model-id.ts'
import { parseModelName } from '../model/model-name.ts'
import { pullModel } from '../model/pull-model.ts'
import { wantedModel } from '../model/wanted-model.ts'
import { sha256OfFile } from '../store/hash.ts'
import type { Workspace } from '../store/workspace.ts'
import { assembleVector, noExtraction } from '../vector/format/assemble-vector.ts'
import type { Convention } from '../vector/format/convention.ts'
import type { ForeignFormat, ForeignVector } from '../vector/format/foreign-vector.ts'
import { type PlacedVector, placeLayers } from '../vector/format/place-layers.ts'
import { readForeignVector } from '../vector/format/read-foreign-vector.ts'
import { knowsResponseNorms, type PersonaVector } from '../vector/persona-vector.ts'
import { assertSameShape } from '../vector/usable-direction.ts'
import { vectorPath, writeVector } from '../vector/vector-file.ts'
import { version } from './version.ts'

export interface ImportOptions {
  /** The file to import. */
  readonly path: string
  /** What the vector is called from now on. */
  readonly name: string
  /** The model it is for, by name. */
  readonly model: string
  readonly workspace: Workspace
  /** The file's format; by default told from its first bytes. */
  readonly from?: ForeignFormat
  /** How the file counts layers, where it does not say so itself or says it wrong. */
  readonly convention?: Convention
  /** The tensor to take, where the file holds several. */
  readonly tensor?: string
  /** The layer used where none is asked for; for a file of one direction, the layer it is for. */
  readonly layer?: number
  /** How many blocks the model has; needed where it is not on this machine and the file does not tell. */
  readonly blockCount?: number
  /** A vector of the same model that knows how long response tokens are. */
  readonly normsFrom?: PersonaVector
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
}

export interface ImportedVector {
  readonly vector: PersonaVector
  readonly path: string
  readonly foreign: ForeignVector
  readonly placed: PlacedVector
  /** Whether the model was on this machine, so that the vector could be compared with it. */
  readonly modelKnown: boolean
}

interface KnownModel extends GgufInfo {
  readonly id: string
  readonly hash: string
}

/**
 * Brings a vector of another tool into the workspace. Nothing in the file is run, and its layers are never guessed.
 * @throws FILE_NOT_FOUND, FILE_INVALID, VECTOR_CONVENTION_UNCLEAR, VECTOR_MODEL_MISMATCH, VECTOR_NAME_TAKEN,
 * LAYER_OUT_OF_RANGE, OPTION_INVALID, MODEL_UNKNOWN, DISK_FULL, FILE_UNWRITABLE
 */
export async function importVector(options: ImportOptions): Promise<ImportedVector> {
  const { from, tensor, normsFrom } = options
  const foreign = await readForeignVector(options.path, {
    ...(from && { from }),
    ...(tensor !== undefined && { tensor }),
  })
  const model = await knownModel(options.model, options.signal)
  const modelId = model?.id ?? modelIdOf(options.model)
  const { model: _, ...asked } = options
  const placed = placeLayers(foreign, { ...asked, modelId, ...(model && { model }) })
  const { blockCount, directions } = placed
  const target = { id: modelId, blockCount, hiddenSize: foreign.hiddenSize }
  if (normsFrom) checkNorms(normsFrom, target)
  const vector = assembleVector({
    ...target,
    directions,
    ...(normsFrom && { medianResponseNorms: normsFrom.medianResponseNorms }),
    ...(options.layer !== undefined && { defaultLayer: presentLayer(options.layer, directions, target) }),
    provenance: {
      ...noExtraction,
      origin: {
        kind: 'import',
        file: basename(options.path),
        sha256: await sha256OfFile(options.path),
        format: foreign.format,
        convention: placed.convention,
        layers: [...directions.keys()],
      },
      trait: { name: options.name, hash: 'unknown' },
      model: {
        id: modelId,
        fileHash: model?.hash ?? 'unknown',
        architecture: model?.architecture ?? foreign.modelHint ?? 'unknown',
        weightFormat: 'unknown',
        chatTemplateHash: 'unknown',
      },
      personascopeVersion: version,
      createdAt: new Date().toISOString(),
    },
  })
  const path = await storeVector(vector, options)
  return { vector, path, foreign, placed, modelKnown: model !== undefined }
}

/**
 * Writes a vector under its name into the workspace.
 * @throws VECTOR_NAME_TAKEN unless `overwrite`, DISK_FULL, FILE_UNWRITABLE
 */
export async function storeVector(
  vector: PersonaVector,
  { workspace, overwrite }: { readonly workspace: Workspace; readonly overwrite?: boolean },
): Promise<string> {
  const { trait, model } = vector.provenance
  const path = vectorPath(workspace.vectors, model.id, trait.name)
  if (!overwrite && (await exists(path)))
    throw new PersonascopeError('VECTOR_NAME_TAKEN', { vector: trait.name, model: model.id })
  await writeVector(path, vector)
  return path
}

/** The model, where its file is on this machine; nothing is fetched. */
async function knownModel(name: string, signal?: AbortSignal): Promise<KnownModel | undefined> {
  const parsed = parseModelName(name)
  const { id, path, hash } =
    parsed.kind === 'file'
      ? await pullModel(name, { ...(signal && { signal }) })
      : { id: modelIdOf(name), ...(await findPulled(wantedModel(parsed), { report: () => {}, signal })) }
  return path === undefined || hash === undefined ? undefined : { ...(await inspectGguf(path)), id, hash }
}

function checkNorms(normsFrom: PersonaVector, target: { id: string; blockCount: number; hiddenSize: number }): void {
  assertSameShape(normsFrom, target)
  if (knowsResponseNorms(normsFrom)) return
  throw new PersonascopeError('VECTOR_NORMS_UNKNOWN', { vector: normsFrom.provenance.trait.name })
}

function presentLayer(
  value: number,
  directions: ReadonlyMap<Layer, Float32Array>,
  target: { id: string; blockCount: number },
): Layer {
  const layer = asLayer(value, target, 1)
  if (directions.has(layer)) return layer
  const expected = `a layer the file holds: ${[...directions.keys()].join(', ')}`
  throw new PersonascopeError('OPTION_INVALID', { option: '--layer', expected, got: String(value) })
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
