import { type PlotOptions, plot } from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { type DomElement, fromDom, type SvgElement, svgElement, writeSvg } from './svg-tree.ts'
import { textWidth, wrapText } from './text-layout.ts'
import { colour, fontFamily, withLightColours } from './theme.ts'

/** A plot that can be drawn at any width, as part of a page or as a file of its own. */
export interface Drawing {
  readonly title: string
  /** What is to be seen, in a sentence or two, for people who do not see it. */
  readonly description: string
  readonly legend?: readonly LegendEntry[]
  /** Short lines above the panels, such as "r = 0.66 (95 % 0.51 to 0.78)"; the first is the weightiest. */
  readonly notes?: readonly string[]
  /** The panels from top to bottom when the drawing is `width` px wide. They share the margins at the sides. */
  readonly panels: (width: number) => readonly Panel[]
  /** How wide it is drawn where there is room; 760 px unless told. */
  readonly wideWidth?: number
  readonly sideMargins?: (width: number) => SideMargins
  /** What the shared horizontal axis shows. */
  readonly xLabel?: string
  /** What is drawn, in numbers, for the page to give beneath it. */
  readonly numbers?: NumberTable
}

export interface Panel {
  /** What the vertical axis shows, written above the panel. */
  readonly heading?: string
  /** Short values of the panel that are written after its heading, such as "layer 16: 0.39". */
  readonly values?: readonly { readonly text: string; readonly colour: string }[]
  readonly height: number
  readonly options: PlotOptions
}

export interface SideMargins {
  readonly left: number
  readonly right: number
}

export interface LegendEntry {
  readonly label: string
  readonly symbol: 'dot' | 'ring' | 'line' | 'rule' | 'band' | 'bar' | 'swatch'
  readonly colour: string
  readonly dash?: string
}

export interface NumberTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export const wideWidth = 760
export const narrowWidth = 360
export const defaultMargins: SideMargins = { left: 46, right: 14 }

const fontSize = 12
const lineHeight = 16
const rowHeight = 20
const titleSize = 15

/**
 * The drawing as an `<svg>` element for a page that defines the theme's colours; it follows light and dark there.
 * `id` begins the ids of its title and description and is to be unique in the page.
 */
export function svgForPage(drawing: Drawing, width: number, id: string): string {
  return writeSvg(compose(drawing, width, { id, withTitle: false }))
}

/** The drawing as an SVG file: colours written out, on white ground, its title on top. Reads in any viewer. */
export function svgFile(drawing: Drawing, width: number = drawing.wideWidth ?? wideWidth): string {
  const svg = compose(drawing, width, { id: 'drawing', withTitle: true })
  return writeSvg(svg, withLightColours)
}

function compose(
  drawing: Drawing,
  width: number,
  { id, withTitle }: { readonly id: string; readonly withTitle: boolean },
): SvgElement {
  const inset = withTitle ? 12 : 0
  const inner = width - 2 * inset
  const margins = drawing.sideMargins?.(inner) ?? defaultMargins
  const parts: SvgElement[] = []
  let y = inset
  if (withTitle) {
    const lines = wrapText(drawing.title, inner, titleSize)
    parts.push(
      ...lines.map((line, row) =>
        svgElement('text', { x: 0, y: y + 15 + row * 20, 'font-size': titleSize, 'font-weight': 600 }, [line]),
      ),
    )
    y += lines.length * 20 + 8
  }
  for (const [mark, items] of [
    ['notes', (drawing.notes ?? []).map(noteItem)],
    ['legend', (drawing.legend ?? []).map(legendItem)],
  ] as const) {
    const flow = flowItems(items, inner)
    if (flow.rows === 0) continue
    parts.push(svgElement('g', { 'data-mark': mark, transform: `translate(0,${y})` }, flow.drawn))
    y += flow.rows * rowHeight + 4
  }
  drawing.panels(inner).forEach((panel, index) => {
    if (index > 0) y += 6
    for (const items of headingRows(panel, inner)) {
      const flow = flowItems(items, inner)
      parts.push(svgElement('g', { 'data-mark': 'heading', transform: `translate(0,${y})` }, flow.drawn))
      y += flow.rows * rowHeight
    }
    parts.push(svgElement('g', { transform: `translate(0,${y})` }, drawPanel(panel, inner, margins)))
    y += panel.height
  })
  if (drawing.xLabel) {
    const room = inner - margins.left - margins.right
    const middle = margins.left + room / 2
    const lines = wrapText(drawing.xLabel, room, fontSize)
    parts.push(
      ...lines.map((line, row) =>
        svgElement(
          'text',
          { x: middle, y: y + 12 + row * lineHeight, 'text-anchor': 'middle', fill: colour('ink-soft') },
          [line],
        ),
      ),
    )
    y += lines.length * lineHeight + 2
  }
  const height = Math.ceil(y + inset)
  const ground = svgElement('rect', { width, height, fill: colour('paper') })
  const content = svgElement('g', { transform: `translate(${inset},0)` }, parts)
  return svgElement(
    'svg',
    {
      ...(withTitle && { xmlns: 'http://www.w3.org/2000/svg', width, height }),
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-description`,
      'font-family': fontFamily,
      'font-size': fontSize,
      fill: colour('ink'),
    },
    [
      svgElement('title', { id: `${id}-title` }, [drawing.title]),
      svgElement('desc', { id: `${id}-description` }, [drawing.description]),
      ...(withTitle ? [ground, content] : parts),
    ],
  )
}

function drawPanel(
  { options, height }: Panel,
  width: number,
  { left, right }: SideMargins,
): readonly (SvgElement | string)[] {
  const { document } = parseHTML('<html></html>')
  const svg = plot({
    marginTop: 8,
    marginBottom: 26,
    style: {},
    ...options,
    marginLeft: left,
    marginRight: right,
    x: { label: null, axis: null, ...options.x },
    y: { label: null, axis: null, ...options.y },
    document,
    width,
    height,
  })
  return [svgElement('g', { 'text-anchor': 'middle' }, fromDom(svg as unknown as DomElement).children)]
}

interface FlowItem {
  readonly label: string
  readonly isBold: boolean
  readonly colour?: string
  readonly symbol?: SvgElement
}

function noteItem(label: string, index: number): FlowItem {
  return { label, isBold: index === 0 }
}

/** A panel's heading and its values, beside each other where all fit, else beneath each other. */
function headingRows({ heading, values = [] }: Panel, width: number): FlowItem[][] {
  const head = heading ? [{ label: heading, isBold: true }] : []
  const rest = values.map(({ text, colour }) => ({ label: text, isBold: true, colour }))
  const together = [...head, ...rest]
  return (flowItems(together, width).rows > 1 ? [head, rest] : [together]).filter(items => items.length > 0)
}

function legendItem(entry: LegendEntry): FlowItem {
  return { label: entry.label, isBold: false, symbol: legendSymbol(entry) }
}

/** Items in rows, as running text is set. */
function flowItems(
  items: readonly FlowItem[],
  width: number,
): { readonly drawn: readonly SvgElement[]; readonly rows: number } {
  const gap = 18
  const drawn: SvgElement[] = []
  let x = 0
  let row = 0
  for (const { label, isBold, symbol, colour: fill } of items) {
    const indent = symbol ? 24 : 0
    const lines = wrapText(label, width - indent, fontSize)
    const itemWidth = indent + Math.max(...lines.map(line => textWidth(line, fontSize))) * (isBold ? 1.06 : 1)
    if (x > 0 && x + itemWidth > width) {
      x = 0
      row++
    }
    const texts = lines.map((line, index) =>
      svgElement(
        'text',
        { x: indent, y: 13 + index * rowHeight, ...(isBold && { 'font-weight': 600 }), ...(fill && { fill }) },
        [line],
      ),
    )
    drawn.push(
      svgElement('g', { transform: `translate(${x},${row * rowHeight})` }, [...(symbol ? [symbol] : []), ...texts]),
    )
    row += lines.length - 1
    x = lines.length > 1 ? width : x + itemWidth + gap
  }
  return { drawn, rows: items.length > 0 ? row + 1 : 0 }
}

function legendSymbol({ symbol, colour: fill, dash = 'none' }: LegendEntry): SvgElement {
  if (symbol === 'dot') return svgElement('circle', { cx: 9, cy: 9, r: 5, fill })
  if (symbol === 'ring') {
    return svgElement('circle', { cx: 9, cy: 9, r: 5, fill: 'none', stroke: fill, 'stroke-width': 1.8 })
  }
  if (symbol === 'band') return svgElement('rect', { x: 0, y: 3, width: 18, height: 12, fill, 'fill-opacity': 0.22 })
  if (symbol === 'swatch') return svgElement('rect', { x: 1, y: 3, width: 16, height: 12, fill })
  if (symbol === 'bar') {
    return svgElement('rect', {
      x: 1,
      y: 3,
      width: 16,
      height: 12,
      fill,
      'fill-opacity': 0.3,
      stroke: fill,
      'stroke-width': 1.5,
      'stroke-dasharray': dash,
    })
  }
  return svgElement('line', {
    x1: 0,
    x2: 18,
    y1: 9,
    y2: 9,
    stroke: fill,
    'stroke-width': symbol === 'line' ? 2.25 : 1.5,
    'stroke-dasharray': dash,
  })
}
