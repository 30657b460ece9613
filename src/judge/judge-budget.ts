import { PersonascopeError } from '../errors/personascope-error.ts'
import { type JudgeCall, type JudgeReply, maxTokensOf } from './judge-transport.ts'

/** What a model costs, in one currency for all models of a table. */
export interface ModelPrice {
  readonly inputPerMillionTokens: number
  readonly outputPerMillionTokens: number
}

export interface JudgeLimits {
  /** The most calls of this run; what is known from before is no call, and trying one again is none either. */
  readonly maxCalls?: number
  /** The most this run may cost, in the currency of the prices. */
  readonly maxCost?: number
  /** By model name. */
  readonly prices?: Readonly<Record<string, ModelPrice>>
}

export interface JudgeSpending {
  readonly calls: number
  readonly promptTokens: number
  readonly writtenTokens: number
  /** Undefined where the model has no price. */
  readonly cost: number | undefined
}

/** An estimate for English text; servers tell the true number afterwards. */
const charactersPerToken = 4
/** What chat templates and servers put around a message. */
const tokensAroundMessage = 8

/** What a judge may spend, and what it has spent. One for all judges of a run that share the limits. */
export class JudgeBudget {
  readonly #limits: JudgeLimits
  readonly #price: ModelPrice | undefined
  #calls = 0
  #promptTokens = 0
  #writtenTokens = 0
  /** What calls under way may cost. */
  #reserved = 0

  /** @throws OPTION_INVALID for a limit on the cost of a model without a price */
  constructor(model: string, limits: JudgeLimits = {}) {
    this.#limits = limits
    this.#price = limits.prices?.[model]
    if (limits.maxCost !== undefined && !this.#price) {
      const known = Object.keys(limits.prices ?? {})
      const got = known.length > 0 ? `prices of ${known.join(', ')} only` : 'no prices'
      throw new PersonascopeError('OPTION_INVALID', {
        option: '--max-judge-cost',
        expected: `given with the price of ${model}`,
        got,
      })
    }
  }

  get spent(): JudgeSpending {
    return {
      calls: this.#calls,
      promptTokens: this.#promptTokens,
      writtenTokens: this.#writtenTokens,
      cost: this.#cost(this.#promptTokens, this.#writtenTokens),
    }
  }

  /** What calls would cost at most; undefined where the model has no price. */
  costOf(calls: readonly JudgeCall[]): number | undefined {
    return this.#cost(
      sum(calls, estimatedPromptTokens),
      sum(calls, call => maxTokensOf(call)),
    )
  }

  /** Whether so many calls could be made with what is left. */
  fits(calls: readonly JudgeCall[]): boolean {
    const { maxCalls, maxCost } = this.#limits
    if (maxCalls !== undefined && this.#calls + calls.length > maxCalls) return false
    return maxCost === undefined || (this.spent.cost ?? 0) + this.#reserved + (this.costOf(calls) ?? 0) <= maxCost
  }

  /** Sets aside what a call may cost; false where that is more than is left. Every true one must be settled. */
  reserve(call: JudgeCall): boolean {
    if (!this.fits([call])) return false
    this.#calls++
    this.#reserved += this.costOf([call]) ?? 0
    return true
  }

  /** @param reply undefined where the call came to nothing */
  settle(call: JudgeCall, reply: JudgeReply | undefined): void {
    this.#reserved -= this.costOf([call]) ?? 0
    if (!reply) {
      this.#calls--
      return
    }
    this.#promptTokens += reply.promptTokens ?? estimatedPromptTokens(call)
    this.#writtenTokens += reply.writtenTokens ?? maxTokensOf(call)
  }

  /** What to throw when a call could not be reserved. */
  exhausted(left: number): PersonascopeError {
    const { maxCalls, maxCost } = this.#limits
    const { calls, cost } = this.spent
    const limits = [
      ...(maxCalls === undefined ? [] : [`make ${maxCalls} calls`]),
      ...(maxCost === undefined ? [] : [`cost ${maxCost}`]),
    ]
    const costs = cost === undefined ? '' : ` that cost ${Number(cost.toPrecision(3))}`
    return new PersonascopeError('JUDGE_BUDGET_SPENT', {
      limit: limits.join(' and '),
      detail: `${calls} calls were made${costs}, ${left} more are needed`,
    })
  }

  #cost(promptTokens: number, writtenTokens: number): number | undefined {
    if (!this.#price) return undefined
    const { inputPerMillionTokens, outputPerMillionTokens } = this.#price
    return (promptTokens * inputPerMillionTokens + writtenTokens * outputPerMillionTokens) / 1e6
  }
}

/** About how many tokens a call's prompt has. */
export function estimatedPromptTokens({ messages }: JudgeCall): number {
  return sum(messages, ({ content }) => Math.ceil(content.length / charactersPerToken) + tokensAroundMessage)
}

function sum<T>(items: readonly T[], amountOf: (item: T) => number): number {
  return items.reduce((total, item) => total + amountOf(item), 0)
}
