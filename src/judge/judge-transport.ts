import type { ChatMessage } from '../chat/message.ts'
import type { CandidateToken } from './score-distribution.ts'

/** One call of a judge model. */
export interface JudgeCall {
  readonly messages: readonly ChatMessage[]
  /** `number`: one token and its alternatives are wanted; `text`: a short text, from which a number is read. */
  readonly wants: 'number' | 'text'
}

/** What a judge model answered. */
export interface JudgeReply {
  readonly text: string
  /**
   * What else it might have said as its first token, most probable first. For a model that writes numbers digit by
   * digit, an engine gives whole numbers here. Absent where the server shows no log-probabilities.
   */
  readonly candidates?: readonly CandidateToken[]
  /** Why it would not answer this one call, the same text for the same reason; it is not remembered. */
  readonly refusal?: string
  readonly promptTokens?: number
  readonly writtenTokens?: number
}

export interface AskOptions {
  readonly signal: AbortSignal | undefined
  /** Hears every reply as it is there. */
  readonly onReply: (index: number, reply: JudgeReply) => void
}

/** The way to a judge model. */
export interface JudgeTransport {
  /** Names the model and where it runs: `http://127.0.0.1:8000/v1#model`, `engine#smollm2-135m-instruct`. */
  readonly id: string
  readonly model: string
  /** What besides the messages decides the answer; goes into the hash that calls are remembered by. */
  readonly settings: Readonly<Record<string, string | number>>
  /** Whether it must be found out if it shows log-probabilities of whole numbers. */
  readonly isUnknown: boolean
  /** @throws JUDGE_UNREACHABLE, JUDGE_REFUSED, JUDGE_ABORTED, or what an engine throws */
  askAll(calls: readonly JudgeCall[], options: AskOptions): Promise<void>
}

/** The most tokens of an answer. A number in words around it is short; more is no number. */
export function maxTokensOf({ wants }: JudgeCall): number {
  return wants === 'number' ? 1 : 16
}
