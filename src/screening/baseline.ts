import { join } from 'node:path'
import { z } from 'zod'
import { sqlName } from '../dataset/parquet.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { readJsonFile, writeJsonFile } from '../store/json-file.ts'
import { fileName } from '../vector/vector-file.ts'
import { type ScoresReader, scoreColumn } from './scores-file.ts'

/** How a trait's projections are spread among ordinary answers. */
const baselineSchema = z.object({
  layer: z.int(),
  directionHash: z.string(),
  rows: z.int(),
  mean: z.number(),
  sd: z.number().positive(),
  /** A random part of the projections, for plots. */
  values: z.array(z.number()),
})

const fileSchema = z.object({
  format: z.literal('personascope-baseline'),
  formatVersion: z.literal(1),
  model: z.object({ id: z.string(), fileHash: z.string(), chatTemplateHash: z.string() }),
  /** `rows`: the answers of a dataset. `own-answers`: what the model itself answers to its prompts. */
  source: z.enum(['rows', 'own-answers']),
  files: z.array(z.object({ path: z.string(), sha256: z.string() })),
  traits: z.record(z.string(), baselineSchema),
})

export type Baseline = z.infer<typeof baselineSchema>
export type BaselineFile = z.infer<typeof fileSchema>

/** A spread below this part of the mean is rounding. */
const rounding = 1e-9

/** How many values are kept for plots. */
export const plottedValues = 2000

export function baselinePath(workspacePath: string, modelId: string, name: string): string {
  return join(workspacePath, 'baselines', fileName(modelId), `${name}.json`)
}

export async function writeBaseline(path: string, file: BaselineFile): Promise<void> {
  await writeJsonFile(path, file)
}

/** @throws FILE_NOT_FOUND, FILE_INVALID */
export async function readBaseline(path: string): Promise<BaselineFile> {
  const kind = 'baseline'
  const content = await readJsonFile<unknown>(path)
  if (content === undefined) throw new PersonascopeError('FILE_NOT_FOUND', { path, kind })
  const parsed = fileSchema.safeParse(content)
  if (parsed.success) return parsed.data
  const detail = z.prettifyError(parsed.error).split('\n')[0]!
  throw new PersonascopeError('FILE_INVALID', { path, kind, detail })
}

/**
 * The baseline of a trait from a run's scores.
 * @returns undefined with fewer than two rows, or where all are the same
 */
export async function baselineOfTrait(
  scores: ScoresReader,
  trait: { readonly name: string; readonly layer: number; readonly directionHash: string },
  source: BaselineFile['source'],
): Promise<Baseline | undefined> {
  const projection = sqlName(scoreColumn(trait.name, 'projection'))
  const value = source === 'rows' ? projection : `(${projection} - ${sqlName(scoreColumn(trait.name, 'difference'))})`
  const [[rows, mean, sd] = []] = await scores.query(
    `SELECT count(v), avg(v), stddev_samp(v) FROM (SELECT ${value} AS v FROM scores)`,
  )
  if (typeof mean !== 'number' || typeof sd !== 'number' || !(sd > rounding * Math.abs(mean))) return undefined
  const values = await sampledValues(scores, value)
  const { layer, directionHash } = trait
  return { layer, directionHash, rows: rows as number, mean, sd, values }
}

/** At most `plottedValues` of the values of an expression, the same ones for the same scores, in their order. */
export async function sampledValues(scores: ScoresReader, expression: string): Promise<number[]> {
  const rows = await scores.query(
    `SELECT v FROM (SELECT row, ${expression} AS v FROM scores) WHERE v IS NOT NULL ORDER BY hash(row), row LIMIT ${plottedValues}`,
  )
  return rows.map(([value]) => value as number)
}
