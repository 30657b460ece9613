import type { Layer } from '../engine/contract/layer.ts'

/** How well a vector does at each layer, on extraction questions it was not made from. */
export interface LayerProfile {
  /** The questions are set aside in this many turns, each turn judged by the direction of all others. */
  readonly folds: number
  /** One entry for each layer 1..B. */
  readonly layers: readonly LayerEvidence[]
  /** What steering does at some layers; absent until it was measured. */
  readonly steering?: SteeringSweep
  /** What steering at the chosen layer does besides; absent until it was measured. */
  readonly sideEffects?: SideEffects
}

export interface LayerEvidence {
  readonly layer: Layer
  /** |v| over the median length of response tokens. */
  readonly relativeNorm: number
  /** AUC of the projection of response means, answers under p+ against those under p-. */
  readonly separation?: number
  /** Of the last prompt token's projection with the answer's score; absent without scores. */
  readonly reading?: ReadingEvidence
  /** Of the direction for screening; absent where there is none. */
  readonly screening?: ScreeningEvidence
}

/**
 * AUC of the projection on the direction for screening, of answers read without the system prompt they were written
 * under.
 */
export interface ScreeningEvidence {
  /** Answers under p+ against those under p-. */
  readonly fromSuppressed: number
  /** Answers under p+ against ordinary ones. */
  readonly fromOrdinary: number
}

export interface ReadingEvidence {
  /** Pearson r over all answers. */
  readonly overall: number
  /** The same within one system prompt, pooled. */
  readonly withinPrompt: number
}

/** Answers to questions set aside, steered at equal relative dose. */
export interface SteeringSweep {
  /** Largest first or last does not matter: each is tried with both signs. */
  readonly doses: readonly number[]
  readonly questions: number
  readonly samples: number
  /** The steered answers may be this many times as perplexing to the unsteered model as its own. */
  readonly perplexityBound: number
  /** The least mean coherence of steered answers; holds where the judge looks at coherence. */
  readonly coherenceBound: number
  readonly unsteered: { readonly score: number; readonly perplexity: number; readonly coherence?: number }
  readonly layers: readonly SteeringEvidence[]
}

export interface SteeringEvidence {
  readonly layer: Layer
  /** By dose, in the order of `doses`. */
  readonly atDose: readonly SteeringAtDose[]
  /** The largest effect within the bound, and its dose; absent where none is within it. */
  readonly best?: { readonly dose: number; readonly effect: number; readonly low: number; readonly high: number }
}

export interface SteeringAtDose {
  readonly dose: number
  /** Mean score at +dose minus at -dose, with its 95 % interval over questions; -100 to 100 where one question has none. */
  readonly effect: number
  readonly low: number
  readonly high: number
  /** The larger one of the two signs, as a multiple of the unsteered perplexity. */
  readonly perplexityRatio: number
  /** Mean coherence 0..100, the lower one of the two signs; absent where nothing judges it. */
  readonly coherence?: number
}

/** What steering does to text that has nothing to do with the trait. */
export interface SideEffects {
  readonly layer: Layer
  /** How many unrelated texts and answers it was measured on. */
  readonly texts: number
  readonly answers: number
  readonly atDose: readonly SideEffectsAtDose[]
}

export interface SideEffectsAtDose {
  /** Signed. */
  readonly dose: number
  /** Perplexity of unrelated text, as a multiple of that without steering. */
  readonly perplexityRatio: number
  /** KL divergence of the steered model from the unsteered one, nats per token, over the unsteered model's answers. */
  readonly divergence: number
}
