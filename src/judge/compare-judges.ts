import { pairwiseAgreement } from '../numeric/agreement.ts'
import { bootstrapInterval } from '../numeric/bootstrap.ts'
import { pearson, spearman } from '../numeric/correlation.ts'
import type { Interval } from '../numeric/linear-regression.ts'
import { clusterRows, resampleRows, takeRows } from '../numeric/resample-rows.ts'
import type { Score } from './judge.ts'
import { type JudgeAgreement, judgeAgreement } from './judge-agreement.ts'

/** How far two judges agree, with 95 % intervals from questions drawn anew. */
export interface JudgeComparison extends JudgeAgreement {
  readonly questions: number
  /** Of pairs of answers to one question only. */
  readonly pairwiseWithinQuestion: JudgeAgreement['pairwise']
  readonly intervals: {
    readonly pearson: Interval | undefined
    readonly spearman: Interval | undefined
    readonly pairwiseWithinQuestion: Interval | undefined
  }
}

/**
 * Compares two judges' scores of the same answers, in the same order.
 * @param second the reference: pairs that it scores alike say nothing of the first
 * @param questions the question of each answer: answers to one question are no independent evidence
 */
export function compareJudges(
  first: readonly Score[],
  second: readonly Score[],
  questions: readonly string[],
  seed = 0,
): JudgeComparison {
  const agreement = judgeAgreement(first, second)
  const both = [...first.keys()].flatMap(index => {
    const [a, b] = [first[index]!, second[index]!]
    return a.status === 'scored' && b.status === 'scored'
      ? [{ question: questions[index]!, a: a.value, b: b.value }]
      : []
  })
  const [x, y] = [both.map(({ a }) => a), both.map(({ b }) => b)]
  const rowsOf = clusterRows(both.map(({ question }) => question))
  const counts = rowsOf.map(rows => {
    const { share, pairs } = pairwiseAgreement(takeRows(x, rows), takeRows(y, rows)) ?? { share: 0, pairs: 0 }
    return { alike: share * pairs, pairs }
  })
  const within = (chosen: Int32Array | readonly number[]) => {
    let [alike, pairs] = [0, 0]
    for (const question of chosen) {
      alike += counts[question]!.alike
      pairs += counts[question]!.pairs
    }
    return pairs === 0 ? undefined : { share: alike / pairs, pairs }
  }
  const interval = (statistic: (chosen: Int32Array) => number | undefined): Interval | undefined => {
    const found = bootstrapInterval({ clusters: rowsOf.length, statistic, resamples: 1000, seed })
    return found && { low: found.low, high: found.high }
  }
  const correlated = (correlation: typeof pearson) =>
    interval(chosen => {
      const rows = resampleRows(rowsOf, chosen)
      return correlation(takeRows(x, rows), takeRows(y, rows))
    })
  return {
    ...agreement,
    questions: rowsOf.length,
    pairwiseWithinQuestion: within([...rowsOf.keys()]),
    intervals: {
      pearson: correlated(pearson),
      spearman: correlated(spearman),
      pairwiseWithinQuestion: interval(chosen => within(chosen)?.share),
    },
  }
}
