/**
 * Whole numbers from a model that writes them digit by digit. Its first token is `8` whether it means 8 or 85, so the
 * digits that may follow are looked at too: the probability of a number is the product of its digits' probabilities
 * and of no further digit coming after them.
 */
import type { TokenLogprob } from '../engine/contract/generate.ts'
import type { TokenId } from '../engine/contract/prompt.ts'
import { type CandidateToken, canonicalScore } from './score-distribution.ts'

/** The first digits of a number, and how probable it is that the model begins with them. */
export interface DigitBranch {
  readonly digits: string
  readonly logprob: number
  readonly tokens: readonly TokenId[]
}

export interface Branching {
  /** Numbers that are complete. */
  readonly numbers: readonly CandidateToken[]
  /** What may be the beginning of a longer number up to 100. */
  readonly open: readonly DigitBranch[]
}

/** A beginning less probable than this is not looked into. */
const leastProbability = 0.005

/** @param first what the model may say first, most probable first */
export function firstDigits(first: readonly TokenLogprob[]): Branching {
  const numeric = first.filter(({ text }) => canonicalScore(text) !== undefined)
  const [open, complete] = partition(numeric, ({ text }) => /^[1-9]$/.test(text.trim()))
  return {
    numbers: complete.map(({ text, logprob }) => ({ text, logprob })),
    open: probable(open.map(({ text, logprob, token }) => ({ digits: text.trim(), logprob, tokens: [token] }))),
  }
}

/** @param next what the model may say after the branch, most probable first */
export function nextDigits(branch: DigitBranch, next: readonly TokenLogprob[]): Branching {
  const longer = next
    .filter(({ text }) => /^[0-9]$/.test(text))
    .map(({ text, logprob, token }) => ({
      digits: branch.digits + text,
      logprob: branch.logprob + logprob,
      tokens: [...branch.tokens, token],
    }))
  const ends = 1 - longer.reduce((sum, { logprob }) => sum + Math.exp(logprob - branch.logprob), 0)
  const ended = ends > 0 ? [{ text: branch.digits, logprob: branch.logprob + Math.log(ends) }] : []
  const open = probable(longer.filter(({ digits }) => digits === '10'))
  const complete = longer.filter(({ digits }) => !open.some(other => other.digits === digits))
  return { numbers: [...ended, ...complete.map(({ digits, logprob }) => ({ text: digits, logprob }))], open }
}

function probable(branches: readonly DigitBranch[]): DigitBranch[] {
  return branches.filter(({ logprob }) => logprob >= Math.log(leastProbability))
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter(item => !belongs(item))]
}
