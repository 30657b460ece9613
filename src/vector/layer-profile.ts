import type { Layer } from '../engine/contract/layer.ts'
import { areaUnderCurve } from '../numeric/area-under-curve.ts'
import { pearson } from '../numeric/correlation.ts'
import { numberGroups, withoutGroupMeans } from '../numeric/group-means.ts'
import { withinGroupCorrelation } from '../numeric/grouped-correlation.ts'
import { dot, norm } from '../numeric/vector-math.ts'
import type { FinishedRollout, RolloutActivations } from '../rollout/rollout-store.ts'
import { directionWithout, type QuestionSums } from './extract-vector.ts'
import type { LayerProfile, ReadingEvidence } from './layer-evidence.ts'

/** Every fourth question is set aside in turn. */
export const profileFolds = 4

export function foldOf(question: number): number {
  return question % profileFolds
}

/**
 * The evidence for each layer that costs no further answers: every rollout is projected on the direction of the
 * questions of the other folds, so no answer is judged by a vector made from it. Each fold's direction has a zero of its
 * own: the fold's mean projection is taken away before folds are put together.
 * @param parts the finished rollouts, part by part
 * @param questions what `extractDirections` gave
 * @param relativeNorms [B+1]
 * @param scores of the rollouts in their order, where there are any
 */
export async function profileLayers(
  parts: AsyncIterable<readonly FinishedRollout[]>,
  questions: QuestionSums,
  relativeNorms: readonly number[],
  scores: readonly (number | undefined)[] | undefined,
): Promise<LayerProfile> {
  const blockCount = relativeNorms.length - 1
  const directions = Array.from({ length: profileFolds }, (_, fold) =>
    directionWithout(questions, question => foldOf(question) === fold),
  )
  const rows = await projectRollouts(parts, directions, blockCount, scores)
  return {
    folds: profileFolds,
    layers: Array.from({ length: blockCount }, (_, block) => {
      const layer = (block + 1) as Layer
      const reading = readingAt(rows, layer)
      const separation = separationAt(rows, layer)
      return {
        layer,
        relativeNorm: relativeNorms[layer]!,
        ...(separation !== undefined && { separation }),
        ...(reading && { reading }),
      }
    }),
  }
}

interface ProjectedRollout {
  readonly fold: number
  readonly isPositive: boolean
  readonly prompt: string
  readonly score: number | undefined
  /** [B+1] h.v/|v| of the response mean */
  readonly response: Float64Array
  /** [B+1] h.v/|v| of the last prompt token */
  readonly promptLast: Float64Array
}

async function projectRollouts(
  parts: AsyncIterable<readonly FinishedRollout[]>,
  directions: readonly (Float32Array | undefined)[],
  blockCount: number,
  scores: readonly (number | undefined)[] | undefined,
): Promise<ProjectedRollout[]> {
  const rows: ProjectedRollout[] = []
  let index = 0
  for await (const part of parts) {
    for (const { rollout, activations } of part) {
      const score = scores?.[index++]
      const fold = foldOf(rollout.question)
      const direction = directions[fold]
      if (!activations || !direction) continue
      rows.push({
        fold,
        isPositive: rollout.side === 'positive',
        prompt: rollout.systemPrompt,
        score,
        response: projections(activations, 'responseMean', direction, blockCount),
        promptLast: projections(activations, 'promptLast', direction, blockCount),
      })
    }
  }
  return rows
}

function projections(
  activations: RolloutActivations,
  key: 'responseMean' | 'promptLast',
  direction: Float32Array,
  blockCount: number,
): Float64Array {
  const width = direction.length / (blockCount + 1)
  return Float64Array.from({ length: blockCount + 1 }, (_, layer) => {
    const row = (matrix: Float32Array) => matrix.subarray(layer * width, (layer + 1) * width)
    const length = norm(row(direction))
    return length > 0 ? dot(row(activations[key]), row(direction)) / length : 0
  })
}

function separationAt(rows: readonly ProjectedRollout[], layer: Layer): number | undefined {
  const values = withoutFoldMeans(rows, ({ response }) => response[layer]!)
  const of = (positive: boolean) => values.filter((_, index) => rows[index]!.isPositive === positive)
  return areaUnderCurve(of(true), of(false))
}

function readingAt(rows: readonly ProjectedRollout[], layer: Layer): ReadingEvidence | undefined {
  const scored = rows.filter(({ score }) => score !== undefined)
  const projected = withoutFoldMeans(scored, ({ promptLast }) => promptLast[layer]!)
  const scores = scored.map(({ score }) => score!)
  const overall = pearson(projected, scores)
  const withinPrompt = withinGroupCorrelation(
    projected,
    scores,
    scored.map(({ prompt }) => prompt),
  )
  return overall === undefined || withinPrompt === undefined ? undefined : { overall, withinPrompt }
}

function withoutFoldMeans(
  rows: readonly ProjectedRollout[],
  projection: (row: ProjectedRollout) => number,
): Float64Array {
  return withoutGroupMeans(rows.map(projection), numberGroups(rows.map(({ fold }) => fold)))
}
