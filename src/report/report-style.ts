import { colourDeclarations, fontFamily } from './theme.ts'

/** Backgrounds of tokens, from faint to strong; the strong ones are underlined, so that they read without colour. */
const tokenColours = (['above', 'below'] as const)
  .flatMap(side => {
    const [pole, line] = side === 'above' ? ['heat-high', 'solid'] : ['heat-low', 'dotted']
    return [1, 2, 3, 4].map(level => {
      const border = level > 2 ? ` border-bottom: ${level - 2}px ${line} currentColor;` : ''
      return `.${side}-${level} { background: color-mix(in srgb, var(--${pole}) ${level * 25}%, transparent);${border} }`
    })
  })
  .join('\n')

/** The style sheet of report pages: light and dark, narrow and wide, screen and print. */
export const reportStyle = `
:root { color-scheme: light dark; ${colourDeclarations('light')} }
@media (prefers-color-scheme: dark) { :root { ${colourDeclarations('dark')} } }
@media print { :root { color-scheme: light; ${colourDeclarations('light')} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 ${fontFamily}; overflow-wrap: break-word; }
main, header, nav, footer { max-width: 800px; margin: 0 auto; padding: 0 20px; }
p, ul, ol, dl, figure, blockquote { margin: 0 0 1em; }
h1, h2 { line-height: 1.2; text-wrap: balance; }
h1 { font-size: 1.9rem; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 1.35rem; margin: 2.6em 0 0.7em; padding-top: 0.9em; border-top: 1px solid var(--grid); }
code { font: 0.9em/1.4 ui-monospace, "Cascadia Mono", "SF Mono", Menlo, "DejaVu Sans Mono", monospace; background: var(--raised); padding: 0.1em 0.3em; border-radius: 4px; }
a { color: var(--series-1); text-underline-offset: 0.15em; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible, input:focus-visible { outline: 2px solid var(--series-1); outline-offset: 2px; }
.hidden { font: 0.8em/1 ui-monospace, "DejaVu Sans Mono", monospace; color: var(--warning); background: var(--warning-wash); border: 1px solid currentColor; border-radius: 3px; padding: 0 0.2em; unicode-bidi: isolate; direction: ltr; }

header { padding-top: 44px; }
.subtitle { color: var(--ink-soft); margin: 0.35em 0 0; }
.finding { font-size: 1.25rem; line-height: 1.45; margin: 1.3em 0 1.1em; text-wrap: pretty; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 1.2em; }
.tile { display: grid; grid-row: span 3; grid-template-rows: subgrid; row-gap: 0; align-content: start; background: var(--raised); border: 1px solid var(--grid); border-radius: 10px; padding: 12px 14px 13px; }
.tile dt { color: var(--ink-soft); font-size: 0.85rem; line-height: 1.3; }
.tile dd { margin: 0; }
.tile .value { font-size: 1.65rem; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; margin-top: 2px; }
.tile .detail { font-size: 0.85rem; line-height: 1.35; color: var(--ink-soft); }
.tile.good { border-left: 4px solid var(--good); }
.tile.warning { border-left: 4px solid var(--warning); }

nav { margin-top: 1.6em; }
nav ol { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; padding: 0; margin: 0; font-size: 0.92rem; }

.callout { border-left: 4px solid var(--series-1); background: var(--note-wash); border-radius: 0 8px 8px 0; padding: 11px 16px; margin: 0 0 1.2em; }
.callout p { margin: 0; }
.callout .callout-title { font-weight: 650; }
.callout.warning { border-color: var(--warning); background: var(--warning-wash); }
.callout.good { border-color: var(--good); background: var(--good-wash); }

.scroll { overflow-x: auto; margin: 0 0 1.4em; }
table { border-collapse: collapse; min-width: 100%; font-size: 0.92rem; line-height: 1.4; }
caption { text-align: left; color: var(--ink-soft); padding-bottom: 6px; }
th, td { text-align: left; vertical-align: top; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--grid); min-width: 4.5em; max-width: 26em; }
th:last-child, td:last-child { padding-right: 2px; }
thead th { font-weight: 600; color: var(--ink-soft); border-bottom: 1.5px solid var(--rule); vertical-align: bottom; }
tbody th { font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .number { white-space: normal; }
.emphasised th, .emphasised td { background: var(--accent-wash); font-weight: 650; }

figure { margin: 0 0 2em; }
.figure-title { font-weight: 650; margin: 0 0 0.7em; line-height: 1.35; }
.figure-number { color: var(--ink-soft); font-weight: 400; margin-right: 0.35em; }
figure svg { display: block; width: 100%; height: auto; font-variant-numeric: tabular-nums; }
figcaption { color: var(--ink-soft); font-size: 0.92rem; margin-top: 0.7em; }
.narrow { display: none; }
@media screen and (max-width: 640px) {
  .wide { display: none; }
  .narrow { display: block; max-width: 460px; }
}

details { border: 1px solid var(--grid); border-radius: 8px; margin: 0 0 1.2em; }
details.numbers { margin: -1.1em 0 2.2em; font-size: 0.92rem; }
summary { cursor: pointer; padding: 8px 14px; color: var(--ink-soft); }
summary:hover { color: var(--ink); }
.inside { padding: 6px 14px 2px; }
.inside > :last-child { margin-bottom: 0.6em; }

.explorer { border: 1px solid var(--grid); border-radius: 10px; padding: 13px 16px 4px; margin: 0 0 1.4em; }
.explorer[hidden] { display: none; }
.explorer label strong { display: inline-block; min-width: 3.5em; font-variant-numeric: tabular-nums; }
.explorer-bars { position: relative; height: 64px; margin: 10px 8px 0; border-bottom: 1px solid var(--rule); }
.explorer-bars svg { display: block; width: 100%; height: 100%; }
.explorer-bars path { fill: var(--accent); }
.explorer-kept { position: absolute; inset: 0 auto 0 0; border-right: 2px solid var(--ink); background: color-mix(in srgb, var(--paper) 68%, transparent); }
.explorer input { display: block; width: 100%; height: 26px; margin: 5px 0 8px; accent-color: var(--ink-soft); }
.explorer dl { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 0 0 10px; }
.explorer dl div { min-width: 9.5em; }
.explorer dt { color: var(--ink-soft); font-size: 0.85rem; }
.explorer dd { margin: 0; font-weight: 650; font-variant-numeric: tabular-nums; }
.explorer-command { margin: 0 0 10px; font-size: 0.92rem; overflow-wrap: anywhere; }

.answers { list-style: none; padding: 0; }
.answer { border-left: 5px solid var(--edge, var(--rule)); background: var(--raised); border-radius: 0 8px 8px 0; padding: 10px 16px 12px; margin: 0 0 10px; overflow: hidden; }
.answer blockquote { margin: 0; white-space: pre-wrap; }
.question { color: var(--ink-soft); margin: 0 0 0.35em; white-space: pre-wrap; }
.tags { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin: 0 0 0.4em; font-size: 0.85rem; color: var(--ink-soft); }
.level { display: inline-flex; align-items: center; gap: 6px; }
.level::before { content: ""; width: 10px; height: 10px; border-radius: 50%; background: var(--edge); }
.score { font-weight: 650; color: var(--ink); background: var(--paper); border: 1px solid var(--rule); border-radius: 99px; padding: 0 9px; font-variant-numeric: tabular-nums; }

.token-scale, .extremes { color: var(--ink-soft); font-size: 0.85rem; }
.swatches { white-space: normal; color: var(--ink); font-variant-numeric: tabular-nums; }
.swatches span { padding: 0 4px; }
.extremes { margin: 0.5em 0 0; }
${tokenColours}

.facts > div { display: grid; grid-template-columns: minmax(9em, 30%) 1fr; gap: 0 16px; padding: 5px 0; border-bottom: 1px solid var(--grid); font-size: 0.92rem; }
.facts dt { color: var(--ink-soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--ink-soft); font-size: 0.85rem; margin-top: 3em; padding-top: 1em; padding-bottom: 3em; }
footer p { margin: 0 0 0.3em; }

@media (max-width: 640px) {
  main, header, nav, footer { padding-left: 16px; padding-right: 16px; }
  header { padding-top: 26px; }
  h1 { font-size: 1.5rem; }
  h2 { margin-top: 2em; }
  .finding { font-size: 1.12rem; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 10px; }
  .tile { padding: 9px 11px 10px; }
  .tile .value { font-size: 1.35rem; }
  .facts > div { grid-template-columns: 1fr; }
}
@page { margin: 16mm 15mm; }
@media print {
  body { font-size: 10.5pt; }
  main, header, nav, footer { max-width: none; padding: 0; }
  nav { display: none; }
  h1, h2, .figure-title, .callout-title { break-after: avoid; }
  figure, .tile, .callout, .answer, tr, .facts > div { break-inside: avoid; }
  .scroll { overflow: visible; }
  .wide { max-width: 155mm; }
  details { border: 0; }
  details > summary { list-style: none; padding: 0; font-weight: 600; }
  .inside { padding: 6px 0 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
  details.numbers, .explorer { display: none; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`
