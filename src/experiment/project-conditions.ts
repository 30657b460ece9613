import type { Layer } from '../engine/contract/layer.ts'
import { createRandom, deriveSeed } from '../numeric/random.ts'
import { randomDirection } from '../numeric/random-direction.ts'
import { dot, norm, unit } from '../numeric/vector-math.ts'
import { directionAt, type PersonaVector, readingLayerOf } from '../vector/persona-vector.ts'
import type { ExperimentRows } from './experiment-rows.ts'

/** How many random directions stand beside the vector. */
export const randomDirections = 100

type Projections = Pick<ExperimentRows, 'projections' | 'randomProjections' | 'questionProjections'>

/**
 * Projects the last prompt tokens on the vector, on random directions and on what each extraction question adds to the
 * vector.
 * @param states [B+1, d] for each condition
 * @param layer at which the experiment reads
 */
export function projectConditions(
  states: readonly Float32Array[],
  vector: PersonaVector,
  layer: Layer,
  seed: number,
): Projections {
  const { blockCount, hiddenSize, questionSums } = vector
  const layers = Array.from({ length: blockCount + 1 }, (_, index) => index as Layer)
  const at = (of: Layer, direction: Float32Array) =>
    Float64Array.from(states, state => dot(state.subarray(of * hiddenSize, (of + 1) * hiddenSize), direction))
  const usesSums = questionSums !== undefined && layer === readingLayerOf(vector)
  return {
    projections: layers.map(of => {
      const direction = directionAt(vector, of)
      return norm(direction) > 0 ? at(of, unit(direction)) : undefined
    }),
    randomProjections: layers.map(of => {
      const random = createRandom(deriveSeed(seed, `random directions/${of}`))
      return Array.from({ length: randomDirections }, () => at(of, randomDirection(hiddenSize, random)))
    }),
    ...(usesSums && {
      questionProjections: Array.from({ length: questionSums.length / hiddenSize }, (_, question) =>
        at(layer, questionSums.subarray(question * hiddenSize, (question + 1) * hiddenSize)),
      ),
    }),
  }
}
