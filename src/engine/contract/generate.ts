import type { Activations, Capture } from './capture.ts'
import type { Prompt, TokenId } from './prompt.ts'
import type { Sampling } from './sampling.ts'
import type { Steering, SteeringReport } from './steering.ts'

/** Asks the model for an answer. */
export interface GenerateRequest {
  readonly prompt: Prompt
  /** The most tokens to write. */
  readonly maxTokens: number
  readonly sampling?: Sampling
  /** Texts that end the answer; they are not part of it. */
  readonly stop?: readonly string[]
  readonly steering?: readonly Steering[]
  readonly capture?: Capture
  /** Return this many of the most probable tokens, with log-probabilities, for every written token. */
  readonly topLogprobs?: number
  /** A grammar in GBNF with a rule named `root`; only text it allows is written. */
  readonly grammar?: string
  /** Go on after the end-of-turn token until `maxTokens`; for measurements of speed. */
  readonly ignoreEndOfTurn?: boolean
  /**
   * For models that think before they answer: the text that ends the thought, for example `</think>`.
   * The thought is returned apart, and response means, norms and readings begin after it.
   */
  readonly answerAfter?: string
}

/** The log-probability of a token, from the unsampled distribution (temperature 1, no cuts, no grammar). */
export interface TokenLogprob {
  readonly token: TokenId
  readonly text: string
  readonly logprob: number
}

/** A written token with its alternatives. */
export interface ChosenToken extends TokenLogprob {
  /** Most probable first. */
  readonly top: readonly TokenLogprob[]
}

/**
 * Why the answer ended: `end` the model's end-of-turn token, `stop` a stop text, `length` the token limit.
 */
export type FinishReason = 'end' | 'stop' | 'length'

export interface GenerateResult {
  readonly text: string
  /** The thought before the answer, where `answerAfter` was given and met; else empty. */
  readonly thought: string
  /** The response tokens (after the thought, if there is one). */
  readonly tokens: readonly TokenId[]
  readonly finishReason: FinishReason
  readonly promptTokens: number
  /** How many tokens the model wrote in all: response, thought, trimmed stop text. */
  readonly writtenTokens: number
  /** How many prompt tokens were taken from a prefix computed before. */
  readonly reusedPromptTokens: number
  readonly activations?: Activations
  /** One entry for each token of `tokens`. */
  readonly logprobs?: readonly ChosenToken[]
  /** One report for each steering of the request. */
  readonly steering: readonly SteeringReport[]
}

/** What became certain of an answer since the last piece. */
export interface AnswerDelta {
  readonly text: string
  /**
   * Of the response tokens that became certain, where `topLogprobs` was asked for; all pieces together are the
   * result's. A token that ends in the middle of a character comes with the one that completes it.
   */
  readonly logprobs?: readonly ChosenToken[]
}

/** What happens while an answer is written. Iteration ends after `response-end`. */
export type GenerationEvent =
  | {
      readonly type: 'reading-available'
      /** The probes' values at the last prompt token, before anything is written. */
      readonly promptLast: Readonly<Record<string, number>>
    }
  | ({ readonly type: 'token-delta' } & AnswerDelta)
  | { readonly type: 'response-end'; readonly result: GenerateResult }

/** An answer while it is being written. Iterate for its events, or await `result`. */
export interface Generation extends AsyncIterable<GenerationEvent> {
  readonly result: Promise<GenerateResult>
}
