/** What a report is written in: paragraphs, tables, figures, answers and the like, as plain data, and their HTML. */
import { type ColouredTokensBlock, colouredTokensToHtml } from './coloured-tokens.ts'
import { type Drawing, narrowWidth, svgForPage, wideWidth } from './drawing.ts'
import { formatNumber } from './format-number.ts'
import { levelColour } from './theme.ts'
import { explorerToHtml, type ThresholdExplorerBlock } from './threshold-explorer.ts'
import { escapeAttribute, escapeHtml } from './visible-text.ts'

/** Running text: a string, or pieces of which some are set apart. */
export type RichText = string | readonly (string | { readonly strong: string } | { readonly code: string })[]

export type ReportBlock =
  | ParagraphBlock
  | ListBlock
  | CalloutBlock
  | TableBlock
  | FigureBlock
  | AnswersBlock
  | FactsBlock
  | DetailsBlock
  | ThresholdExplorerBlock
  | ColouredTokensBlock

export interface ParagraphBlock {
  readonly kind: 'paragraph'
  readonly text: RichText
}

export interface ListBlock {
  readonly kind: 'list'
  readonly items: readonly RichText[]
  readonly ordered?: boolean
}

/** Something the reader must not miss. */
export interface CalloutBlock {
  readonly kind: 'callout'
  readonly tone: 'note' | 'warning' | 'good'
  readonly title?: string
  readonly text: RichText
}

export interface TableBlock {
  readonly kind: 'table'
  readonly caption: string
  readonly columns: readonly TableColumn[]
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly string[])[]
  /** The row to set apart. */
  readonly emphasised?: number
}

export interface TableColumn {
  readonly label: string
  /** `number` stands at the right, in digits of equal width. */
  readonly align?: 'text' | 'number'
}

export interface FigureBlock {
  readonly kind: 'figure'
  readonly drawing: Drawing
  readonly caption: RichText
}

/** What a model or a person wrote, word for word. */
export interface AnswersBlock {
  readonly kind: 'answers'
  readonly answers: readonly Answer[]
}

export interface Answer {
  readonly text: string
  /** What was asked. */
  readonly question?: string
  readonly level?: { readonly name: string; readonly index: number; readonly count: number }
  /** Trait expression score, 0 to 100, or why there is none. */
  readonly score?: number | { readonly unscored: string }
  /** Whatever else belongs to the answer, such as "coherence 92". */
  readonly notes?: readonly string[]
}

/** Names and values: how something was made. */
export interface FactsBlock {
  readonly kind: 'facts'
  readonly facts: readonly { readonly name: string; readonly value: string }[]
}

/** What few readers need, closed until asked for. It is open in print. */
export interface DetailsBlock {
  readonly kind: 'details'
  readonly summary: string
  readonly blocks: readonly ReportBlock[]
}

/** Counts what needs a number of its own in a page. */
export interface BlockContext {
  readonly nextFigure: () => number
  readonly nextExplorer: () => number
}

/** Blocks as HTML. All text is escaped. */
export function blocksToHtml(blocks: readonly ReportBlock[], context: BlockContext): string {
  return blocks.map(block => blockToHtml(block, context)).join('\n')
}

export function richTextToHtml(text: RichText): string {
  if (typeof text === 'string') return escapeHtml(text)
  return text
    .map(piece => {
      if (typeof piece === 'string') return escapeHtml(piece)
      return 'strong' in piece
        ? `<strong>${escapeHtml(piece.strong)}</strong>`
        : `<code>${escapeHtml(piece.code)}</code>`
    })
    .join('')
}

function blockToHtml(block: ReportBlock, context: BlockContext): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p>${richTextToHtml(block.text)}</p>`
    case 'list':
      return listToHtml(block)
    case 'callout':
      return calloutToHtml(block)
    case 'table':
      return tableToHtml(block)
    case 'figure':
      return figureToHtml(block, context.nextFigure())
    case 'answers':
      return `<ul class="answers">${block.answers.map(answerToHtml).join('\n')}</ul>`
    case 'facts':
      return factsToHtml(block)
    case 'thresholds':
      return explorerToHtml(block, context.nextExplorer())
    case 'tokens':
      return colouredTokensToHtml(block)
    case 'details':
      return `<details><summary>${escapeHtml(block.summary)}</summary>\n<div class="inside">${blocksToHtml(block.blocks, context)}</div></details>`
  }
}

function listToHtml({ items, ordered }: ListBlock): string {
  const tag = ordered ? 'ol' : 'ul'
  return `<${tag}>${items.map(item => `<li>${richTextToHtml(item)}</li>`).join('')}</${tag}>`
}

const toneWords = { note: 'Note', warning: 'Caution', good: 'Good' } as const

function calloutToHtml({ tone, title, text }: CalloutBlock): string {
  const heading = `<p class="callout-title">${escapeHtml(title ?? toneWords[tone])}</p>`
  return `<div class="callout ${tone}" role="note">${heading}<p>${richTextToHtml(text)}</p></div>`
}

function tableToHtml({ caption, columns, rows, emphasised }: TableBlock): string {
  const classOf = (column: number) => (columns[column]?.align === 'number' ? ' class="number"' : '')
  const head = columns.map(({ label }, index) => `<th scope="col"${classOf(index)}>${escapeHtml(label)}</th>`).join('')
  const body = rows
    .map((row, index) => {
      const cells = row.map((cell, column) =>
        column === 0
          ? `<th scope="row"${classOf(0)}>${escapeHtml(cell)}</th>`
          : `<td${classOf(column)}>${escapeHtml(cell)}</td>`,
      )
      return `<tr${index === emphasised ? ' class="emphasised"' : ''}>${cells.join('')}</tr>`
    })
    .join('\n')
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escapeAttribute(caption)}"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>
${body}
</tbody></table></div>`
}

/** Drawn twice, for wide and for narrow screens; the style sheet shows one of them. */
function figureToHtml({ drawing, caption }: FigureBlock, number: number): string {
  const id = `figure-${number}`
  const { numbers, wideWidth: width = wideWidth } = drawing
  const limit = drawing.wideWidth ? ` style="max-width:${drawing.wideWidth}px"` : ''
  const table = numbers
    ? `\n<details class="numbers"><summary>The numbers of figure ${number}</summary>\n<div class="inside">${tableToHtml(
        {
          kind: 'table',
          caption: `Figure ${number}: ${drawing.title}`,
          columns: numbers.columns.map((label, index) => ({ label, align: index === 0 ? 'text' : 'number' })),
          rows: numbers.rows,
        },
      )}</div></details>`
    : ''
  return `<figure id="${id}"><p class="figure-title"><span class="figure-number">Figure ${number}</span> ${escapeHtml(drawing.title)}</p>
<div class="wide"${limit}>${svgForPage(drawing, width, `${id}-wide`)}</div>
<div class="narrow">${svgForPage(drawing, narrowWidth, `${id}-narrow`)}</div>
<figcaption>${richTextToHtml(caption)}</figcaption></figure>${table}`
}

function answerToHtml({ text, question, level, score, notes = [] }: Answer): string {
  const edge = level ? ` style="--edge:${levelColour(level.index, level.count)}"` : ''
  const tags = [
    ...(level ? [`<span class="level">${escapeHtml(level.name)}</span>`] : []),
    ...(score === undefined ? [] : [scoreBadge(score)]),
    ...notes.map(note => `<span class="tag">${escapeHtml(note)}</span>`),
  ]
  const asked = question === undefined ? '' : `<p class="question" dir="auto">${escapeHtml(question)}</p>`
  const line = tags.length > 0 ? `<p class="tags">${tags.join(' ')}</p>` : ''
  return `<li class="answer"${edge}>${line}${asked}<blockquote dir="auto">${escapeHtml(text)}</blockquote></li>`
}

function scoreBadge(score: number | { readonly unscored: string }): string {
  if (typeof score !== 'number') return `<span class="tag">unscored: ${escapeHtml(score.unscored)}</span>`
  return `<span class="score">score ${formatNumber(score, 0)}</span>`
}

function factsToHtml({ facts }: FactsBlock): string {
  const rows = facts.map(({ name, value }) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`)
  return `<dl class="facts">${rows.join('\n')}</dl>`
}
