import type { AnswerLevel, ModelShift } from './analyse-shift.ts'
import type { ShiftSettings } from './plan-shift.ts'

/** What `summary.json` holds. */
export interface ShiftSummary {
  readonly base: ShiftedModel
  readonly tuned: readonly (ShiftedModel & ModelShift)[]
  readonly traits: readonly ShiftedTrait[]
  readonly settings: ShiftSettings
  readonly createdAt: string
  readonly personascopeVersion: string
}

export interface ShiftedModel {
  /** The name in figures: the model's, with a number where two have the same. */
  readonly name: string
  readonly id: string
  /** sha256 of the weights in use. */
  readonly fileHash: string
  readonly weightFormat: string
  /** The format of the file that was given; the weights in use may be a conversion. */
  readonly sourceFormat: string
  /** For each trait, the answers to its own questions. */
  readonly levels: readonly AnswerLevel[]
}

export interface ShiftedTrait {
  readonly name: string
  readonly layer: number
  readonly questions: number
  /** sha256 of the direction. */
  readonly directionHash: string
  /** null where nothing is scored. */
  readonly judge: string | null
}
