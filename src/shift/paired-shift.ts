import { bootstrapInterval } from '../numeric/bootstrap.ts'
import { meanOf } from '../numeric/moments.ts'
import { clusterRows, takeRows } from '../numeric/resample-rows.ts'

/** One answer of a model to an evaluation question. */
export interface AnswerProjection {
  readonly question: number
  readonly projection: number
}

export interface PairedShift {
  /** Questions that both models answered. */
  readonly questions: number
  /** Mean projection, tuned minus base: the mean over questions of the difference of their means. */
  readonly shift: number
  /** 95 %, questions resampled in pairs; undefined with fewer than two questions. */
  readonly low: number | undefined
  readonly high: number | undefined
}

/**
 * The finetuning shift on one direction. Each question counts once, however many answers it has; a question that only
 * one of the two models answered is left out, since it would compare different questions.
 * @returns undefined where no question was answered by both
 */
export function pairedShift(
  base: readonly AnswerProjection[],
  tuned: readonly AnswerProjection[],
  seed: number,
): PairedShift | undefined {
  const baseMeans = questionMeans(base)
  const tunedMeans = questionMeans(tuned)
  const shared = [...baseMeans.keys()].filter(question => tunedMeans.has(question)).sort((a, b) => a - b)
  if (shared.length === 0) return undefined
  const differences = Float64Array.from(shared, question => tunedMeans.get(question)! - baseMeans.get(question)!)
  const statistic = (chosen: Int32Array) => meanOf(takeRows(differences, chosen))
  const interval = bootstrapInterval({ clusters: shared.length, statistic, seed })
  return { questions: shared.length, shift: meanOf(differences), low: interval?.low, high: interval?.high }
}

function questionMeans(answers: readonly AnswerProjection[]): ReadonlyMap<number, number> {
  const projections = Float64Array.from(answers, ({ projection }) => projection)
  const rows = clusterRows(answers.map(({ question }) => question))
  return new Map(rows.map(of => [answers[of[0]!]!.question, meanOf(takeRows(projections, of))]))
}
