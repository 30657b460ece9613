import { ranks } from './correlation.ts'
import type { Numbers } from './numbers.ts'

/**
 * The area under the ROC curve: the chance that a positive lies above a negative, ties counting half. From the rank sum
 * of the positives (Mann and Whitney 1947; Hanley and McNeil 1982), so n log n.
 * @returns 0..1; undefined where one side is empty or a value is not a number
 */
export function areaUnderCurve(positives: Numbers, negatives: Numbers): number | undefined {
  const [m, n] = [positives.length, negatives.length]
  if (m === 0 || n === 0) return undefined
  const all = new Float64Array(m + n)
  all.set(Float64Array.from(positives))
  all.set(Float64Array.from(negatives), m)
  if (all.some(Number.isNaN)) return undefined
  const ranked = ranks(all)
  let rankSum = 0
  for (let i = 0; i < m; i++) rankSum += ranked[i]!
  return (rankSum - (m * (m + 1)) / 2) / m / n
}
