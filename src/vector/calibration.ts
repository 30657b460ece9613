/**
 * A calibration: what score to expect of an answer, given the projection of the last prompt token on a persona vector.
 * Comes from an experiment, and holds for what that was made with.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type Interval, predict } from '../numeric/linear-regression.ts'
import { readJsonFile, writeJsonFile } from '../store/json-file.ts'
import { onScoreScale, toScoreScale } from './score-scale.ts'
import { fileName } from './vector-file.ts'

const lineSchema = z.object({
  slope: z.number(),
  intercept: z.number(),
  residualDeviation: z.number().nonnegative(),
  n: z.int().min(3),
  meanX: z.number(),
  sumOfSquaresX: z.number().positive(),
})

const calibrationSchema = z.object({
  format: z.literal('personascope-calibration'),
  formatVersion: z.literal(1),
  /** What it is conditional on. */
  conditionalOn: z.object({
    model: z.object({ id: z.string(), fileHash: z.string(), chatTemplateHash: z.string() }),
    trait: z.object({ name: z.string(), hash: z.string() }),
    /** sha256 of the graded system prompts. */
    ladderHash: z.string(),
    /** sha256 of the direction that is projected on. */
    directionHash: z.string(),
    layer: z.int().min(1),
    position: z.literal('prompt_last'),
    judge: z.string(),
    sampling: z.object({ temperature: z.number(), maxTokens: z.int() }),
  }),
  /** Score on projection, fitted on condition means. */
  line: lineSchema,
  /** The same, fitted on single answers. */
  answerLine: lineSchema,
  /** The projections it was fitted on: outside of them it says nothing. */
  range: z.object({ low: z.number(), high: z.number() }),
  evidence: z.object({ r: z.number(), low: z.number(), high: z.number(), withinLevelR: z.number().nullable() }),
  personascopeVersion: z.string(),
  createdAt: z.string(),
})

/** A linear map from a projection to the expected score, with what it is conditional on. */
export type Calibration = z.infer<typeof calibrationSchema>

/** What a calibration says of one projection. Scores are within 0..100. */
export interface CalibratedForecast {
  readonly expectedScore: number
  /** 90 %, of where the mean score of such prompts is. */
  readonly expectedInterval: Interval
  /** 90 %, of one answer's score. */
  readonly answerInterval: Interval
  /** Whether the projection is one of those it was fitted on. */
  readonly inRange: boolean
}

const confidence = 0.9

/** What to expect of an answer whose prompt's last token projects to this. */
export function forecastFrom({ line, answerLine, range }: Calibration, projection: number): CalibratedForecast {
  const expected = predict(line, projection, confidence)
  const answer = predict(answerLine, projection, confidence)
  return {
    expectedScore: toScoreScale(expected.mean),
    expectedInterval: onScoreScale(expected.meanInterval),
    answerInterval: onScoreScale(answer.observationInterval),
    inRange: projection >= range.low && projection <= range.high,
  }
}

/** Where the calibration of a vector on a model lies in a folder of calibrations. */
export function calibrationPath(calibrations: string, modelId: string, vector: string): string {
  return join(calibrations, fileName(modelId), `${fileName(vector)}.json`)
}

/** Writes a calibration, whole or not at all. Throws DISK_FULL, FILE_UNWRITABLE. */
export async function writeCalibration(path: string, calibration: Calibration): Promise<void> {
  await writeJsonFile(path, calibration)
}

/**
 * @returns undefined where there is none
 * @throws FILE_INVALID
 */
export async function readCalibration(path: string): Promise<Calibration | undefined> {
  const value = await readJsonFile<unknown>(path)
  if (value === undefined) return undefined
  const parsed = calibrationSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const detail = z.prettifyError(parsed.error).split('\n')[0]!
  throw new PersonascopeError('FILE_INVALID', { path, kind: 'calibration', detail })
}

/**
 * Removes the calibration of this very direction: an experiment that finds no evidence takes back what an earlier,
 * smaller one said. One of another direction stays.
 */
export async function takeBackCalibration(path: string, directionHash: string): Promise<void> {
  const earlier = await readCalibration(path)
  if (earlier?.conditionalOn.directionHash === directionHash) await rm(path, { force: true })
}
