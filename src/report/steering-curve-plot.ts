import type { Markish } from '@observablehq/plot'
import { type Drawing, defaultMargins, type LegendEntry, type Panel } from './drawing.ts'
import { formatEstimate, formatNumber, type Interval } from './format-number.ts'
import {
  bareVerticalMarks,
  bottomAxis,
  errorBars,
  extentOf,
  leftAxis,
  linearPlace,
  lineWithPoints,
  logTicks,
  referenceLine,
  seriesShift,
  type VerticalMark,
  verticalMarks,
} from './plot-parts.ts'
import { colour, seriesColour, seriesDash } from './theme.ts'

export interface SteeringCurvePlot {
  readonly title: string
  readonly description?: string
  /** The first is the one that is reported on; others are compared with it, such as a random direction. */
  readonly series: readonly SteeringSeries[]
  /** What the dose is counted in; "relative dose" unless told. */
  readonly doseLabel?: string
  /** What the score is; "mean trait expression score" unless told. */
  readonly scoreLabel?: string
  /** The ends of the score axis; the range of the values unless told. */
  readonly scoreRange?: readonly [number, number]
  /** The score without steering. */
  readonly baselineScore?: number
  /** The perplexity above which answers count as fallen apart. */
  readonly perplexityLimit?: number
  /** Doses to point out. */
  readonly marks?: readonly { readonly dose: number; readonly label: string }[]
}

export interface SteeringSeries {
  readonly name: string
  /** In order of dose. */
  readonly points: readonly SteeringPoint[]
}

export interface SteeringPoint {
  readonly dose: number
  readonly score: number
  readonly scoreInterval?: Interval
  readonly perplexity?: number
  readonly perplexityInterval?: Interval
}

/** Dose against mean score with intervals, and beneath it what the dose does to perplexity. */
export function steeringCurvePlot(curve: SteeringCurvePlot): Drawing {
  const { title, series, doseLabel = 'relative dose', scoreLabel = 'mean trait expression score' } = curve
  const hasPerplexity = series.some(({ points }) => points.some(point => point.perplexity !== undefined))
  return {
    title,
    description:
      curve.description ??
      `How the score${hasPerplexity ? ' and perplexity change' : ' changes'} with the dose of steering.`,
    legend: legendOf(curve),
    xLabel: doseLabel,
    panels: width => [
      scorePanel(curve, scoreLabel, width, !hasPerplexity),
      ...(hasPerplexity ? [perplexityPanel(curve, width)] : []),
    ],
    numbers: {
      columns: ['series', 'dose', 'mean score (interval)', ...(hasPerplexity ? ['perplexity'] : [])],
      rows: series.flatMap(({ name, points }) =>
        points.map(({ dose, score, scoreInterval, perplexity }) => [
          name,
          formatNumber(dose),
          scoreInterval ? formatEstimate(score, scoreInterval, { decimals: 1 }) : formatNumber(score, 1),
          ...(hasPerplexity ? [formatNumber(perplexity ?? Number.NaN, 1)] : []),
        ]),
      ),
    },
  }
}

function legendOf({ series, baselineScore, perplexityLimit }: SteeringCurvePlot): LegendEntry[] {
  const entries: LegendEntry[] =
    series.length < 2
      ? []
      : series.map(({ name }, index) => ({
          label: name,
          symbol: 'line',
          colour: seriesColour(index),
          dash: seriesDash(index),
        }))
  if (baselineScore !== undefined) {
    const label = `without steering: ${formatNumber(baselineScore, 1)}`
    entries.push({ label, symbol: 'rule', colour: colour('rule') })
  }
  if (perplexityLimit !== undefined) {
    const label = `perplexity limit: ${formatNumber(perplexityLimit, 0)}`
    entries.push({ label, symbol: 'rule', colour: colour('accent'), dash: '5 3' })
  }
  return entries
}

function scorePanel(curve: SteeringCurvePlot, heading: string, width: number, isLast: boolean): Panel {
  const lines = curve.series.map(({ points }) =>
    points.map(({ dose, score, scoreInterval }) => ({ x: dose, y: score, interval: scoreInterval })),
  )
  const values = lines.flat().flatMap(({ y, interval }) => (interval ? [y, interval.low, interval.high] : [y]))
  const { baselineScore, scoreRange } = curve
  const domain = scoreRange ?? extentOf(baselineScore === undefined ? values : [...values, baselineScore], 0.06)
  return panelOf(curve, lines, width, {
    heading,
    plotHeight: width < 500 ? 190 : 230,
    domain,
    isFirst: true,
    isLast,
    ...(baselineScore !== undefined && { reference: { at: baselineScore, colour: colour('rule') } }),
  })
}

function perplexityPanel(curve: SteeringCurvePlot, width: number): Panel {
  const lines = curve.series.map(({ points }) =>
    points.flatMap(({ dose, perplexity, perplexityInterval }) =>
      perplexity === undefined ? [] : [{ x: dose, y: perplexity, interval: perplexityInterval }],
    ),
  )
  const values = lines.flat().flatMap(({ y, interval }) => (interval ? [y, interval.low, interval.high] : [y]))
  const { perplexityLimit } = curve
  const all = [...values, ...(perplexityLimit === undefined ? [] : [perplexityLimit])].filter(value => value > 0)
  const isLogarithmic = Math.max(...all) > widestLinear * Math.min(...all)
  return panelOf(curve, lines, width, {
    heading: isLogarithmic ? 'perplexity, on a logarithmic axis' : 'perplexity',
    plotHeight: width < 500 ? 90 : 104,
    domain: isLogarithmic ? [Math.min(...all) / 1.2, Math.max(...all) * 1.2] : [0, extentOf([0, ...all], 0.06)[1]],
    isLogarithmic,
    isFirst: false,
    isLast: true,
    ...(perplexityLimit !== undefined && { reference: { at: perplexityLimit, colour: colour('accent'), dash: '5 3' } }),
  })
}

/** Perplexities that are further apart than this, as a factor, would all but one lie on the ground. */
const widestLinear = 25

interface PanelShape {
  readonly heading: string
  readonly plotHeight: number
  readonly domain: readonly [number, number]
  readonly isLogarithmic?: boolean
  readonly isFirst: boolean
  readonly isLast: boolean
  readonly reference?: { readonly at: number; readonly colour: string; readonly dash?: string }
}

interface CurvePoint {
  readonly x: number
  readonly y: number
  readonly interval: Interval | undefined
}

function panelOf(
  { series, marks = [] }: SteeringCurvePlot,
  lines: readonly (readonly CurvePoint[])[],
  width: number,
  { heading, plotHeight, domain, isLogarithmic = false, isFirst, isLast, reference }: PanelShape,
): Panel {
  const doses = series.flatMap(({ points }) => points.map(point => point.dose))
  const xDomain = extentOf(doses, 0.04)
  const right = width - defaultMargins.right
  const verticals: VerticalMark[] = marks.map(({ dose, label }) => ({ at: dose, label, colour: colour('accent') }))
  const flags = verticalMarks(verticals, { place: linearPlace(xDomain, defaultMargins.left, right), width })
  const marginTop = isFirst ? flags.marginTop : 8
  const marginBottom = isLast ? 26 : 10
  return {
    heading,
    height: plotHeight + marginTop + marginBottom,
    options: {
      marginTop,
      marginBottom,
      x: { domain: xDomain },
      y: { type: isLogarithmic ? 'log' : 'linear', domain: [...domain] },
      marks: [
        ...leftAxis({ ticks: isLogarithmic ? logTicks(domain) : isFirst ? 5 : 3 }),
        ...(isLast ? [bottomAxis({ ticks: width < 500 ? 6 : 10 })] : []),
        ...(reference ? [referenceLine(reference.at, reference.colour, reference.dash)] : []),
        ...(isFirst ? flags.marks : bareVerticalMarks(verticals)),
        ...lines.flatMap((points, index) => curveMarks(points, index)).reverse(),
      ],
    },
  }
}

function curveMarks(points: readonly CurvePoint[], index: number): Markish[] {
  const shift = seriesShift(index)
  const stroke = seriesColour(index)
  const intervals = points.flatMap(({ x, interval }) => (interval ? [{ x, ...interval }] : []))
  return [
    ...lineWithPoints(points, { stroke, dash: seriesDash(index), radius: 3.4, shift }),
    ...errorBars(intervals, stroke, shift),
  ]
}
