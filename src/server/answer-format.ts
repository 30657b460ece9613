/** How answers are told: as chat completions, or as text completions. */
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChoiceLogprobs,
  TextCompletion,
  Usage,
} from '../contract/completion-response.ts'
import type { PersonascopeResponse } from '../contract/personascope-field.ts'
import type {
  AnswerDelta,
  ChosenToken,
  FinishReason,
  GenerateResult,
  TokenLogprob,
} from '../engine/contract/generate.ts'

export interface AnswerHead {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly system_fingerprint: string
}

export interface FinishedChoice {
  readonly index: number
  readonly result: GenerateResult
  readonly persona: PersonascopeResponse | undefined
}

export interface AnswerFormat {
  whole(head: AnswerHead, choices: readonly FinishedChoice[], usage: Usage): ChatCompletion | TextCompletion
  /** What comes before any text; undefined where there is nothing to say. */
  first(head: AnswerHead, index: number, persona: PersonascopeResponse | undefined): StreamedPart | undefined
  /** @param textBefore how many characters the tokens told before have */
  delta(head: AnswerHead, index: number, delta: AnswerDelta, textBefore: number): StreamedPart
  last(head: AnswerHead, choice: FinishedChoice): StreamedPart
  usage(head: AnswerHead, usage: Usage): StreamedPart
}

export type StreamedPart = ChatCompletionChunk | TextCompletion

const reasons = { end: 'stop', stop: 'stop', length: 'length' } as const satisfies Record<FinishReason, string>

/** @param topLogprobs how many alternatives are shown; undefined where no log-probabilities are */
export function chatFormat(topLogprobs: number | undefined): AnswerFormat {
  const logprobsOf = ({ logprobs }: Pick<GenerateResult, 'logprobs'>): ChoiceLogprobs | null =>
    topLogprobs === undefined || !logprobs ? null : chatLogprobs(logprobs, topLogprobs)
  const chunk = (
    head: AnswerHead,
    choices: ChatCompletionChunk['choices'],
    more: Pick<ChatCompletionChunk, 'usage' | 'personascope'> = {},
  ): ChatCompletionChunk => ({ ...head, object: 'chat.completion.chunk', choices, ...more })
  return {
    whole: (head, choices, usage) => ({
      ...head,
      object: 'chat.completion',
      choices: choices.map(({ index, result, persona }) => ({
        index,
        message: { role: 'assistant', content: result.text, refusal: null },
        logprobs: logprobsOf(result),
        finish_reason: reasons[result.finishReason],
        ...(persona && { personascope: persona }),
      })),
      usage,
      ...(choices[0]?.persona && { personascope: choices[0].persona }),
    }),
    first(head, index, persona) {
      const field = persona && { personascope: persona }
      const delta = { role: 'assistant' as const, content: '' }
      return chunk(head, [{ index, delta, logprobs: null, finish_reason: null, ...field }], field)
    },
    delta: (head, index, delta) =>
      chunk(head, [{ index, delta: { content: delta.text }, logprobs: logprobsOf(delta), finish_reason: null }]),
    last(head, { index, result, persona }) {
      const field = persona && { personascope: persona }
      const finish_reason = reasons[result.finishReason]
      return chunk(head, [{ index, delta: {}, logprobs: null, finish_reason, ...field }], field)
    },
    usage: (head, usage) => chunk(head, [], { usage }),
  }
}

/** @param topLogprobs as of `chatFormat` */
export function textFormat(topLogprobs: number | undefined): AnswerFormat {
  const logprobsOf = ({ logprobs }: Pick<GenerateResult, 'logprobs'>, textBefore = 0) =>
    topLogprobs === undefined || !logprobs ? null : textLogprobs(logprobs, topLogprobs, textBefore)
  const part = (head: AnswerHead, choices: TextCompletion['choices'], usage?: Usage): TextCompletion => ({
    ...head,
    object: 'text_completion',
    choices,
    ...(usage && { usage }),
    ...(choices[0]?.personascope && { personascope: choices[0].personascope }),
  })
  const finished = ({ index, result, persona }: FinishedChoice) => ({
    index,
    text: result.text,
    logprobs: logprobsOf(result),
    finish_reason: reasons[result.finishReason],
    ...(persona && { personascope: persona }),
  })
  return {
    whole: (head, choices, usage) => part(head, choices.map(finished), usage),
    first: (head, index, persona) =>
      persona && part(head, [{ index, text: '', logprobs: null, finish_reason: null, personascope: persona }]),
    delta: (head, index, delta, textBefore) =>
      part(head, [{ index, text: delta.text, logprobs: logprobsOf(delta, textBefore), finish_reason: null }]),
    last: (head, choice) => part(head, [{ ...finished(choice), text: '', logprobs: null }]),
    usage: (head, usage) => part(head, [], usage),
  }
}

export function usageOf(promptTokens: number, results: readonly GenerateResult[]): Usage {
  const written = results.reduce((sum, result) => sum + result.writtenTokens, 0)
  return {
    prompt_tokens: promptTokens,
    completion_tokens: written,
    total_tokens: promptTokens + written,
    prompt_tokens_details: { cached_tokens: Math.max(0, ...results.map(result => result.reusedPromptTokens)) },
  }
}

function chatLogprobs(tokens: readonly ChosenToken[], top: number): ChoiceLogprobs {
  const entry = ({ text, logprob }: TokenLogprob) => ({ token: text, logprob, bytes: bytesOf(text) })
  return {
    content: tokens.map(token => ({ ...entry(token), top_logprobs: token.top.slice(0, top).map(entry) })),
    refusal: null,
  }
}

function textLogprobs(tokens: readonly ChosenToken[], top: number, textBefore: number) {
  let offset = textBefore
  const offsets = tokens.map(({ text }) => {
    const start = offset
    offset += text.length
    return start
  })
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(token =>
      Object.fromEntries(token.top.slice(0, top).map(({ text, logprob }) => [text, logprob])),
    ),
    text_offset: offsets,
  }
}

/** Null where the token is part of a character, so that its text is not its bytes. */
function bytesOf(text: string): number[] | null {
  return text.includes('\uFFFD') ? null : [...new TextEncoder().encode(text)]
}
