import type { ChatMessage } from '../../chat/message.ts'

/** The number of a token in a model's vocabulary. */
export type TokenId = number

/**
 * What the model is asked, in one of three forms.
 *
 * - `messages`: rendered with the model's own chat template, ready for the assistant's turn.
 * - `text`: tokenised as it stands; special tokens written in it are recognised.
 * - `tokens`: taken as they are. `boundaries` are token counts at which a prefix that other requests share may end;
 *   they also fix where the prompt is cut into separate passes in reproducible mode.
 */
export type Prompt =
  | { readonly messages: readonly ChatMessage[]; readonly thinking?: 'off' | 'on' }
  | { readonly text: string }
  | { readonly tokens: readonly TokenId[]; readonly boundaries?: readonly number[] }

/** A prompt as the model sees it. */
export interface RenderedPrompt {
  /** Undefined where the prompt was given as tokens. */
  readonly text: string | undefined
  readonly tokens: readonly TokenId[]
  /** Token counts, ascending, each under `tokens.length`, after which other prompts may go on differently. */
  readonly boundaries: readonly number[]
}
