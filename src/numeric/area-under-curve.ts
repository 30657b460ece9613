import type { Numbers } from './numbers.ts'

/**
 * The area under the ROC curve: the chance that a positive lies above a negative, ties counting half (Mann and Whitney
 * 1947; Hanley and McNeil 1982). Sorts each side, then walks through both: n log n.
 * @returns 0..1; undefined where one side is empty or a value is not a number
 */
export function areaUnderCurve(positives: Numbers, negatives: Numbers): number | undefined {
  const above = Float64Array.from(positives).sort()
  const below = Float64Array.from(negatives).sort()
  if (above.length === 0 || below.length === 0) return undefined
  // NaN sorts last.
  if (Number.isNaN(above.at(-1)) || Number.isNaN(below.at(-1))) return undefined
  let smaller = 0
  let upToEqual = 0
  let wins = 0
  for (const value of above) {
    while (smaller < below.length && below[smaller]! < value) smaller++
    while (upToEqual < below.length && below[upToEqual]! <= value) upToEqual++
    wins += smaller + upToEqual
  }
  return wins / 2 / above.length / below.length
}
