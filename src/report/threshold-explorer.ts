import { formatCount, formatNumber, formatPercent } from './format-number.ts'
import { escapeAttribute, escapeHtml } from './visible-text.ts'

/** A threshold to move, and what it would flag. Shown where scripts run; elsewhere a table must tell the same. */
export interface ThresholdExplorerBlock {
  readonly kind: 'thresholds'
  /** What the threshold is on, for example "projection on evil". */
  readonly label: string
  /** What is flagged and kept, for example "rows". */
  readonly things: string
  /** Where the threshold can stand, evenly spaced, the lowest first; at least two. */
  readonly bounds: readonly number[]
  /** How many lie above each bound. */
  readonly above: readonly number[]
  /** How many there are. */
  readonly total: number
  /** Where it stands at first: a place in `bounds`. */
  readonly start: number
  /** What to compare with, such as ordinary answers. */
  readonly reference?: { readonly name: string; readonly above: readonly number[]; readonly total: number }
  /** A command that flags the same, ending in the bound, for example "--drop-above evil=". */
  readonly command?: string
}

/** `number` tells explorers of one page apart. */
export function explorerToHtml(block: ThresholdExplorerBlock, number: number): string {
  const { label, things, bounds, above, total, start, reference, command } = block
  const id = `threshold-${number}`
  const data = JSON.stringify({ bounds, above, total, ...(reference && { reference }) })
  const flagged = above[start]!
  const entry = (name: string, key: string, count: number, of: number) =>
    `<div><dt>${escapeHtml(name)}</dt><dd data-show="${key}">${formatCount(count)} (${formatPercent(count / of)})</dd></div>`
  const beside = reference
    ? entry(`flagged of ${reference.name}`, 'reference', reference.above[start]!, reference.total)
    : ''
  const line =
    command === undefined
      ? ''
      : `\n<p class="explorer-command"><code>${escapeHtml(command)}<span data-show="bound">${bounds[start]!}</span></code></p>`
  return `<div class="explorer" hidden data-explorer="${escapeAttribute(data)}">
<label for="${id}">Move the threshold: flag ${escapeHtml(things)} with a ${escapeHtml(label)} above <strong data-show="value">${formatNumber(bounds[start]!, decimalsOf(bounds))}</strong></label>
<div class="explorer-bars" aria-hidden="true"><svg viewBox="0 0 ${bounds.length - 1} 100" preserveAspectRatio="none"><path d="${outlineOf(block)}"/></svg><div class="explorer-kept"></div></div>
<input type="range" id="${id}" min="0" max="${bounds.length - 1}" step="1" value="${start}" autocomplete="off">
<dl>${entry('flagged', 'flagged', flagged, total)}${entry('kept', 'kept', total - flagged, total)}${beside}</dl>${line}
</div>`
}

/** Bars of how many lie between two bounds, the fullest 100 high. */
function outlineOf({ above }: ThresholdExplorerBlock): string {
  const counts = above.slice(1).map((count, index) => above[index]! - count)
  const most = Math.max(1, ...counts)
  const bars = counts.map(
    (count, index) => `V${100 - Math.round((count / most) * 98) - (count > 0 ? 2 : 0)}H${index + 1}`,
  )
  return `M0,100${bars.join('')}V100Z`
}

function decimalsOf(bounds: readonly number[]): number {
  return Math.max(...bounds.map(bound => /\.(\d+)$/.exec(String(bound))?.[1]?.length ?? 0))
}

/**
 * What moves the thresholds of a page. It reads the numbers beside each slider and writes plain text; pages allow this
 * very script by its hash and no other.
 */
export const explorerScript = `
for (const explorer of document.querySelectorAll('[data-explorer]')) {
  const { bounds, above, total, reference } = JSON.parse(explorer.dataset.explorer)
  const slider = explorer.querySelector('input')
  const kept = explorer.querySelector('.explorer-kept')
  const decimals = Math.max(...bounds.map(bound => (String(bound).split('.')[1] || '').length))
  const numberText = (value, digits) => (Number(value.toFixed(digits)) < 0 ? '\\u2212' : '') + Math.abs(value).toFixed(digits)
  const countText = count => (count < 10000 ? String(count) : String(count).replace(/\\B(?=(\\d{3})+$)/g, '\\u202f'))
  const partText = (count, of) => countText(count) + ' (' + numberText((count / of) * 100, 1) + '\\u202f%)'
  const show = (name, text) => {
    const place = explorer.querySelector('[data-show=' + name + ']')
    if (place) place.textContent = text
  }
  const update = () => {
    const stop = Number(slider.value)
    const value = numberText(bounds[stop], decimals)
    const flagged = partText(above[stop], total)
    show('value', value)
    show('bound', String(bounds[stop]))
    show('flagged', flagged)
    show('kept', partText(total - above[stop], total))
    if (reference) show('reference', partText(reference.above[stop], reference.total))
    slider.setAttribute('aria-valuetext', 'above ' + value + ': ' + flagged + ' flagged')
    kept.style.width = (stop / (bounds.length - 1)) * 100 + '%'
  }
  slider.addEventListener('input', update)
  explorer.hidden = false
  update()
}
`
