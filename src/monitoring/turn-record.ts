import type { SteeringNote, TraitReading } from '../contract/personascope-field.ts'

/** One answer and what was read in it. */
export interface TurnRecord {
  readonly id: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** `served` here; `observed` at another server, by a model that did not write it; `replayed` from a log. */
  readonly source: 'served' | 'observed' | 'replayed'
  readonly model: string
  readonly modelFileHash: string
  /** The name of the key it was asked with. */
  readonly client?: string
  readonly finishReason?: string
  readonly promptTokens: number
  readonly responseTokens: number
  readonly steering: readonly SteeringNote[]
  readonly readings: Readonly<Record<string, Omit<TraitReading, 'tokens'>>>
  /** The forecast, by trait, where there was one. */
  readonly expectedScores: Readonly<Record<string, number>>
  /** Stored only where that is turned on. */
  readonly text?: { readonly prompt: string; readonly response: string }
}
