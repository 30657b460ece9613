import { dot, frame, line, ruleX } from '@observablehq/plot'
import { type Drawing, defaultMargins, type Panel } from './drawing.ts'
import { formatCount, formatEstimate, formatNumber, type Interval } from './format-number.ts'
import { bottomAxis, errorBars, extentOf, leftAxis, verticalGrid } from './plot-parts.ts'
import { colour } from './theme.ts'

export interface ReliabilityPlot {
  readonly title: string
  readonly description?: string
  /** What was expected, such as "expected score". */
  readonly xLabel: string
  /** What came, such as "observed mean score". */
  readonly yLabel: string
  /** In order of what was predicted. */
  readonly bins: readonly ReliabilityBin[]
  /** The ends of both axes; the range of the values unless told. */
  readonly range?: readonly [number, number]
  readonly notes?: readonly string[]
}

export interface ReliabilityBin {
  /** The mean of what was predicted. */
  readonly predicted: number
  /** The mean of what was observed. */
  readonly observed: number
  readonly interval?: Interval
  /** How many predictions are in the bin. */
  readonly count?: number
}

/** Whether what was predicted is what came: means of bins beside the diagonal, and beneath it how many are in each bin. */
export function reliabilityPlot(plot: ReliabilityPlot): Drawing {
  const { title, xLabel, yLabel, bins, notes } = plot
  const hasCounts = bins.some(bin => bin.count !== undefined)
  return {
    title,
    description:
      plot.description ?? `${yLabel} against ${xLabel} in ${bins.length} bins; on the diagonal both are equal.`,
    wideWidth: 520,
    ...(notes && { notes }),
    legend: [
      { label: 'both equal', symbol: 'rule', colour: colour('ink-soft'), dash: '5 3' },
      { label: 'mean of a bin', symbol: 'dot', colour: colour('series-1') },
    ],
    xLabel,
    panels: width => [meansPanel(plot, width, !hasCounts), ...(hasCounts ? [countsPanel(plot, width)] : [])],
    numbers: {
      columns: [xLabel, `${yLabel} (interval)`, ...(hasCounts ? ['count'] : [])],
      rows: bins.map(({ predicted, observed, interval, count }) => [
        formatNumber(predicted, 1),
        interval ? formatEstimate(observed, interval, { decimals: 1 }) : formatNumber(observed, 1),
        ...(hasCounts ? [formatCount(count ?? Number.NaN)] : []),
      ]),
    },
  }
}

function rangeOf({ bins, range }: ReliabilityPlot): [number, number] {
  if (range) return [...range]
  return extentOf(
    bins.flatMap(({ predicted, observed, interval }) => [
      predicted,
      observed,
      ...(interval ? [interval.low, interval.high] : []),
    ]),
  )
}

function meansPanel(plot: ReliabilityPlot, width: number, isLast: boolean): Panel {
  const domain = rangeOf(plot)
  const side = width - defaultMargins.left - defaultMargins.right
  const marginBottom = isLast ? 26 : 10
  const points = plot.bins.map(({ predicted, observed, interval }) => ({ x: predicted, y: observed, interval }))
  return {
    heading: plot.yLabel,
    height: side + 8 + marginBottom,
    options: {
      marginTop: 8,
      marginBottom,
      x: { domain },
      y: { domain },
      marks: [
        ...leftAxis({ ticks: 5 }),
        verticalGrid({ ticks: 5 }),
        frame({ stroke: colour('grid') }),
        ...(isLast ? [bottomAxis({ ticks: 5 })] : []),
        line(
          domain.map(end => [end, end] as const),
          { stroke: colour('ink-soft'), strokeWidth: 1.4, strokeDasharray: '5 3', className: 'diagonal' },
        ),
        ...errorBars(
          points.flatMap(({ x, interval }) => (interval ? [{ x, ...interval }] : [])),
          colour('series-1'),
        ),
        dot(points, { x: 'x', y: 'y', r: 4.5, fill: colour('series-1'), className: 'points' }),
      ],
    },
  }
}

function countsPanel(plot: ReliabilityPlot, width: number): Panel {
  const counts = plot.bins.map(({ predicted, count = 0 }) => ({ x: predicted, y: count }))
  return {
    heading: 'predictions in each bin',
    height: 58 + 8 + 26,
    options: {
      marginTop: 8,
      marginBottom: 26,
      x: { domain: rangeOf(plot) },
      y: { domain: [0, Math.max(1, ...counts.map(({ y }) => y)) * 1.05] },
      marks: [
        ...leftAxis({ ticks: 2 }),
        bottomAxis({ ticks: 5 }),
        ruleX(counts, {
          x: 'x',
          y1: 0,
          y2: 'y',
          stroke: colour('series-5'),
          strokeWidth: Math.min(14, (width * 0.5) / Math.max(1, counts.length)),
          className: 'counts',
        }),
      ],
    },
  }
}
