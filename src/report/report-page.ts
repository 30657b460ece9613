import { createHash } from 'node:crypto'
import { type BlockContext, blocksToHtml, type ReportBlock, type RichText, richTextToHtml } from './report-block.ts'
import { reportStyle } from './report-style.ts'
import { explorerScript } from './threshold-explorer.ts'
import { escapeHtml, escapeText } from './visible-text.ts'

export interface ReportPage {
  readonly title: string
  readonly subtitle?: string
  /** The first screen: what was found, and what a reader must know to judge it. */
  readonly lead: ReportLead
  readonly sections: readonly ReportSection[]
  /** What made the page and from what; one line each. */
  readonly footer?: readonly RichText[]
  /** The language of the text, as BCP 47 writes it; "en" unless told. */
  readonly language?: string
}

export interface ReportLead {
  /** The finding in plain words, one to three sentences. */
  readonly finding: RichText
  readonly figures: readonly KeyFigure[]
  /** What limits the finding, shown beneath the key figures. */
  readonly blocks?: readonly ReportBlock[]
}

export interface KeyFigure {
  readonly label: string
  /** Short: "0.66", "94.7 %". */
  readonly value: string
  /** For example its interval, or what it is compared with. */
  readonly detail?: string
  readonly tone?: 'good' | 'warning'
}

export interface ReportSection {
  readonly title: string
  readonly blocks: readonly ReportBlock[]
}

const sectionsWorthContents = 4

/**
 * A report as one HTML file: it opens offline, needs no script, follows light and dark, and prints. The same report
 * gives the same bytes. Every text in it is escaped, and a policy in the page forbids all loading and scripts, but for
 * the one that moves thresholds where there are some.
 */
export function reportPage({ title, subtitle, lead, sections, footer = [], language = 'en' }: ReportPage): string {
  let figures = 0
  let explorers = 0
  const context = { nextFigure: () => ++figures, nextExplorer: () => ++explorers }
  const under = subtitle === undefined ? '' : `\n<p class="subtitle">${escapeHtml(subtitle)}</p>`
  const first = leadToHtml(lead, context)
  const contents = sections.length >= sectionsWorthContents ? contentsToHtml(sections) : ''
  const body = sections.map((section, index) => sectionToHtml(section, index, context)).join('\n')
  const [allowed, script] = explorers > 0 ? [scriptPolicy, `\n<script>${explorerScript}</script>`] : ['', '']
  return `<!doctype html>
<html lang="${escapeText(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; ${allowed}style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeText(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>${under}
${first}
</header>${contents}
<main>
${body}
</main>
<footer>
${footer.map(line => `<p>${richTextToHtml(line)}</p>`).join('\n')}
</footer>${script}
</body>
</html>
`
}

const scriptPolicy = `script-src 'sha256-${createHash('sha256').update(explorerScript).digest('base64')}'; `

function leadToHtml({ finding, figures, blocks = [] }: ReportLead, context: BlockContext): string {
  const tiles = figures.map(({ label, value, detail, tone }) => {
    const under = detail === undefined ? '' : `<dd class="detail">${escapeHtml(detail)}</dd>`
    return `<div class="tile${tone ? ` ${tone}` : ''}"><dt>${escapeHtml(label)}</dt><dd class="value">${escapeHtml(value)}</dd>${under}</div>`
  })
  const list = tiles.length > 0 ? `\n<dl class="tiles">${tiles.join('\n')}</dl>` : ''
  return `<p class="finding">${richTextToHtml(finding)}</p>${list}\n${blocksToHtml(blocks, context)}`
}

function contentsToHtml(sections: readonly ReportSection[]): string {
  const links = sections.map(({ title }, index) => `<li><a href="#section-${index + 1}">${escapeHtml(title)}</a></li>`)
  return `\n<nav aria-label="Contents"><ol>${links.join('')}</ol></nav>`
}

function sectionToHtml({ title, blocks }: ReportSection, index: number, context: BlockContext): string {
  const id = `section-${index + 1}`
  return `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2>
${blocksToHtml(blocks, context)}
</section>`
}
