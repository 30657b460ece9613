/**
 * The embedded engine: llama.cpp in a process of its own. This file speaks the engine contract on one side and the
 * process's messages on the other; it knows nothing of native code.
 */
import type { ChatTemplate } from '../../chat/chat-template.ts'
import { PersonascopeError, textOf } from '../../errors/personascope-error.ts'
import type { Engine, RequestOptions, RunOptions } from '../contract/engine.ts'
import type { EngineInfo, ModelInfo } from '../contract/engine-info.ts'
import type { ForwardRequest, ForwardResult } from '../contract/forward.ts'
import type { GenerateRequest, GenerateResult, Generation } from '../contract/generate.ts'
import type { Prompt, RenderedPrompt, TokenId } from '../contract/prompt.ts'
import { type ChatText, renderChatText, type TextPart } from '../request/chat-text.ts'
import { GenerationStream } from '../request/generation-stream.ts'
import { markSharedPrompts, prepareForward, prepareGenerate } from '../request/prepare-request.ts'
import type { PreparedRequest } from '../request/prepared-request.ts'
import type { SpecialTexts } from '../request/special-texts.ts'
import type { EngineLink, RequestListener } from './engine-link.ts'
import type { TextToTokenize } from './process/protocol.ts'

export class LlamaEngine implements Engine {
  readonly model: ModelInfo
  readonly info: EngineInfo
  readonly #link: EngineLink
  readonly #text: TextRules

  /** Use `openLlamaEngine`. */
  constructor(link: EngineLink, model: ModelInfo, info: EngineInfo, text: TextRules) {
    this.#link = link
    this.model = model
    this.info = info
    this.#text = text
  }

  /** The id of the engine process while it runs; for tests and for `doctor`. */
  get processId(): number | undefined {
    return this.#link.processId
  }

  async tokenize(text: string, { special = false } = {}): Promise<TokenId[]> {
    const [tokens] = await this.#link.tokenize([{ text, begin: false, parseSpecial: special }])
    return [...tokens!]
  }

  async detokenize(tokens: readonly TokenId[]): Promise<string> {
    return await this.#link.detokenize(tokens)
  }

  async renderPrompt(prompt: Prompt): Promise<RenderedPrompt> {
    const [rendered] = await this.#renderAll([prompt])
    return rendered!
  }

  async generate(request: GenerateRequest, options: RequestOptions = {}): Promise<GenerateResult> {
    return await this.#generateOne(request, options, false, {})
  }

  stream(request: GenerateRequest, options: RequestOptions = {}): Generation {
    return new GenerationStream(report =>
      this.#generateOne(request, options, true, {
        onReading: promptLast => report({ type: 'reading-available', promptLast }),
        onDelta: delta => report({ type: 'token-delta', ...delta }),
      }),
    )
  }

  async forward(request: ForwardRequest, options: RequestOptions = {}): Promise<ForwardResult> {
    const [prepared] = await this.#prepareForwards([request])
    return (await this.#runOne(prepared!, options)) as ForwardResult
  }

  async generateAll(
    requests: readonly GenerateRequest[],
    options: RunOptions<GenerateResult> = {},
  ): Promise<GenerateResult[]> {
    const prompts = await this.#renderAll(requests.map(request => request.prompt))
    const prepared = requests.map((request, index) => prepareGenerate(request, prompts[index]!, this.model, false))
    return await this.#runAll(markSharedPrompts(prepared), options)
  }

  async forwardAll(
    requests: readonly ForwardRequest[],
    options: RunOptions<ForwardResult> = {},
  ): Promise<ForwardResult[]> {
    return await this.#runAll(await this.#prepareForwards(requests), options)
  }

  async close(): Promise<void> {
    await this.#link.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #generateOne(
    request: GenerateRequest,
    options: RequestOptions,
    streamed: boolean,
    listener: RequestListener,
  ): Promise<GenerateResult> {
    const prompt = await this.renderPrompt(request.prompt)
    const prepared = prepareGenerate(request, prompt, this.model, streamed)
    return (await this.#runOne(prepared, options, listener)) as GenerateResult
  }

  async #runOne(prepared: PreparedRequest, { signal, mode }: RequestOptions, listener: RequestListener = {}) {
    const settings = { grouped: false, reproducible: mode === 'reproducible', listener, ...(signal && { signal }) }
    return (await this.#link.run([prepared], settings)).at(0)
  }

  async #prepareForwards(requests: readonly ForwardRequest[]) {
    const prompts = await this.#renderAll(requests.map(request => request.prompt))
    const responses = await this.#link.tokenize(
      requests.map(({ response = '' }) => ({ text: response, begin: false, parseSpecial: false })),
    )
    return requests.map((request, index) => prepareForward(request, prompts[index]!, responses[index]!, this.model))
  }

  async #runAll<Result extends GenerateResult | ForwardResult>(
    prepared: readonly PreparedRequest[],
    { mode = 'reproducible', onResult, ...options }: RunOptions<Result>,
  ): Promise<Result[]> {
    const results = await this.#link.run(prepared, {
      ...options,
      grouped: mode === 'reproducible',
      onResult: (index, result) => onResult?.(index, result as Result),
    })
    return results as Result[]
  }

  /** Renders many prompts with one call to the engine process. */
  async #renderAll(prompts: readonly Prompt[]): Promise<RenderedPrompt[]> {
    const drafts = prompts.map(prompt => this.#draft(prompt))
    const tokens = await this.#link.tokenize(drafts.flatMap(draft => draft.texts.flatMap(toTokenize)))
    const queue = tokens.values()
    return drafts.map(draft => draft.finish(draft.texts.map(parts => parts.flatMap(() => [...queue.next().value!]))))
  }

  #draft(prompt: Prompt): PromptDraft {
    if ('tokens' in prompt) {
      return {
        texts: [],
        finish: () => ({ text: undefined, tokens: prompt.tokens, boundaries: prompt.boundaries ?? [] }),
      }
    }
    if ('text' in prompt) {
      const texts = [[{ text: prompt.text, parseSpecial: true }]]
      return { texts, finish: ([tokens]) => ({ text: prompt.text, tokens: tokens!, boundaries: [] }) }
    }
    const { text, parts, shared } = this.#renderChat(prompt)
    return {
      texts: [parts, ...shared],
      finish: ([tokens, ...beginnings]) => ({
        text,
        tokens: tokens!,
        boundaries: beginnings.map(beginning => commonLength(tokens!, beginning)),
      }),
    }
  }

  #renderChat(prompt: Extract<Prompt, { messages: unknown }>): ChatText {
    const { template, specials } = this.#text
    if (!template) throw new PersonascopeError('MODEL_NO_CHAT_TEMPLATE', { model: this.model.id })
    try {
      return renderChatText(template, specials, prompt.messages, prompt.thinking ? { thinking: prompt.thinking } : {})
    } catch (error) {
      throw new PersonascopeError(
        'CHAT_TEMPLATE_FAILED',
        { model: this.model.id, detail: textOf(error) },
        { cause: error },
      )
    }
  }
}

/** How a model's prompts are written and read. */
export interface TextRules {
  readonly template: ChatTemplate | undefined
  readonly specials: SpecialTexts
}

interface PromptDraft {
  /** Each in parts. */
  readonly texts: readonly (readonly TextPart[])[]
  finish(tokens: readonly (readonly TokenId[])[]): RenderedPrompt
}

function toTokenize(parts: readonly TextPart[]): TextToTokenize[] {
  return parts.map((part, index) => ({ ...part, begin: index === 0 }))
}

/** Tokens at the end of a cut text may differ from those of the whole one: only what both share is a common beginning. */
function commonLength(a: readonly TokenId[], b: readonly TokenId[]): number {
  let length = 0
  while (length < b.length && a[length] === b[length]) length++
  return length
}
