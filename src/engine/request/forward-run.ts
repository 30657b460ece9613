import type { ForwardResult } from '../contract/forward.ts'
import type { Layer } from '../contract/layer.ts'
import type { TokenId } from '../contract/prompt.ts'
import { ActivationCollector } from './activation-collector.ts'
import type { PreparedForward } from './prepared-request.ts'
import { logSumExp } from './sampler.ts'
import type { ModelShape, SequenceRun } from './sequence-run.ts'
import { SteeringPlan } from './steering-plan.ts'

/** Reads a given text: all tokens are known, nothing is drawn. */
export class ForwardRun implements SequenceRun {
  readonly request: PreparedForward
  readonly collector: ActivationCollector | undefined
  readonly steering: SteeringPlan
  readonly depth: Layer
  readonly #logprobs: Float32Array | undefined
  fed = 0
  reusedPromptTokens = 0

  constructor(request: PreparedForward, model: ModelShape) {
    this.request = request
    const { promptLength } = request
    this.steering = new SteeringPlan(request.steering, promptLength)
    this.collector =
      request.capture && new ActivationCollector(request.capture, { ...model, promptLength, responseIsCertain: true })
    if (request.responseLogprobs) this.#logprobs = new Float32Array(request.tokens.length - promptLength)
    this.depth = this.#logprobs ? (model.blockCount as Layer) : (this.collector?.deepest ?? (0 as Layer))
  }

  get feedUpTo(): number {
    return this.request.tokens.length
  }

  get givenLength(): number {
    return this.request.tokens.length
  }

  get finished(): boolean {
    return this.fed >= this.feedUpTo
  }

  tokenAt(position: number): TokenId {
    return this.request.tokens[position]!
  }

  needsRow(layer: Layer, position: number): boolean {
    // Layers below the deepest one captured still need their steering: it changes what is captured above.
    return (
      (layer <= this.depth && this.steering.needs(layer, position)) || Boolean(this.collector?.needs(layer, position))
    )
  }

  takeRow(layer: Layer, position: number, row: Float32Array): boolean {
    const changed = this.steering.apply(layer, position, row)
    if (this.collector?.needs(layer, position)) this.collector.take(layer, position, row)
    return changed
  }

  needsLogits(position: number): boolean {
    return this.#logprobs !== undefined && position >= this.request.promptLength - 1 && position < this.feedUpTo - 1
  }

  takeLogits(position: number, logits: Float32Array): void {
    const next = this.tokenAt(position + 1)
    this.#logprobs![position + 1 - this.request.promptLength] = logits[next]! - logSumExp(logits)
  }

  result(): ForwardResult {
    const { tokens, promptLength } = this.request
    const responseTokens = tokens.slice(promptLength)
    return {
      promptTokens: promptLength,
      reusedPromptTokens: this.reusedPromptTokens,
      responseTokens,
      ...(this.collector && { activations: this.collector.finish(responseTokens.length) }),
      ...(this.#logprobs && { responseLogprobs: this.#logprobs }),
      depth: this.depth,
      steering: this.steering.report(),
    }
  }
}
