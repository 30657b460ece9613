import { PersonascopeError } from '../errors/personascope-error.ts'
import { sha256 } from '../store/hash.ts'
import {
  emptyAnswer,
  isEmpty,
  type Judge,
  type JudgeEstimate,
  type JudgeItem,
  type Judgement,
  type JudgeOptions,
  type Score,
} from './judge.ts'
import { estimatedPromptTokens, JudgeBudget } from './judge-budget.ts'
import { JudgeCache } from './judge-cache.ts'
import { JudgeCalls } from './judge-calls.ts'
import { coherenceRubric, parseScore, probeMessages, rubricMessages } from './judge-prompt.ts'
import type { JudgeCall, JudgeReply, JudgeTransport } from './judge-transport.ts'
import { scoreDistribution } from './score-distribution.ts'

export interface LlmJudgeOptions {
  readonly transport: JudgeTransport
  /** What is asked about an answer, with the places {question} and {answer}: the trait's. */
  readonly rubric: string
  /** Default: one that lasts as long as the judge. */
  readonly cache?: JudgeCache
  /** Default: without limits. */
  readonly budget?: JudgeBudget
  /** Whether coherence is scored too, with a second call for each answer. Default true. */
  readonly coherence?: boolean
}

/** How many answers are judged before the rest, to see whether the judge judges at all. */
const trialSize = 20
/** With fewer answers than this a judge is not called incapable. */
const smallestTrial = 5

/**
 * A language model as the judge (paper, section 2.1): one call for the trait, one for coherence; each score is the
 * mean over the numbers the model might have said, weighted by probability. A server that shows no log-probabilities,
 * or a model behind one that writes numbers digit by digit, is asked for a number in text instead.
 */
export class LlmJudge implements Judge {
  readonly id: string
  readonly description: string
  /** sha256 of all that is asked. */
  readonly rubricHash: string
  readonly #options: LlmJudgeOptions
  readonly #calls: JudgeCalls
  readonly #rubrics: readonly string[]

  constructor(options: LlmJudgeOptions) {
    const { transport, rubric, cache = JudgeCache.inMemory(), coherence = true } = options
    const budget = options.budget ?? new JudgeBudget(transport.model)
    this.#options = { ...options, budget }
    this.#calls = new JudgeCalls(transport, cache, budget)
    this.#rubrics = coherence ? [rubric, coherenceRubric] : [rubric]
    this.id = `llm:${transport.id}`
    this.description = `the model ${transport.model}, asked ${coherence ? 'twice' : 'once'} about each answer`
    this.rubricHash = sha256(this.#rubrics.join('\n\0\n'))
  }

  get model(): string {
    return this.#options.transport.model
  }

  /** The same judge without memory: asks again what it was asked before. */
  get fresh(): LlmJudge {
    return new LlmJudge({ ...this.#options, cache: JudgeCache.inMemory() })
  }

  /** Whether judging these answers anew takes at most a quarter of what the budget has left. */
  hasRoomFor(items: readonly JudgeItem[]): boolean {
    const calls = [probeCall, ...items.flatMap(item => this.#callsFor(item, 'text'))]
    return this.#options.budget!.fits([calls, calls, calls, calls].flat())
  }

  estimate(items: readonly JudgeItem[]): JudgeEstimate {
    const { transport, budget } = this.#options
    const probe = transport.isUnknown ? [probeCall] : []
    const wants = this.#wantedAfter(this.#calls.known(probeCall))
    const calls = items.filter(item => !isEmpty(item)).flatMap(item => this.#callsFor(item, wants))
    const unknown = this.#calls.unknown([...probe, ...calls])
    const promptTokens = unknown.reduce((sum, call) => sum + estimatedPromptTokens(call), 0)
    const cost = budget!.costOf(unknown)
    return { calls: unknown.length, promptTokens, ...(cost !== undefined && { cost }) }
  }

  async score(items: readonly JudgeItem[], { signal, onScore = () => {} }: JudgeOptions = {}): Promise<Judgement[]> {
    const judgements = new Array<Judgement>(items.length)
    const take = (index: number, judgement: Judgement) => {
      judgements[index] = judgement
      onScore(index, judgement)
    }
    const full: number[] = []
    for (const [index, item] of items.entries()) {
      if (isEmpty(item)) take(index, this.#toJudgement(this.#rubrics.map(() => emptyAnswer)))
      else full.push(index)
    }
    const [trial, rest] = [full.slice(0, trialSize), full.slice(trialSize)]
    await this.#scoreSome(trial, items, take, signal)
    this.#requireSense(trial.map(index => judgements[index]!))
    await this.#scoreSome(rest, items, take, signal)
    return judgements
  }

  async #scoreSome(
    indices: readonly number[],
    items: readonly JudgeItem[],
    take: (index: number, judgement: Judgement) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (indices.length === 0) return
    const wants = await this.#wanted(signal)
    const calls = indices.flatMap(index => this.#callsFor(items[index]!, wants))
    const scores = calls.map((): Score | undefined => undefined)
    await this.#askScores(calls, signal, (position, score) => {
      scores[position] = score
      const nth = Math.floor(position / this.#rubrics.length)
      const own = scores.slice(nth * this.#rubrics.length, (nth + 1) * this.#rubrics.length)
      if (own.every(entry => entry !== undefined)) take(indices[nth]!, this.#toJudgement(own))
    })
  }

  async #askScores(
    calls: readonly JudgeCall[],
    signal: AbortSignal | undefined,
    onScore: (position: number, score: Score) => void,
  ): Promise<void> {
    const inText: number[] = []
    await this.#calls.askAll(calls, {
      signal,
      onReply: (position, reply) => {
        if (calls[position]!.wants === 'number' && showsNothing(reply)) inText.push(position)
        else onScore(position, toScore(calls[position]!, reply))
      },
    })
    if (inText.length === 0) return
    const again = inText.map((position): JudgeCall => ({ ...calls[position]!, wants: 'text' }))
    await this.#calls.askAll(again, {
      signal,
      onReply: (nth, reply) => onScore(inText[nth]!, toScore(again[nth]!, reply)),
    })
  }

  /** What to ask for, found out with one call where it is unknown; remembered like every other call. */
  async #wanted(signal: AbortSignal | undefined): Promise<JudgeCall['wants']> {
    if (!this.#options.transport.isUnknown) return 'number'
    let reply: JudgeReply | undefined
    await this.#calls.askAll([probeCall], {
      signal,
      onReply: (_, answer) => {
        reply = answer
      },
    })
    return this.#wantedAfter(reply)
  }

  #wantedAfter(probe: JudgeReply | undefined): JudgeCall['wants'] {
    if (!probe) return 'number'
    if (showsNothing(probe)) return 'text'
    const texts = probe.candidates!.map(({ text }) => text.trim())
    const digit = texts.indexOf('5')
    const whole = texts.indexOf('57')
    // The more probable one of the two is how the model writes numbers.
    return digit >= 0 && (whole < 0 || digit < whole) ? 'text' : 'number'
  }

  #callsFor(item: JudgeItem, wants: JudgeCall['wants']): JudgeCall[] {
    return this.#rubrics.map(rubric => ({ messages: rubricMessages(rubric, item), wants }))
  }

  #toJudgement([expression, coherence]: readonly Score[]): Judgement {
    return { expression: expression!, ...(coherence && { coherence }) }
  }

  /** @throws JUDGE_FAILED if more than half of the first answers are unscored for one reason */
  #requireSense(judgements: readonly Judgement[]): void {
    if (judgements.length < smallestTrial) return
    for (const part of ['expression', 'coherence'] as const) {
      const reasons = judgements.flatMap(judgement => {
        const score = judgement[part]
        return score?.status === 'unscored' ? [score.reason] : []
      })
      for (const [reason, { length }] of Map.groupBy(reasons, reason => reason)) {
        if (length <= judgements.length / 2) continue
        const detail = `${length} of the first ${judgements.length} answers have no score of ${part} (${reason})`
        throw new PersonascopeError('JUDGE_FAILED', { judge: this.id, detail })
      }
    }
  }
}

const probeCall: JudgeCall = { messages: probeMessages, wants: 'number' }

function showsNothing({ candidates, refusal }: JudgeReply): boolean {
  return refusal === undefined && candidates === undefined
}

function toScore({ wants }: JudgeCall, { text, candidates, refusal }: JudgeReply): Score {
  if (refusal !== undefined) return { status: 'unscored', reason: refusal }
  return wants === 'number' ? scoreDistribution(candidates!) : parseScore(text)
}
