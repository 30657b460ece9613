import type { Judge, JudgeEstimate, JudgeItem, Judgement, JudgeOptions } from './judge.ts'
import { builtInAnchors, checkJudgeDrift, type JudgeDrift } from './judge-drift.ts'
import type { LlmJudge } from './llm-judge.ts'

export interface ServedJudgeOptions {
  /** Where earlier checks are kept. */
  readonly directory: string
  /** Hears what the check found; undefined: the budget leaves no room for one. Absent: there is no check. */
  readonly onDrift?: (drift: JudgeDrift | undefined) => void
  /** Hears what judging will take, before anything is spent. */
  readonly onEstimate?: (estimate: JudgeEstimate) => void
}

/**
 * A judge behind a server, which costs money and may have changed under its name. What judging will take is told before
 * it begins; and before the first call that is not known from before, it judges fixed answers and is compared with the
 * first time it was used. Where all calls are known, nothing is asked.
 */
export class ServedJudge implements Judge {
  readonly id: string
  readonly description: string
  readonly rubricHash: string
  readonly #judge: LlmJudge
  readonly #options: ServedJudgeOptions
  #check: Promise<void> | undefined

  constructor(judge: LlmJudge, options: ServedJudgeOptions) {
    this.#judge = judge
    this.#options = options
    this.id = judge.id
    this.description = judge.description
    this.rubricHash = judge.rubricHash
  }

  /** With the calls of the check, where it is still to come. */
  estimate(items: readonly JudgeItem[]): JudgeEstimate {
    const own = this.#judge.estimate(items)
    const anchors = builtInAnchors()
    if (own.calls === 0 || !this.#options.onDrift || this.#check || !this.#judge.hasRoomFor(anchors)) return own
    const check = this.#judge.fresh.estimate(anchors)
    const cost = own.cost === undefined ? undefined : own.cost + (check.cost ?? 0)
    return {
      calls: own.calls + check.calls,
      promptTokens: (own.promptTokens ?? 0) + (check.promptTokens ?? 0),
      ...(cost !== undefined && { cost }),
    }
  }

  announce(items: readonly JudgeItem[]): void {
    const estimate = this.estimate(items)
    if (estimate.calls > 0) this.#options.onEstimate?.(estimate)
  }

  async score(items: readonly JudgeItem[], options: JudgeOptions = {}): Promise<Judgement[]> {
    const { onDrift } = this.#options
    if (onDrift && this.#judge.estimate(items).calls > 0) {
      this.#check ??= this.#checkDrift(onDrift, options.signal)
      await this.#check
    }
    return await this.#judge.score(items, options)
  }

  async #checkDrift(
    onDrift: NonNullable<ServedJudgeOptions['onDrift']>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { directory } = this.#options
    const anchors = builtInAnchors()
    if (!this.#judge.hasRoomFor(anchors)) return onDrift(undefined)
    onDrift(await checkJudgeDrift(this.#judge, directory, { anchors, ...(signal && { signal }) }))
  }
}
