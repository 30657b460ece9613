import { PersonascopeError } from '../../errors/personascope-error.ts'
import type { Activations } from '../contract/capture.ts'
import type { AnswerDelta, ChosenToken, FinishReason, GenerateResult, TokenLogprob } from '../contract/generate.ts'
import type { Layer } from '../contract/layer.ts'
import type { TokenId } from '../contract/prompt.ts'
import { ActivationCollector } from './activation-collector.ts'
import type { PreparedGenerate } from './prepared-request.ts'
import { ResponseText } from './response-text.ts'
import { logSumExp, Sampler, type SamplerScratch, type TokenConstraint, topTokens } from './sampler.ts'
import type { ModelShape, SequenceRun, Vocabulary } from './sequence-run.ts'
import { SteeringPlan } from './steering-plan.ts'

/** A grammar at work on one answer: refuses tokens, and follows the chosen ones. */
export interface AnswerConstraint extends TokenConstraint {
  follow(token: TokenId): void
  close(): void
}

export interface GenerateRunParts {
  readonly model: ModelShape
  readonly vocabulary: Vocabulary
  readonly scratch: SamplerScratch
  readonly constraint: AnswerConstraint | undefined
}

/** Writes an answer token by token. */
export class GenerateRun implements SequenceRun {
  readonly request: PreparedGenerate
  readonly collector: ActivationCollector | undefined
  readonly steering: SteeringPlan
  readonly depth: Layer
  readonly #parts: GenerateRunParts
  readonly #sampler: Sampler
  readonly #text: ResponseText
  readonly #written: TokenId[] = []
  readonly #logprobs: ChosenToken[] = []
  #finishReason: FinishReason | undefined
  #responseTokens = 0
  #reportedTokens = 0
  fed = 0
  feedUpTo: number
  reusedPromptTokens = 0

  constructor(request: PreparedGenerate, parts: GenerateRunParts) {
    this.request = request
    this.#parts = parts
    const { promptLength, capture, stop, answerAfter } = request
    this.depth = parts.model.blockCount as Layer
    this.feedUpTo = promptLength
    this.steering = new SteeringPlan(request.steering, promptLength)
    this.collector =
      capture &&
      new ActivationCollector(capture, { ...parts.model, promptLength, responseIsCertain: stop.length === 0 })
    this.#sampler = new Sampler(request.sampling, parts.scratch)
    this.#text = new ResponseText({ stop, answerAfter })
  }

  get givenLength(): number {
    return this.request.promptLength
  }

  get finished(): boolean {
    return this.#finishReason !== undefined && this.fed >= this.feedUpTo
  }

  tokenAt(position: number): TokenId {
    const { tokens, promptLength } = this.request
    return position < promptLength ? tokens[position]! : this.#written[position - promptLength]!
  }

  needsRow(layer: Layer, position: number): boolean {
    return this.steering.needs(layer, position) || Boolean(this.collector?.needs(layer, position))
  }

  takeRow(layer: Layer, position: number, row: Float32Array): boolean {
    const changed = this.steering.apply(layer, position, row)
    if (this.collector?.needs(layer, position)) this.collector.take(layer, position, row)
    return changed
  }

  needsLogits(position: number): boolean {
    return (
      this.#finishReason === undefined && position >= this.request.promptLength - 1 && position === this.feedUpTo - 1
    )
  }

  /** @throws GRAMMAR_STUCK */
  takeLogits(_position: number, logits: Float32Array): void {
    const token = this.#sampler.sample(logits, this.#parts.constraint)
    if (token === undefined) throw new PersonascopeError('GRAMMAR_STUCK', { tokens: this.#written.length })
    if (this.#parts.vocabulary.endsTurn(token) && !this.request.ignoreEndOfTurn) return this.#finish('end')
    this.#parts.constraint?.follow(token)
    this.#written.push(token)
    if (this.request.topLogprobs > 0) this.#logprobs.push(this.#describe(token, logits))
    this.feedUpTo++
    const { stopped, answerBegins } = this.#text.append(this.#parts.vocabulary.bytesOf(token))
    if (answerBegins) this.collector?.startResponseAt(this.#text.startToken)
    this.collector?.settle(this.#text.settledTokens)
    if (stopped) this.#finish('stop')
    else if (this.#written.length >= this.request.maxTokens) this.#finish('length')
  }

  /** What became certain since the last call; undefined where nothing did. */
  takeDelta(): AnswerDelta | undefined {
    const text = this.#text.takeDelta()
    const logprobs = this.#takeLogprobs()
    if (text === '' && logprobs.length === 0) return undefined
    return this.request.topLogprobs > 0 ? { text, logprobs } : { text }
  }

  result(): GenerateResult {
    const first = this.#text.startToken
    const end = first + this.#responseTokens
    const activations: Activations | undefined = this.collector?.finish(this.#responseTokens)
    return {
      text: this.#text.text,
      thought: this.#text.thought,
      tokens: this.#written.slice(first, end),
      finishReason: this.#finishReason!,
      promptTokens: this.request.promptLength,
      writtenTokens: this.#written.length,
      reusedPromptTokens: this.reusedPromptTokens,
      ...(activations && { activations }),
      ...(this.request.topLogprobs > 0 && { logprobs: this.#logprobs.slice(first, end) }),
      steering: this.steering.report(),
    }
  }

  close(): void {
    this.#parts.constraint?.close()
  }

  #finish(reason: FinishReason): void {
    this.#finishReason = reason
    this.#responseTokens = this.#text.end(reason === 'stop')
    // The last response token has no activation yet if nothing was drawn after it: it is fed once more for that.
    const responseEnd = this.request.promptLength + this.#text.startToken + this.#responseTokens
    this.feedUpTo = this.collector?.readsResponse ? responseEnd : this.fed
  }

  #takeLogprobs(): ChosenToken[] {
    const first = this.#text.startToken
    const certain = this.#finishReason === undefined ? this.#text.settledAnswerTokens : this.#responseTokens
    const logprobs = this.#logprobs.slice(first + this.#reportedTokens, first + certain)
    this.#reportedTokens = Math.max(this.#reportedTokens, certain)
    return logprobs
  }

  #describe(token: TokenId, logits: Float32Array): ChosenToken {
    const normaliser = logSumExp(logits)
    const entry = (id: TokenId): TokenLogprob => ({
      token: id,
      text: new TextDecoder().decode(this.#parts.vocabulary.bytesOf(id)),
      logprob: logits[id]! - normaliser,
    })
    return { ...entry(token), top: topTokens(logits, this.request.topLogprobs).map(entry) }
  }
}
