/** A deterministic engine for tests: the contract, on a model of a few hundred numbers, in this process. */
import { ChatTemplate } from '../../chat/chat-template.ts'
import { PersonascopeError, textOf } from '../../errors/personascope-error.ts'
import { sha256 } from '../../store/hash.ts'
import type { Engine, RequestOptions, RunOptions } from '../contract/engine.ts'
import type { EngineInfo, ModelInfo } from '../contract/engine-info.ts'
import type { ForwardRequest, ForwardResult } from '../contract/forward.ts'
import type { GenerateRequest, GenerateResult, Generation, GenerationEvent } from '../contract/generate.ts'
import type { Prompt, RenderedPrompt, TokenId } from '../contract/prompt.ts'
import { type ChatText, renderChatText } from '../request/chat-text.ts'
import { ForwardRun } from '../request/forward-run.ts'
import { GenerateRun } from '../request/generate-run.ts'
import { GenerationStream } from '../request/generation-stream.ts'
import { prepareForward, prepareGenerate } from '../request/prepare-request.ts'
import { SamplerScratch } from '../request/sampler.ts'
import type { SequenceRun, Vocabulary } from '../request/sequence-run.ts'
import { SpecialTexts } from '../request/special-texts.ts'
import { beginToken, endToken, FakeModel, fakeShape } from './fake-model.ts'

const template = `{% for message in messages %}[{{ message.role }}] {{ message.content }}
{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}`

const specials = new SpecialTexts(['<end>'])

const vocabulary: Vocabulary = {
  size: fakeShape.vocabularySize,
  endsTurn: token => token === endToken,
  bytesOf: token => (token < 256 ? Uint8Array.of(token) : new Uint8Array(0)),
}

export class FakeEngine implements Engine {
  readonly model: ModelInfo
  readonly info: EngineInfo = { name: 'fake', version: '1', slotsPerContext: 1, contexts: 1, threadsPerContext: 1 }
  readonly #model: FakeModel
  readonly #template = new ChatTemplate(template, { beginText: '', endText: '' })
  readonly #scratch = new SamplerScratch(fakeShape.vocabularySize)
  readonly #closing = new AbortController()

  constructor(seed = 7) {
    this.#model = new FakeModel(seed)
    const { hash, systemRole, thinking } = this.#template
    this.model = {
      ...fakeShape,
      id: 'fake',
      fileHash: sha256(`fake ${seed}`),
      architecture: 'fake',
      parameterCount: 6176,
      weightFormat: 'F32',
      embeddingLayer: true,
      chatTemplate: { hash, systemRole, thinking },
    }
  }

  async tokenize(text: string, { special = false } = {}): Promise<TokenId[]> {
    const parts = special ? text.split('<end>') : [text]
    return parts.flatMap((part, index) => [...(index > 0 ? [endToken] : []), ...new TextEncoder().encode(part)])
  }

  async detokenize(tokens: readonly TokenId[]): Promise<string> {
    const bytes = tokens.flatMap(token =>
      token === endToken ? [...new TextEncoder().encode('<end>')] : token === beginToken ? [] : [token],
    )
    return new TextDecoder().decode(Uint8Array.from(bytes))
  }

  async renderPrompt(prompt: Prompt): Promise<RenderedPrompt> {
    if ('tokens' in prompt) return { text: undefined, tokens: prompt.tokens, boundaries: prompt.boundaries ?? [] }
    const { text, parts } =
      'text' in prompt
        ? { text: prompt.text, parts: [{ text: prompt.text, parseSpecial: true }] }
        : this.#render(prompt.messages)
    const tokens = await Promise.all(parts.map(part => this.tokenize(part.text, { special: part.parseSpecial })))
    return { text, tokens: tokens.flat(), boundaries: [] }
  }

  async generate(request: GenerateRequest, options: RequestOptions = {}): Promise<GenerateResult> {
    return await this.#generate(request, options, undefined)
  }

  stream(request: GenerateRequest, options: RequestOptions = {}): Generation {
    return new GenerationStream(report => this.#generate(request, options, report))
  }

  async forward(request: ForwardRequest, options: RequestOptions = {}): Promise<ForwardResult> {
    const response = await this.tokenize(request.response ?? '')
    const prepared = prepareForward(request, await this.renderPrompt(request.prompt), response, this.model)
    const run = new ForwardRun(prepared, this.model)
    await this.#feedAll(run, options)
    return run.result()
  }

  async generateAll(
    requests: readonly GenerateRequest[],
    { onResult, ...options }: RunOptions<GenerateResult> = {},
  ): Promise<GenerateResult[]> {
    for (const request of requests) prepareGenerate(request, await this.renderPrompt(request.prompt), this.model, false)
    return await inOrder(requests, request => this.generate(request, options), onResult)
  }

  async forwardAll(
    requests: readonly ForwardRequest[],
    { onResult, ...options }: RunOptions<ForwardResult> = {},
  ): Promise<ForwardResult[]> {
    return await inOrder(requests, request => this.forward(request, options), onResult)
  }

  async close(): Promise<void> {
    this.#closing.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #generate(
    request: GenerateRequest,
    options: RequestOptions,
    report: ((event: GenerationEvent) => void) | undefined,
  ): Promise<GenerateResult> {
    const prompt = await this.renderPrompt(request.prompt)
    const prepared = prepareGenerate(request, prompt, this.model, report !== undefined)
    if (prepared.grammar !== undefined)
      throw new PersonascopeError('GRAMMAR_INVALID', { detail: 'the fake engine reads none' })
    const parts = { model: this.model, vocabulary, scratch: this.#scratch, constraint: undefined }
    const run = new GenerateRun(prepared, parts)
    const delta = () => {
      const delta = run.takeDelta()
      if (delta) report?.({ type: 'token-delta', ...delta })
    }
    await this.#feedAll(run, options, position => {
      if (position === prepared.promptLength - 1 && run.collector) {
        report?.({ type: 'reading-available', promptLast: run.collector.promptLastReadings() })
      }
      delta()
    })
    const result = run.result()
    delta()
    return result
  }

  async #feedAll(
    run: SequenceRun,
    { signal }: RequestOptions,
    onFed: (position: number) => void = () => {},
  ): Promise<void> {
    const memory = this.#model.remember()
    while (!run.finished) {
      // Lets others run, so that an abort can arrive.
      if (run.fed % 16 === 0) await new Promise(resolve => setImmediate(resolve))
      if (this.#closing.signal.aborted) throw new PersonascopeError('ENGINE_CLOSED')
      if (signal?.aborted) throw new PersonascopeError('ENGINE_ABORTED')
      const position = run.fed
      const row = this.#model.feed(memory, run.tokenAt(position), run.depth, (layer, values) => {
        if (run.needsRow(layer, position)) run.takeRow(layer, position, values)
      })
      run.fed++
      if (run.needsLogits(position)) run.takeLogits(position, this.#model.logits(row, position))
      onFed(position)
    }
  }

  #render(messages: Extract<Prompt, { messages: unknown }>['messages']): ChatText {
    try {
      return renderChatText(this.#template, specials, messages, {})
    } catch (error) {
      throw new PersonascopeError('CHAT_TEMPLATE_FAILED', { model: this.model.id, detail: textOf(error) })
    }
  }
}

async function inOrder<Request, Result>(
  requests: readonly Request[],
  run: (request: Request) => Promise<Result>,
  onResult: ((index: number, result: Result) => void) | undefined,
): Promise<Result[]> {
  const results: Result[] = []
  for (const [index, request] of requests.entries()) {
    const result = await run(request)
    onResult?.(index, result)
    results.push(result)
  }
  return results
}
