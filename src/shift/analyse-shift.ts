import { mean, standardDeviation } from '../numeric/moments.ts'
import { type AnswerProjection, pairedShift } from './paired-shift.ts'

/** One answer to an evaluation question. */
export interface ShiftAnswer {
  readonly question: number
  /** On the vector of each trait; null where the answer has no token. */
  readonly projections: readonly number[] | null
  /** 0..100; undefined where it is unscored or there is no judge. */
  readonly score: number | undefined
}

/** The answers of one model to the questions of each trait: [trait][answer]. */
export type ModelAnswers = readonly (readonly ShiftAnswer[])[]

/** Tuned minus base. */
export interface ShiftEstimate {
  /** Questions that both models answered. */
  readonly questions: number
  readonly shift: number
  /** 95 %, questions resampled in pairs; null with fewer than two. */
  readonly low: number | null
  readonly high: number | null
}

export interface ProjectionShift extends ShiftEstimate {
  /** The standard deviation of the base model's single answers; null where they do not differ. */
  readonly baseDeviation: number | null
}

/** A trait's vector and judge on the answers to its own questions. */
export interface TraitShift {
  readonly projection: ProjectionShift | null
  /** null where nothing was scored. */
  readonly score: ShiftEstimate | null
}

export interface ModelShift {
  readonly traits: readonly TraitShift[]
  /** [questions of a trait][vector of a trait] */
  readonly matrix: readonly (readonly (ProjectionShift | null)[])[]
}

/** How many answers there are, and where they lie. */
export interface AnswerLevel {
  readonly answers: number
  /** Without any token. */
  readonly empty: number
  readonly meanProjection: number | null
  readonly meanScore: number | null
  /** How many have a score. */
  readonly scored: number
}

/** The shift of a tuned model on every vector, on the questions of every trait. */
export function analyseShift(base: ModelAnswers, tuned: ModelAnswers, seed: number): ModelShift {
  const matrix = base.map((own, set) => base.map((_, vector) => projectionShift(own, tuned[set]!, vector, seed)))
  const traits = base.map((own, set) => ({
    projection: matrix[set]![set]!,
    score: estimateOf(scoresOf(own), scoresOf(tuned[set]!), seed),
  }))
  return { traits, matrix }
}

/** Where the answers of a model to the questions of one trait lie. */
export function levelOf(answers: readonly ShiftAnswer[], vector: number): AnswerLevel {
  const projections = projectionsOf(answers, vector)
  const scores = scoresOf(answers)
  const meanOf = (of: readonly AnswerProjection[]) => mean(of.map(({ projection }) => projection)) ?? null
  return {
    answers: answers.length,
    empty: answers.length - projections.length,
    meanProjection: meanOf(projections),
    meanScore: meanOf(scores),
    scored: scores.length,
  }
}

function projectionShift(
  base: readonly ShiftAnswer[],
  tuned: readonly ShiftAnswer[],
  vector: number,
  seed: number,
): ProjectionShift | null {
  const own = projectionsOf(base, vector)
  const estimate = estimateOf(own, projectionsOf(tuned, vector), seed)
  if (!estimate) return null
  const deviation = standardDeviation(own.map(({ projection }) => projection))
  return { ...estimate, baseDeviation: deviation === undefined || deviation === 0 ? null : deviation }
}

function estimateOf(
  base: readonly AnswerProjection[],
  tuned: readonly AnswerProjection[],
  seed: number,
): ShiftEstimate | null {
  const estimate = pairedShift(base, tuned, seed)
  if (!estimate) return null
  const { questions, shift, low = null, high = null } = estimate
  return { questions, shift, low, high }
}

function projectionsOf(answers: readonly ShiftAnswer[], vector: number): AnswerProjection[] {
  return answers.flatMap(({ question, projections }) =>
    projections === null ? [] : [{ question, projection: projections[vector]! }],
  )
}

function scoresOf(answers: readonly ShiftAnswer[]): AnswerProjection[] {
  return answers.flatMap(({ question, score }) => (score === undefined ? [] : [{ question, projection: score }]))
}
