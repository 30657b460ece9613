import type { ChatMessage } from '../../chat/message.ts'

/** One question to an author, and the form its answer must have. */
export interface AuthorCall {
  readonly messages: readonly ChatMessage[]
  /** The name of what is asked for, letters only; a JSON schema of the answer. */
  readonly form: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> }
  /** 0..2^31-1 */
  readonly seed: number
}

/** A language model that writes traits. */
export interface AuthorModel {
  /** Names the model and where it runs: `http://127.0.0.1:8000/v1#model`, `engine#smollm2-135m-instruct`. */
  readonly id: string
  /** What besides the call decides the answer; goes into the hash that replies are remembered by. */
  readonly settings: Readonly<Record<string, string | number>>
  /** Whether it is too small to write several things at once. */
  readonly needsSmallSteps: boolean
  /** Does work that asks, when it is its turn; what it does with the answer is done before the next in turn begins. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /**
   * The answer as it came. To be called within `inTurn`. That it has the asked form is likely, not certain.
   * @throws AUTHOR_UNREACHABLE, AUTHOR_REFUSED, INTERRUPTED, or what an engine throws
   */
  ask(call: AuthorCall, signal?: AbortSignal): Promise<string>
}
