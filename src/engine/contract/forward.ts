import type { Activations, Capture } from './capture.ts'
import type { Layer } from './layer.ts'
import type { Prompt, TokenId } from './prompt.ts'
import type { Steering, SteeringReport } from './steering.ts'

/** Reads a given text with the model without writing anything: a teacher-forced pass. */
export interface ForwardRequest {
  readonly prompt: Prompt
  /** The text whose tokens count as response tokens; tokenised apart from the prompt, special tokens as plain text. */
  readonly response?: string
  readonly steering?: readonly Steering[]
  readonly capture?: Capture
  /** Return the log-probability of every response token. Needs the full depth. */
  readonly responseLogprobs?: boolean
}

export interface ForwardResult {
  readonly promptTokens: number
  readonly reusedPromptTokens: number
  readonly responseTokens: readonly TokenId[]
  readonly activations?: Activations
  /** [response tokens] log p(token | what stands before it) */
  readonly responseLogprobs?: Float32Array
  /** The deepest layer computed: the pass stops after the last layer that something was asked of. */
  readonly depth: Layer
  readonly steering: readonly SteeringReport[]
}
