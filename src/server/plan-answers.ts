/** What a request asks for, as requests to the engine. */
import { randomInt } from 'node:crypto'
import type { ChatMessage } from '../chat/message.ts'
import type { ChatCompletionRequest, TextCompletionRequest } from '../contract/completion-request.ts'
import type { Engine } from '../engine/contract/engine.ts'
import type { GenerateRequest } from '../engine/contract/generate.ts'
import type { Prompt, RenderedPrompt } from '../engine/contract/prompt.ts'
import { jsonSchemaToGrammar } from '../engine/grammar/json-schema-grammar.ts'
import { forecastProbesOf } from '../monitoring/read-answer.ts'
import type { WatchedTrait } from '../monitoring/watched-trait.ts'
import { ApiError } from './api-error.ts'
import { jsonObjectGrammar } from './json-object-grammar.ts'
import type { ResolvedPersona } from './resolve-persona.ts'

export interface AnswerPlan {
  /** One for each choice, in order. */
  readonly requests: readonly GenerateRequest[]
  /** Of all prompts, each counted once. */
  readonly promptTokens: number
  /** The prompt of each choice, for who stores texts. */
  readonly promptTexts: readonly string[]
}

/** How long an answer may be where nothing is asked. */
const usualTokens = 1024

/** @throws what rendering a prompt and compiling a schema throw; ApiError */
export async function planChat(
  engine: Engine,
  asked: ChatCompletionRequest,
  persona: ResolvedPersona,
  watched: readonly WatchedTrait[],
): Promise<AnswerPlan> {
  if ((asked.top_logprobs ?? 0) > 0 && !asked.logprobs) {
    throw new ApiError(400, 'top_logprobs needs logprobs to be true.', { param: 'top_logprobs', code: 'invalid_value' })
  }
  if (asked.max_tokens != null && asked.max_completion_tokens != null) {
    const message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    throw new ApiError(400, message, { param: 'max_tokens', code: 'invalid_parameter_combination' })
  }
  const grammar = grammarOf(asked.response_format)
  const prompt = { messages: asked.messages.map(toMessage) }
  return await plan(engine, [prompt], asked, persona, watched, {
    maxTokens: asked.max_completion_tokens ?? asked.max_tokens ?? undefined,
    topLogprobs: asked.logprobs ? Math.max(1, asked.top_logprobs ?? 0) : 0,
    ...(grammar !== undefined && { grammar }),
  })
}

/** @throws as `planChat` */
export async function planText(
  engine: Engine,
  asked: TextCompletionRequest,
  persona: ResolvedPersona,
  watched: readonly WatchedTrait[],
): Promise<AnswerPlan> {
  return await plan(engine, promptsOf(asked.prompt), asked, persona, watched, {
    maxTokens: asked.max_tokens ?? 16,
    topLogprobs: asked.logprobs == null ? 0 : Math.max(1, asked.logprobs),
  })
}

interface Special {
  readonly maxTokens: number | undefined
  readonly topLogprobs: number
  readonly grammar?: string
}

async function plan(
  engine: Engine,
  prompts: readonly Prompt[],
  asked: ChatCompletionRequest | TextCompletionRequest,
  persona: ResolvedPersona,
  watched: readonly WatchedTrait[],
  { maxTokens, topLogprobs, grammar }: Special,
): Promise<AnswerPlan> {
  const n = asked.n ?? 1
  const seed = asked.seed ?? randomInt(2 ** 31)
  const stop = asked.stop == null ? [] : [asked.stop].flat()
  const rendered = await Promise.all(prompts.map(prompt => engine.renderPrompt(prompt)))
  const requests = rendered.flatMap(prompt =>
    Array.from({ length: n }, (_, sample): GenerateRequest => {
      const room = Math.max(1, engine.model.contextTokens - prompt.tokens.length)
      return {
        prompt: { tokens: prompt.tokens, boundaries: prompt.boundaries },
        maxTokens: maxTokens ?? Math.min(usualTokens, room),
        sampling: {
          temperature: asked.temperature ?? 1,
          // Nothing of no mass can be drawn: the likeliest token it is.
          topP: Math.max(asked.top_p ?? 1, 1e-9),
          seed: seed + sample,
        },
        stop,
        ...(persona.steering.length > 0 && { steering: persona.steering }),
        ...(watched.length > 0 && { capture: { layers: [], probes: watched.flatMap(forecastProbesOf) } }),
        ...(topLogprobs > 0 && { topLogprobs }),
        ...(grammar !== undefined && { grammar }),
      }
    }),
  )
  for (const [index, prompt] of rendered.entries()) assertFits(engine, prompt, requests[index * n]!.maxTokens)
  return {
    requests,
    promptTokens: rendered.reduce((sum, { tokens }) => sum + tokens.length, 0),
    promptTexts: rendered.flatMap(({ text }) => Array<string>(n).fill(text ?? '')),
  }
}

/** Said before a stream begins. */
function assertFits(engine: Engine, { tokens }: RenderedPrompt, maxTokens: number): void {
  const { contextTokens, vocabularySize } = engine.model
  if (tokens.length === 0) throw new ApiError(400, 'The prompt is empty.', { param: 'prompt', code: 'invalid_value' })
  if (tokens.some(token => token >= vocabularySize)) {
    const message = `The prompt has tokens that the model does not know: it has ${vocabularySize}.`
    throw new ApiError(400, message, { param: 'prompt', code: 'invalid_value' })
  }
  if (tokens.length + maxTokens <= contextTokens) return
  const message = `This model's maximum context length is ${contextTokens} tokens. However, the prompt has ${tokens.length} tokens and up to ${maxTokens} are to be written.`
  throw new ApiError(400, message, { param: 'messages', code: 'context_length_exceeded' })
}

function toMessage({ role, content }: ChatCompletionRequest['messages'][number]): ChatMessage {
  const text = typeof content === 'string' ? content : content.map(part => part.text).join('')
  return { role: role === 'developer' ? 'system' : role, content: text }
}

function promptsOf(prompt: TextCompletionRequest['prompt']): Prompt[] {
  if (typeof prompt === 'string') return [{ text: prompt }]
  if (isNumbers(prompt)) return [{ tokens: prompt }]
  return prompt.map(part => (typeof part === 'string' ? { text: part } : { tokens: part }))
}

function isNumbers(prompt: readonly (string | number | number[])[]): prompt is number[] {
  return typeof prompt[0] === 'number'
}

function grammarOf(format: ChatCompletionRequest['response_format']): string | undefined {
  if (format?.type === 'json_object') return jsonObjectGrammar
  return format?.type === 'json_schema' ? jsonSchemaToGrammar(format.json_schema.schema) : undefined
}
