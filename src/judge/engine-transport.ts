import type { Engine } from '../engine/contract/engine.ts'
import type { GenerateRequest, TokenLogprob } from '../engine/contract/generate.ts'
import type { RenderedPrompt } from '../engine/contract/prompt.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type Branching, type DigitBranch, firstDigits, nextDigits } from './digit-branches.ts'
import {
  type AskOptions,
  type JudgeCall,
  type JudgeReply,
  type JudgeTransport,
  maxTokensOf,
} from './judge-transport.ts'
import { type CandidateToken, candidateCount } from './score-distribution.ts'

/** How many calls are in work, and can be lost, at a time. */
const callsPerBatch = 32

/**
 * A model run by an engine as the judge. It reads the probabilities of whole numbers also where the model writes them
 * digit by digit, so it need not be asked for text.
 */
export class EngineTransport implements JudgeTransport {
  readonly id: string
  readonly model: string
  readonly settings: Readonly<Record<string, string | number>>
  readonly isUnknown = false
  readonly #engine: Engine
  #digitByDigit: Promise<boolean> | undefined

  constructor(engine: Engine) {
    const { id, fileHash, chatTemplate } = engine.model
    this.#engine = engine
    this.model = id
    this.id = `engine#${id}`
    this.settings = {
      engine: `${engine.info.name} ${engine.info.version}`,
      fileHash,
      template: chatTemplate?.hash ?? '',
      topLogprobs: candidateCount,
    }
  }

  async askAll(calls: readonly JudgeCall[], { signal, onReply }: AskOptions): Promise<void> {
    try {
      for (let from = 0; from < calls.length; from += callsPerBatch) {
        const batch = calls.slice(from, from + callsPerBatch)
        await this.#askBatch(batch, { signal, onReply: (index, reply) => onReply(from + index, reply) })
      }
    } catch (error) {
      throw signal?.aborted ? new PersonascopeError('JUDGE_ABORTED', {}, { cause: error }) : error
    }
  }

  async #askBatch(calls: readonly JudgeCall[], { signal, onReply }: AskOptions): Promise<void> {
    const prompts = await Promise.all(calls.map(({ messages }) => this.#engine.renderPrompt({ messages })))
    const fitting = [...prompts.keys()].filter(index => this.#fits(prompts[index]!, maxTokensOf(calls[index]!)))
    const asked = await this.#distributions(
      fitting.map(index => prompts[index]!),
      signal,
    )
    const replies = new Map(fitting.map((index, nth) => [index, asked[nth]!]))
    for (const index of calls.keys()) {
      onReply(index, replies.get(index) ?? { text: '', refusal: 'question and answer are too long for the judge' })
    }
  }

  async #distributions(prompts: readonly RenderedPrompt[], signal: AbortSignal | undefined): Promise<JudgeReply[]> {
    const candidates = (await this.#writesDigits())
      ? await this.#wholeNumbers(prompts, signal)
      : await this.#nextTokens(prompts, signal)
    return prompts.map(({ tokens }, nth) => ({
      text: candidates[nth]![0]?.text ?? '',
      candidates: candidates[nth]!.map(({ text, logprob }) => ({ text, logprob })),
      promptTokens: tokens.length,
      writtenTokens: 1,
    }))
  }

  /** For each prompt the numbers its first digits may be the beginning of, most probable first. */
  async #wholeNumbers(
    prompts: readonly RenderedPrompt[],
    signal: AbortSignal | undefined,
  ): Promise<CandidateToken[][]> {
    // What is read again with digits after it is kept: all but the last token, which gives the probabilities.
    const begun = prompts.map(({ tokens, boundaries, text }) => ({
      text,
      tokens,
      boundaries: [...boundaries, tokens.length - 1],
    }))
    const firsts = await this.#nextTokens(begun, signal)
    const numbers: CandidateToken[][] = prompts.map(() => [])
    const take = (nth: number, branching: Branching) => {
      numbers[nth]!.push(...branching.numbers)
      return branching.open.map(branch => ({ nth, branch }))
    }
    let open: { readonly nth: number; readonly branch: DigitBranch }[] = firsts.flatMap((top, nth) =>
      take(nth, firstDigits(top)),
    )
    while (open.length > 0) {
      const longer = open.map(({ nth, branch }) => ({
        ...begun[nth]!,
        tokens: [...begun[nth]!.tokens, ...branch.tokens],
      }))
      const nexts = await this.#nextTokens(longer, signal)
      open = open.flatMap(({ nth, branch }, index) => take(nth, nextDigits(branch, nexts[index]!)))
    }
    return numbers.map(own => own.sort((a, b) => b.logprob - a.logprob))
  }

  /** The most probable next tokens of each prompt, from the model's own distribution. */
  async #nextTokens(
    prompts: readonly RenderedPrompt[],
    signal: AbortSignal | undefined,
  ): Promise<(readonly TokenLogprob[])[]> {
    const requests = prompts.map(
      ({ tokens, boundaries }): GenerateRequest => ({
        prompt: { tokens, boundaries },
        maxTokens: 1,
        sampling: { temperature: 0 },
        topLogprobs: candidateCount,
        // The end of the turn is an answer too, and has alternatives.
        ignoreEndOfTurn: true,
      }),
    )
    const results = await this.#engine.generateAll(requests, { mode: 'reproducible', ...(signal && { signal }) })
    return results.map(({ logprobs }) => logprobs![0]!.top)
  }

  #fits({ tokens }: RenderedPrompt, more: number): boolean {
    // Up to two digits are put after the prompt.
    return tokens.length + 2 + more <= this.#engine.model.contextTokens
  }

  #writesDigits(): Promise<boolean> {
    this.#digitByDigit ??= (async () => {
      const tokens = await this.#engine.tokenize('57')
      const pieces = await Promise.all(tokens.map(token => this.#engine.detokenize([token])))
      return !pieces.some(piece => piece.trim() === '57')
    })()
    return this.#digitByDigit
  }
}
