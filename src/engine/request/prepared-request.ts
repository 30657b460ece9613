import type { Capture } from '../contract/capture.ts'
import type { TokenId } from '../contract/prompt.ts'
import type { Sampling } from '../contract/sampling.ts'
import type { Steering } from '../contract/steering.ts'

interface PreparedBase {
  /** The prompt's tokens, then for `forward` the given response's. */
  readonly tokens: readonly TokenId[]
  readonly promptLength: number
  /** Token counts at which the prompt is cut into separate passes and may be kept for other requests. */
  readonly boundaries: readonly number[]
  readonly steering: readonly Steering[]
  readonly capture: Capture | undefined
}

/** A checked request in tokens: plain data that can cross a process border. */
export type PreparedRequest = PreparedGenerate | PreparedForward

export interface PreparedGenerate extends PreparedBase {
  readonly kind: 'generate'
  readonly maxTokens: number
  readonly sampling: Sampling
  readonly stop: readonly string[]
  readonly topLogprobs: number
  readonly grammar: string | undefined
  readonly ignoreEndOfTurn: boolean
  readonly answerAfter: string | undefined
  /** Whether its text is reported while it grows. */
  readonly streamed: boolean
  /** Other requests of the run have the same prompt: keep it, with its logits, when it has been read. */
  readonly sharesPrompt: boolean
}

export interface PreparedForward extends PreparedBase {
  readonly kind: 'forward'
  readonly responseLogprobs: boolean
}
