import type { PreparedRequest } from '../../request/prepared-request.ts'

/** How a context's memory is divided: so many sequences of so many tokens. */
export interface SlotShape {
  readonly slots: number
  readonly tokensPerSlot: number
}

export interface SlotLimits {
  /** The most sequences side by side. */
  readonly maxSlots: number
  /** How many tokens all sequences of a context may hold together, unless one alone needs more. */
  readonly maxTokens: number
  /** The longest sequence the model was trained for. */
  readonly contextTokens: number
}

/** The attention kernels work on blocks of this many cells. */
const smallestSlot = 256

/** The most tokens a request can come to hold. */
export function tokensNeeded(request: PreparedRequest): number {
  return request.tokens.length + (request.kind === 'generate' ? request.maxTokens : 0)
}

/** The shape for sequences of at most `tokens` tokens: a power of two for each, as many of them as memory allows. */
export function shapeFor(tokens: number, { maxSlots, maxTokens, contextTokens }: SlotLimits): SlotShape {
  let tokensPerSlot = smallestSlot
  while (tokensPerSlot < tokens) tokensPerSlot *= 2
  tokensPerSlot = Math.max(tokens, Math.min(tokensPerSlot, contextTokens))
  // Two at least: a row alone is decoded beside a second one.
  const slots = Math.max(2, Math.min(maxSlots, Math.floor(maxTokens / tokensPerSlot)))
  return { slots, tokensPerSlot }
}
