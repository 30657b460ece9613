import { type Data, dot, lineY, type Markish, plot, ruleX, ruleY, text } from '@observablehq/plot'
import { parseHTML } from 'linkedom'

export interface LayerChart {
  readonly title: string
  readonly valueLabel: string
  /** One value for each layer, in order of `layers`. */
  readonly layers: readonly number[]
  readonly values: readonly number[]
  /** A layer to point out, and what to say of it. */
  readonly marked?: { readonly layer: number; readonly label: string }
}

const line = '#4269d0'
const accent = '#c0392b'

/** A chart of one value by layer, as a self-contained SVG that reads on light and on dark ground. */
export function layerChart({ title, valueLabel, layers, values, marked }: LayerChart): string {
  const { document } = parseHTML('<html></html>')
  const points: Data = layers.map((layer, index) => ({ layer, value: values[index]! }))
  const marks: Markish[] = [
    ruleY([0], { strokeOpacity: 0.5 }),
    lineY(points, { x: 'layer', y: 'value', stroke: line, strokeWidth: 2 }),
    dot(points, { x: 'layer', y: 'value', fill: line, r: 2.5 }),
  ]
  if (marked) {
    const place = { x: 'layer', frameAnchor: 'top', textAnchor: 'start', dx: 6, dy: 4, fill: accent } as const
    marks.push(
      ruleX([marked], { x: 'layer', stroke: accent, strokeDasharray: '4 3' }),
      text([marked], { ...place, text: 'label' }),
    )
  }
  const svg = plot({
    document,
    width: 720,
    height: 320,
    marginLeft: 52,
    marginTop: 44,
    marginBottom: 42,
    x: { label: 'layer', tickFormat: 'd' },
    y: { label: valueLabel, grid: true, zero: true },
    marks,
  })
  return selfContained(svg.outerHTML, title)
}

/** Adds the namespace that makes it a file, a title, and a ground, so that it reads wherever it is shown. */
function selfContained(svg: string, title: string): string {
  const escaped = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return svg
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" color="#222" style="background:#fff" ')
    .replace(
      /(<svg[^>]*>)/,
      `$1<title>${escaped}</title><rect width="100%" height="100%" fill="#fff"/><text x="14" y="20" text-anchor="start" font-size="14" font-weight="600" fill="#222">${escaped}</text>`,
    )
}
