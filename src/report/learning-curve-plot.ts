import { type Drawing, defaultMargins, type LegendEntry, type Panel, type SideMargins } from './drawing.ts'
import { formatCount, formatEstimate, formatNumber, type Interval } from './format-number.ts'
import {
  bottomAxis,
  errorBars,
  extentOf,
  leftAxis,
  lineWithPoints,
  referenceLine,
  seriesShift,
  tickSize,
} from './plot-parts.ts'
import { textWidth } from './text-layout.ts'
import { colour, seriesColour, seriesDash } from './theme.ts'

export interface LearningCurvePlot {
  readonly title: string
  readonly description?: string
  /** What there is more of to the right, such as "training questions". */
  readonly xLabel: string
  readonly yLabel: string
  readonly series: readonly LearningSeries[]
  /** Values to compare with, such as the highest that noise allows. */
  readonly references?: readonly { readonly value: number; readonly label: string }[]
  /** The ends of the vertical axis; the range of the values unless told. */
  readonly yRange?: readonly [number, number]
}

export interface LearningSeries {
  readonly name: string
  /** In order of x, which is above 0. */
  readonly points: readonly LearningPoint[]
}

export interface LearningPoint {
  readonly x: number
  readonly mean: number
  readonly interval?: Interval
}

/** What more data brings: means with intervals against the amount, on a logarithmic axis. */
export function learningCurvePlot(plot: LearningCurvePlot): Drawing {
  const { title, xLabel, yLabel, series, references = [] } = plot
  const legend: LegendEntry[] = series.map(({ name }, index) => ({
    label: name,
    symbol: 'line',
    colour: seriesColour(index),
    dash: seriesDash(index),
  }))
  references.forEach(({ label }, index) => {
    legend.push({ label, symbol: 'rule', colour: colour('ink-soft'), dash: referenceDash(index) })
  })
  return {
    title,
    description: plot.description ?? `${yLabel} against ${xLabel}: ${series.map(({ name }) => name).join('; ')}.`,
    legend,
    xLabel,
    sideMargins: () => marginsOf(plot),
    panels: width => [panelOf(plot, width)],
    numbers: {
      columns: ['series', xLabel, `${yLabel} (interval)`],
      rows: series.flatMap(({ name, points }) =>
        points.map(({ x, mean, interval }) => [
          name,
          formatCount(x),
          interval ? formatEstimate(mean, interval) : formatNumber(mean),
        ]),
      ),
    },
  }
}

/** The largest amount stands at the right end, and its label is centred there. */
function marginsOf({ series }: LearningCurvePlot): SideMargins {
  const largest = Math.max(0, ...series.flatMap(({ points }) => points.map(({ x }) => x)))
  return {
    left: defaultMargins.left,
    right: Math.max(defaultMargins.right, textWidth(formatCount(largest), tickSize) / 2),
  }
}

function referenceDash(index: number): string {
  return index === 0 ? '7 3' : '2 3'
}

function panelOf(plot: LearningCurvePlot, width: number): Panel {
  const { series, references = [], yLabel, yRange } = plot
  const points = series.flatMap(one => one.points)
  const values = points.flatMap(({ mean, interval }) => (interval ? [mean, interval.low, interval.high] : [mean]))
  const [low, high] = extentOf(points.length > 0 ? points.map(({ x }) => x) : [1, 10], 0)
  const room = high > low ? (high / low) ** 0.04 : 2
  const domain = [low / room, high * room] as const
  return {
    heading: yLabel,
    height: (width < 500 ? 210 : 260) + 34,
    options: {
      marginTop: 8,
      x: { type: 'log', domain: [...domain] },
      y: { domain: [...(yRange ?? extentOf([...values, ...references.map(({ value }) => value)], 0.06))] },
      marks: [
        ...leftAxis({ ticks: 5 }),
        bottomAxis({
          ticks: ticksOf(
            points.map(({ x }) => x),
            domain,
            width - defaultMargins.left - marginsOf(plot).right,
          ),
          tickFormat: formatCount,
        }),
        ...references.map(({ value }, index) => referenceLine(value, colour('ink-soft'), referenceDash(index))),
        ...series
          .flatMap((one, index) => {
            const stroke = seriesColour(index)
            const shift = seriesShift(index)
            const line = one.points.map(({ x, mean }) => ({ x, y: mean }))
            const intervals = one.points.flatMap(({ x, interval }) => (interval ? [{ x, ...interval }] : []))
            return [
              ...lineWithPoints(line, { stroke, dash: seriesDash(index), radius: 3.6, shift }),
              ...errorBars(intervals, stroke, shift),
            ]
          })
          .reverse(),
      ],
    },
  }
}

/** The amounts that were measured, without those whose labels would touch. */
function ticksOf(xs: readonly number[], domain: readonly [number, number], inner: number): number[] {
  const place = (x: number) => (Math.log(x / domain[0]) / Math.log(domain[1] / domain[0])) * inner
  const half = (x: number) => textWidth(formatCount(x), tickSize) / 2 + 3
  const ticks: number[] = []
  for (const x of [...new Set(xs)].sort((a, b) => b - a)) {
    const last = ticks.at(-1)
    if (last === undefined || place(last) - half(last) >= place(x) + half(x)) ticks.push(x)
  }
  return ticks.reverse()
}
