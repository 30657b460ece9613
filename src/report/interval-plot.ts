import { dot, type Markish, ruleX, ruleY, text } from '@observablehq/plot'
import { type Drawing, defaultMargins, type Panel, type SideMargins } from './drawing.ts'
import { formatNumber, formatRange, type Interval } from './format-number.ts'
import { bottomAxis, extentOf, tickSize, verticalGrid } from './plot-parts.ts'
import { textWidth, wrapText } from './text-layout.ts'
import { colour } from './theme.ts'

export interface IntervalPlot {
  readonly title: string
  readonly description?: string
  readonly xLabel: string
  readonly groups: readonly EstimateGroup[]
  /** Where nothing is found, marked by a line (in pieces on narrow drawings, where text stands between); 0 unless told. */
  readonly zero?: number
  /** The share the intervals are made for; 0.95 unless told. */
  readonly confidence?: number
  /** The ends of the axis; the range of the values unless told. */
  readonly xRange?: readonly [number, number]
  /** Decimals of the numbers that are written; 2 unless told. */
  readonly decimals?: number
}

export interface EstimateGroup {
  /** Left out where there is one group only. */
  readonly name?: string
  readonly estimates: readonly Estimate[]
}

export interface Estimate {
  readonly name: string
  readonly value: number
  readonly interval?: Interval
  /** What the figure is about, as opposed to what it is compared with. */
  readonly emphasised?: boolean
}

/** Named estimates with their intervals under each other (a forest plot), and a line where nothing is found. */
export function intervalPlot(plot: IntervalPlot): Drawing {
  const { title, xLabel, groups } = plot
  const hasGroups = groups.some(({ name }) => name !== undefined)
  return {
    title,
    description:
      plot.description ??
      `${xLabel} with intervals: ${groups.flatMap(({ estimates }) => estimates.map(({ name }) => name)).join('; ')}.`,
    xLabel: labelOf(plot),
    sideMargins: width => marginsOf(plot, width),
    panels: width => [panelOf(plot, width)],
    numbers: {
      columns: [...(hasGroups ? ['group'] : []), 'estimate', labelOf(plot)],
      rows: groups.flatMap(({ name: group, estimates }) =>
        estimates.map(estimate => [...(hasGroups ? [group ?? ''] : []), estimate.name, valueText(estimate, plot)]),
      ),
    },
  }
}

const lineHeight = 16
const gap = 12

function valueText({ value, interval }: Estimate, { decimals = 2 }: IntervalPlot): string {
  const text = formatNumber(value, decimals)
  return interval ? `${text} (${formatRange(interval, decimals)})` : text
}

function labelOf({ xLabel, confidence = 0.95 }: IntervalPlot): string {
  return `${xLabel}, ${Number((confidence * 100).toFixed(1))} % intervals`
}

function isNarrow(width: number): boolean {
  return width < 500
}

function estimatesOf({ groups }: IntervalPlot): Estimate[] {
  return groups.flatMap(({ estimates }) => estimates)
}

/** On wide drawings names stand at the left and values at the right; on narrow ones both stand above their interval. */
function marginsOf(plot: IntervalPlot, width: number): SideMargins {
  if (isNarrow(width)) return { left: defaultMargins.right, right: defaultMargins.right }
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(one => textWidth(one, tickSize) * 1.08))
  const estimates = estimatesOf(plot)
  return {
    left: Math.min(width * 0.36, widest(estimates.map(({ name }) => name))) + gap,
    right: widest(estimates.map(one => valueText(one, plot))) + gap,
  }
}

interface PlacedLine {
  readonly y: number
  readonly text: string
  readonly isBold: boolean
}

interface Layout {
  readonly names: readonly PlacedLine[]
  readonly values: readonly PlacedLine[]
  readonly bars: readonly (Estimate & { readonly y: number })[]
  /** Between groups. */
  readonly separators: readonly number[]
  readonly height: number
}

/** Where everything stands, in px from the top of the frame. */
function layoutOf(plot: IntervalPlot, width: number): Layout {
  const narrow = isNarrow(width)
  const names: PlacedLine[] = []
  const values: PlacedLine[] = []
  const bars: (Estimate & { readonly y: number })[] = []
  const separators: number[] = []
  let y = 4
  plot.groups.forEach(({ name: group, estimates }, index) => {
    if (index > 0) {
      separators.push(y + 4)
      y += 12
    }
    if (group !== undefined) {
      for (const line of wrapText(group, width, tickSize)) {
        names.push({ y: y + lineHeight / 2, text: line, isBold: true })
        y += lineHeight
      }
      y += 4
    }
    for (const estimate of estimates) {
      const value = valueText(estimate, plot)
      const isBold = estimate.emphasised ?? false
      const room = narrow ? width - textWidth(value, tickSize) * 1.08 - gap : marginsOf(plot, width).left - gap
      const lines = wrapText(estimate.name, isBold ? room / 1.08 : room, tickSize)
      const block = lines.length * lineHeight
      lines.forEach((line, row) => {
        names.push({ y: y + lineHeight * (row + 0.5) + (narrow ? 0 : 4), text: line, isBold })
      })
      values.push({ y: narrow ? y + lineHeight / 2 : y + block / 2 + 4, text: value, isBold })
      bars.push({ ...estimate, y: narrow ? y + block + 7 : y + block / 2 + 4 })
      y += narrow ? block + 20 : block + 8
    }
  })
  return { names, values, bars, separators, height: y + 4 }
}

function panelOf(plot: IntervalPlot, width: number): Panel {
  const { zero = 0, xRange } = plot
  const { names, values, bars, separators, height } = layoutOf(plot, width)
  const { left, right } = marginsOf(plot, width)
  const zeroLines = isNarrow(width) ? bars.map(({ y }) => ({ from: y - 6, to: y + 8 })) : [{ from: 0, to: height }]
  const ends = bars.flatMap(({ value, interval }) => (interval ? [value, interval.low, interval.high] : [value]))
  const edge = { y: 'y', text: 'text', fontSize: tickSize, fill: colour('ink') } as const
  const writeLines = (lines: readonly PlacedLine[], side: 'left' | 'right', className: string): Markish[] =>
    [true, false].map(isBold =>
      text(
        lines.filter(one => one.isBold === isBold),
        {
          ...edge,
          frameAnchor: side,
          textAnchor: side === 'left' ? 'start' : 'end',
          dx: side === 'left' ? -left : right,
          fontWeight: isBold ? 600 : 400,
          className,
        },
      ),
    )
  return {
    height: height + 26,
    options: {
      marginTop: 0,
      marginBottom: 26,
      x: { domain: [...(xRange ?? extentOf([zero, ...ends], 0.04))] },
      y: { domain: [height, 0] },
      marks: [
        ...(isNarrow(width) ? [] : [verticalGrid({ ticks: 5 })]),
        ruleX(zeroLines, {
          x: () => zero,
          y1: 'from',
          y2: 'to',
          stroke: colour('rule'),
          strokeWidth: 1.5,
          className: 'zero-line',
        }),
        ruleY(separators, { stroke: colour('grid'), insetLeft: -left, insetRight: -right, className: 'separators' }),
        bottomAxis({ ticks: 5 }),
        ...writeLines(names, 'left', 'names'),
        ...writeLines(values, 'right', 'values'),
        ...bars.flatMap(bar => barMarks(bar)),
      ],
    },
  }
}

function barMarks({ y, value, interval, emphasised = false }: Estimate & { readonly y: number }): Markish[] {
  const stroke = colour(emphasised ? 'series-1' : 'series-5')
  const line = interval
    ? [
        ruleY([interval], {
          x1: 'low',
          x2: 'high',
          y: [y],
          stroke,
          strokeWidth: emphasised ? 2.6 : 2,
          className: 'interval',
        }),
      ]
    : []
  return [...line, dot([value], { x: [value], y: [y], r: emphasised ? 5 : 4, fill: stroke, className: 'estimate' })]
}
