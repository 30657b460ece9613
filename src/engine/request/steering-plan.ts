/**
 * What the steerings of one request do to the rows of a pass. Works in place on rows of float32; knows nothing of
 * how the rows are read and written back.
 */
import { dot, unit } from '../../numeric/vector-math.ts'
import type { Layer } from '../contract/layer.ts'
import type { Positions, Steering, SteeringCondition, SteeringReport } from '../contract/steering.ts'

interface Change {
  readonly layer: Layer
  readonly positions: Positions
  readonly mode: Steering['mode']
  /** [d] for `add`: coefficient * vector, rounded to float32 as llama.cpp's control vectors are; else the unit direction. */
  readonly vector: Float32Array
  readonly ceiling: number
  readonly condition: Condition | undefined
  steeredPositions: number
}

interface Condition {
  readonly layer: Layer
  readonly unitDirection: Float32Array
  readonly above: number
  firedAt: number | undefined
}

/** What a plan has done so far; goes along with a cached prefix. */
export type SteeringProgress = readonly { readonly steeredPositions: number; readonly firedAt: number | undefined }[]

export class SteeringPlan {
  readonly #changes: readonly Change[]
  readonly #layers: ReadonlySet<number>
  readonly #promptLength: number
  /** The deepest layer that is changed or read for a condition; 0 where there is none. */
  readonly deepest: Layer

  constructor(steering: readonly Steering[], promptLength: number) {
    this.#changes = steering.map(toChange)
    this.#promptLength = promptLength
    const layers = this.#changes.flatMap(change =>
      change.condition ? [change.layer, change.condition.layer] : [change.layer],
    )
    this.#layers = new Set(layers)
    this.deepest = Math.max(0, ...layers) as Layer
  }

  /** Whether the row of this layer and position is read or changed. */
  needs(layer: Layer, position: number): boolean {
    if (!this.#layers.has(layer)) return false
    return this.#changes.some(
      change =>
        (change.layer === layer || change.condition?.layer === layer) && this.#covers(change.positions, position),
    )
  }

  /**
   * Applies what is due at this layer and position.
   * @param row [d], changed in place
   * @returns whether it was changed
   */
  apply(layer: Layer, position: number, row: Float32Array): boolean {
    if (!this.#layers.has(layer)) return false
    // All conditions of a layer are read before any of its changes, so that they see the model's own state.
    for (const change of this.#changes) {
      if (change.condition?.layer === layer && this.#covers(change.positions, position))
        check(change.condition, position, row)
    }
    let changed = false
    for (const change of this.#changes) {
      if (change.layer !== layer || !this.#covers(change.positions, position)) continue
      if (change.condition && change.condition.firedAt === undefined) continue
      if (applyChange(change, row)) {
        change.steeredPositions++
        changed = true
      }
    }
    return changed
  }

  /** @param whole whether the prefix is the whole prompt: response steering has no part in a shorter one */
  progress(whole: boolean): SteeringProgress {
    return this.#ofPrefix(whole).map(({ steeredPositions, condition }) => ({
      steeredPositions,
      firedAt: condition?.firedAt,
    }))
  }

  /** Takes over what the same steerings did to a prefix, in another request. */
  resume(progress: SteeringProgress, whole: boolean): void {
    this.#ofPrefix(whole).forEach((change, index) => {
      change.steeredPositions = progress[index]!.steeredPositions
      if (change.condition) change.condition.firedAt = progress[index]!.firedAt
    })
  }

  report(): SteeringReport[] {
    return this.#changes.map(({ steeredPositions, condition }) =>
      condition?.firedAt === undefined
        ? { steeredPositions }
        : { steeredPositions, firedAtPosition: condition.firedAt },
    )
  }

  /** The changes that act on a prefix, as its key names them. */
  #ofPrefix(whole: boolean): readonly Change[] {
    return whole ? this.#changes : this.#changes.filter(({ positions }) => positions !== 'response')
  }

  #covers(positions: Positions, position: number): boolean {
    if (positions === 'all') return true
    return positions === 'prompt' ? position < this.#promptLength : position >= this.#promptLength - 1
  }
}

function toChange(steering: Steering): Change {
  const { layer, positions = 'all', mode, when } = steering
  return {
    layer,
    positions,
    mode,
    vector:
      steering.mode === 'add' ? steering.vector.map(value => value * steering.coefficient) : unit(steering.direction),
    ceiling: steering.mode === 'cap' ? steering.ceiling : 0,
    condition: when && toCondition(when),
    steeredPositions: 0,
  }
}

function toCondition({ layer, direction, above }: SteeringCondition): Condition {
  return { layer, unitDirection: unit(direction), above, firedAt: undefined }
}

function check(condition: Condition, position: number, row: Float32Array): void {
  if (condition.firedAt === undefined && dot(row, condition.unitDirection) > condition.above)
    condition.firedAt = position
}

function applyChange({ mode, vector, ceiling }: Change, row: Float32Array): boolean {
  if (mode === 'add') {
    for (let i = 0; i < row.length; i++) row[i] = row[i]! + vector[i]!
    return true
  }
  const projection = dot(row, vector)
  const excess = mode === 'cap' ? Math.max(0, projection - ceiling) : projection
  if (excess === 0) return false
  for (let i = 0; i < row.length; i++) row[i] = row[i]! - excess * vector[i]!
  return true
}
