import { formatNumber } from './format-number.ts'
import { escapeAttribute, escapeHtml } from './visible-text.ts'

/** Texts whose tokens are coloured by a value: orange above the middle, blue below. */
export interface ColouredTokensBlock {
  readonly kind: 'tokens'
  readonly scale: TokenScale
  readonly texts: readonly ColouredText[]
}

export interface TokenScale {
  /** What the values are, for example "projection on evil". */
  readonly label: string
  /** The value without a colour, and what it is. */
  readonly middle: number
  readonly middleName: string
  /** How far from the middle the colour is strongest, above 0. */
  readonly reach: number
}

export interface ColouredText {
  readonly pieces: readonly ColouredPiece[]
  /** What was asked. */
  readonly question?: string
  readonly notes?: readonly string[]
}

export interface ColouredPiece {
  readonly text: string
  /** Absent where there is none. */
  readonly value?: number
}

/** Colours on each side of the middle; the two strongest are underlined too. */
const levels = 4
const namedTokens = 3

export function colouredTokensToHtml({ scale, texts }: ColouredTokensBlock): string {
  return `${scaleToHtml(scale)}
<ul class="answers">${texts.map(text => textToHtml(text, scale)).join('\n')}</ul>`
}

function scaleToHtml({ label, middle, middleName, reach }: TokenScale): string {
  const steps = Array.from({ length: 2 * levels + 1 }, (_, index) => (index - levels) / levels)
  const swatches = steps.map(step => {
    const value = middle + step * reach
    return `<span class="${classOf(value, { middle, reach })}">${formatNumber(value)}</span>`
  })
  return `<p class="token-scale">Colour: ${escapeHtml(label)} at each token. <span class="swatches">${swatches.join('')}</span> The middle is ${escapeHtml(middleName)}. The highest are underlined, the lowest underlined with dots; pointing at a token shows its value.</p>`
}

function textToHtml({ pieces, question, notes = [] }: ColouredText, scale: TokenScale): string {
  const tags = notes.map(note => `<span class="tag">${escapeHtml(note)}</span>`).join(' ')
  const line = tags === '' ? '' : `<p class="tags">${tags}</p>`
  const asked = question === undefined ? '' : `<p class="question" dir="auto">${escapeHtml(question)}</p>`
  const tokens = pieces.map(piece => pieceToHtml(piece, scale)).join('')
  return `<li class="answer">${line}${asked}<blockquote class="tokens" dir="auto">${tokens}</blockquote>${extremesToHtml(pieces)}</li>`
}

function pieceToHtml({ text, value }: ColouredPiece, scale: TokenScale): string {
  if (text === '' || value === undefined) return escapeHtml(text)
  const level = classOf(value, scale)
  return `<span${level ? ` class="${level}"` : ''} title="${escapeAttribute(formatNumber(value))}">${escapeHtml(text)}</span>`
}

/** The same for those who see no colours or cannot point. */
function extremesToHtml(pieces: readonly ColouredPiece[]): string {
  const valued = pieces.flatMap(({ text, value }) => {
    const word = text.trim()
    return word !== '' && value !== undefined && Number.isFinite(value) ? [{ word, value }] : []
  })
  if (valued.length < 2 * namedTokens) return ''
  const sorted = valued.toSorted((a, b) => b.value - a.value)
  const list = (some: typeof valued) =>
    some.map(({ word, value }) => `<code dir="auto">${escapeHtml(word)}</code> ${formatNumber(value)}`).join(', ')
  return `<p class="extremes">Highest: ${list(sorted.slice(0, namedTokens))}. Lowest: ${list(sorted.slice(-namedTokens).reverse())}.</p>`
}

function classOf(value: number, { middle, reach }: Pick<TokenScale, 'middle' | 'reach'>): string {
  const level = Math.round(Math.min(1, Math.abs(value - middle) / reach) * levels)
  if (!(level > 0)) return ''
  return `${value > middle ? 'above' : 'below'}-${level}`
}
