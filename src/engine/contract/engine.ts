import type { EngineInfo, ModelInfo } from './engine-info.ts'
import type { ForwardRequest, ForwardResult } from './forward.ts'
import type { GenerateRequest, GenerateResult, Generation } from './generate.ts'
import type { Prompt, RenderedPrompt, TokenId } from './prompt.ts'

/**
 * Runs a model and sees inside it. Everything above this folder works with any engine that keeps this contract;
 * `engine.case.ts` is the suite that says what keeping it means.
 */
export interface Engine extends AsyncDisposable {
  readonly model: ModelInfo
  readonly info: EngineInfo

  /**
   * The tokens of a text.
   * @param options.special recognise special tokens written in the text (default false)
   */
  tokenize(text: string, options?: { readonly special?: boolean }): Promise<TokenId[]>

  /** The text of tokens; special tokens are written out. */
  detokenize(tokens: readonly TokenId[]): Promise<string>

  /**
   * A prompt as the model sees it.
   * @throws MODEL_NO_CHAT_TEMPLATE, CHAT_TEMPLATE_FAILED
   */
  renderPrompt(prompt: Prompt): Promise<RenderedPrompt>

  /**
   * Writes one answer. Shares batches with whatever else is running.
   * @throws PROMPT_TOO_LONG, PROMPT_EMPTY, LAYER_OUT_OF_RANGE, REQUEST_INVALID, GRAMMAR_INVALID, GRAMMAR_STUCK,
   * ENGINE_ABORTED, ENGINE_CRASHED, ENGINE_CLOSED
   */
  generate(request: GenerateRequest, options?: RequestOptions): Promise<GenerateResult>

  /** Writes one answer and reports it while it grows. Throws like `generate`, when iterated or awaited. */
  stream(request: GenerateRequest, options?: RequestOptions): Generation

  /**
   * Reads one text.
   * @throws as `generate`
   */
  forward(request: ForwardRequest, options?: RequestOptions): Promise<ForwardResult>

  /**
   * Writes many answers, in the order of the requests. All requests are checked before the first one runs; the first
   * failure ends the run.
   */
  generateAll(requests: readonly GenerateRequest[], options?: RunOptions<GenerateResult>): Promise<GenerateResult[]>

  /** Reads many texts; as `generateAll`. */
  forwardAll(requests: readonly ForwardRequest[], options?: RunOptions<ForwardResult>): Promise<ForwardResult[]>

  /** Ends running requests with ENGINE_CLOSED and frees everything. May be called more than once. */
  close(): Promise<void>
}

export interface RequestOptions {
  /** Aborting ends the request with ENGINE_ABORTED within one step of the model. */
  readonly signal?: AbortSignal
  /**
   * `packed` (the default for a single request): whatever runs beside it may change its last digits, and so a token.
   * `reproducible`: the passes with its tokens have the same kernels alone as beside others. With Q8_0 weights its
   * tokens are then the same; where a format's kernels round by the number of rows, they may still differ.
   */
  readonly mode?: 'reproducible' | 'packed'
}

export interface RunOptions<Result> extends RequestOptions {
  /**
   * `reproducible` (the default): what shares a pass of the model is a function of the requests and the settings
   * alone, so that two runs give the same bytes whatever else is queued.
   * `packed`: as full as possible; results may differ in the last digits from run to run.
   */
  readonly mode?: 'reproducible' | 'packed'
  /** Hears every result as it is ready, in order of completion. */
  readonly onResult?: (index: number, result: Result) => void
}
