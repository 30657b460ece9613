/** Makes the direction that rows of datasets are projected on, from answers with a trait, against it, and ordinary ones. */
import { areaUnderCurve } from '../numeric/area-under-curve.ts'
import { numberGroups, withoutGroupMeans } from '../numeric/group-means.ts'
import { dot, unit } from '../numeric/vector-math.ts'
import type { ScreeningEvidence } from './layer-evidence.ts'
import { foldOf, profileFolds } from './layer-profile.ts'

/** Under which kind of prompt an answer was written: p+, p-, or one that has to do with no trait. */
export type AnswerGroup = 'evoked' | 'suppressed' | 'ordinary'

/** An answer read as a row of a dataset is read. */
export interface ReadAnswer {
  readonly group: AnswerGroup
  readonly question: number
  /** [B+1, d] */
  readonly responseMean: Float32Array
}

export interface ScreeningDirections {
  /** [B+1, d], rows of length 1; zero where a layer tells nothing apart. */
  readonly directions: Float32Array
  /** For each layer 0..B, on questions the direction was not made from. */
  readonly evidence: readonly ScreeningEvidence[]
  readonly answers: Readonly<Record<AnswerGroup, number>>
}

const groups = ['evoked', 'suppressed', 'ordinary'] as const

/**
 * The direction that tells answers with a trait from answers without it, whoever wrote them. The difference of p+ and
 * p- alone says nothing of where ordinary answers lie, and a small model's p- answers differ from its p+ answers in
 * more than the trait. So at every layer there are two differences of means, from p- and from ordinary answers; in each
 * a dimension counts by its variance within the groups (linear discriminant analysis with a diagonal covariance: Fisher
 * 1936; Dudoit, Fridlyand and Speed 2002), so that a few dimensions of great spread do not decide. Both are brought to
 * length 1, and the direction lies halfway between them.
 * @param read gives all answers; called twice, so that one is in memory at a time
 * @returns undefined where one of the groups is empty
 */
export async function makeScreeningDirections(
  read: () => AsyncIterable<ReadAnswer>,
  { blockCount, hiddenSize }: { readonly blockCount: number; readonly hiddenSize: number },
): Promise<ScreeningDirections | undefined> {
  const size = (blockCount + 1) * hiddenSize
  const folds = Array.from({ length: profileFolds }, () => emptySums(size))
  for await (const { group, question, responseMean } of read()) add(folds[foldOf(question)]!, group, responseMean)
  const directions = directionOf(folds, hiddenSize)
  if (!directions) return undefined
  const heldOut = folds.map((_, fold) => directionOf(folds.toSpliced(fold, 1), hiddenSize))
  const rows: { readonly group: AnswerGroup; readonly fold: number; readonly projections: Float64Array }[] = []
  for await (const { group, question, responseMean } of read()) {
    const fold = foldOf(question)
    const direction = heldOut[fold]
    if (!direction) continue
    const at = (matrix: Float32Array, layer: number) => matrix.subarray(layer * hiddenSize, (layer + 1) * hiddenSize)
    const project = (_: unknown, layer: number) => dot(at(responseMean, layer), at(direction, layer))
    rows.push({ group, fold, projections: Float64Array.from({ length: blockCount + 1 }, project) })
  }
  const foldNumbers = numberGroups(rows.map(({ fold }) => fold))
  const evidence = Array.from({ length: blockCount + 1 }, (_, layer): ScreeningEvidence => {
    // Each fold's direction has a zero of its own.
    const values = withoutGroupMeans(
      rows.map(({ projections }) => projections[layer]!),
      foldNumbers,
    )
    const of = (wanted: AnswerGroup) => values.filter((_, index) => rows[index]!.group === wanted)
    return {
      fromSuppressed: areaUnderCurve(of('evoked'), of('suppressed')) ?? 0.5,
      fromOrdinary: areaUnderCurve(of('evoked'), of('ordinary')) ?? 0.5,
    }
  })
  const count = (group: AnswerGroup) => folds.reduce((sum, fold) => sum + fold[group].count, 0)
  const answers = { evoked: count('evoked'), suppressed: count('suppressed'), ordinary: count('ordinary') }
  return { directions, evidence, answers }
}

interface Sums {
  count: number
  /** [B+1, d] */
  readonly sum: Float64Array
  readonly squares: Float64Array
}

type GroupSums = Readonly<Record<AnswerGroup, Sums>>

function emptySums(size: number): GroupSums {
  const sums = (): Sums => ({ count: 0, sum: new Float64Array(size), squares: new Float64Array(size) })
  return { evoked: sums(), suppressed: sums(), ordinary: sums() }
}

function add(sums: GroupSums, group: AnswerGroup, values: Float32Array): void {
  const to = sums[group]
  to.count++
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    to.sum[i]! += value
    to.squares[i]! += value * value
  }
}

/** From the sums of some folds. */
function directionOf(folds: readonly GroupSums[], hiddenSize: number): Float32Array | undefined {
  const counts = groups.map(group => folds.reduce((sum, fold) => sum + fold[group].count, 0))
  if (counts.includes(0)) return undefined
  const all = counts.reduce((sum, count) => sum + count, 0)
  const size = folds[0]!.evoked.sum.length
  const result = new Float32Array(size)
  const [fromSuppressed, fromOrdinary] = [new Float64Array(hiddenSize), new Float64Array(hiddenSize)]
  for (let start = 0; start < size; start += hiddenSize) {
    for (let i = 0; i < hiddenSize; i++) {
      let within = 0
      const means = groups.map((group, at) => {
        const mean = folds.reduce((sum, fold) => sum + fold[group].sum[start + i]!, 0) / counts[at]!
        const squares = folds.reduce((sum, fold) => sum + fold[group].squares[start + i]!, 0)
        within += Math.max(0, squares - counts[at]! * mean * mean)
        return mean
      })
      const variance = within / all
      fromSuppressed[i] = variance > 0 ? (means[0]! - means[1]!) / variance : 0
      fromOrdinary[i] = variance > 0 ? (means[0]! - means[2]!) / variance : 0
    }
    const [a, b] = [unit(fromSuppressed), unit(fromOrdinary)]
    result.set(unit(a.map((value, i) => value + b[i]!)), start)
  }
  return result
}
