import { dot, frame, lineY } from '@observablehq/plot'
import type { Drawing, LegendEntry, Panel } from './drawing.ts'
import { formatNumber, type Interval } from './format-number.ts'
import { band, bottomAxis, errorBars, extentOf, leftAxis, verticalGrid } from './plot-parts.ts'
import { colour, levelColour } from './theme.ts'

export interface ScatterPlot {
  readonly title: string
  readonly description?: string
  readonly xLabel: string
  readonly yLabel: string
  /** The names of the levels, lowest first. */
  readonly levels: readonly string[]
  readonly points: readonly ScatterPoint[]
  /** The regression along x, in order of x: as many points as make its curves smooth, 30 or more. */
  readonly fit?: readonly FitPoint[]
  /** What the line of `fit` is called; "regression" unless told. */
  readonly fitName?: string
  /** The share the two bands are made for; 0.95 unless told. */
  readonly confidence?: number
  readonly levelMeans?: readonly LevelMean[]
  /** Short lines above the plot, such as "r = 0.66 (95 % 0.51 to 0.78)". */
  readonly notes?: readonly string[]
  /** The ends of the score axis; the range of the points and means unless told. */
  readonly yRange?: readonly [number, number]
}

export interface ScatterPoint {
  readonly x: number
  readonly y: number
  /** Index into `levels`. */
  readonly level: number
  /** Shown by browsers where the pointer rests. */
  readonly label?: string
}

export interface FitPoint {
  readonly x: number
  readonly y: number
  /** Where the mean of y lies. */
  readonly confidence?: Interval
  /** Where single values of y lie. */
  readonly prediction?: Interval
}

export interface LevelMean {
  /** Index into `levels`. */
  readonly level: number
  readonly x: number
  readonly y: number
  /** Of y. */
  readonly interval?: Interval
}

/** One value against another, coloured by an ordered level, with the regression and what it leaves open. */
export function scatterPlot(scatter: ScatterPlot): Drawing {
  const { title, levels, points, levelMeans = [] } = scatter
  return {
    title,
    description:
      scatter.description ??
      `${scatter.yLabel} against ${scatter.xLabel}: ${points.length} points in ${levels.length} levels from ${levels[0] ?? 'none'} to ${levels.at(-1) ?? 'none'}.${(scatter.notes ?? []).map(note => ` ${note}.`).join('')}`,
    ...(scatter.notes && { notes: scatter.notes }),
    legend: legendOf(scatter),
    xLabel: scatter.xLabel,
    panels: width => [panelOf(scatter, width)],
    ...(levelMeans.length > 0 && {
      numbers: {
        columns: ['level', 'points', `mean ${scatter.xLabel}`, `mean ${scatter.yLabel}`],
        rows: levelMeans.map(({ level, x, y }) => [
          levels[level] ?? String(level),
          String(points.filter(point => point.level === level).length),
          formatNumber(x),
          formatNumber(y, 1),
        ]),
      },
    }),
  }
}

function legendOf({
  levels,
  fit = [],
  fitName = 'regression',
  levelMeans = [],
  confidence = 0.95,
}: ScatterPlot): LegendEntry[] {
  const share = `${Number((confidence * 100).toFixed(1))} %`
  const entries: LegendEntry[] = levels.map((label, index) => ({
    label,
    symbol: 'dot',
    colour: levelColour(index, levels.length),
  }))
  if (levelMeans.length > 0) entries.push({ label: 'mean of a level', symbol: 'ring', colour: colour('ink') })
  if (fit.length > 0) entries.push({ label: fitName, symbol: 'line', colour: colour('ink') })
  if (fit.some(point => point.confidence)) {
    entries.push({ label: `${share} for the mean`, symbol: 'band', colour: colour('ink') })
  }
  if (fit.some(point => point.prediction)) {
    entries.push({ label: `${share} for one point`, symbol: 'rule', colour: colour('ink-soft'), dash: '4 3' })
  }
  return entries
}

function panelOf(scatter: ScatterPlot, width: number): Panel {
  const { levels, points, fit = [], levelMeans = [] } = scatter
  const values = [...points, ...levelMeans].map(point => point.y)
  const ends = levelMeans.flatMap(({ interval }) => (interval ? [interval.low, interval.high] : []))
  const yDomain = scatter.yRange ?? extentOf([...values, ...ends], 0.06)
  const xDomain = extentOf([...points, ...levelMeans].map(point => point.x))
  const inside = fit.filter(point => point.x >= xDomain[0] && point.x <= xDomain[1])
  const bandOf = (name: 'confidence' | 'prediction') =>
    inside.flatMap(({ x, [name]: range }) => (range ? [{ x, ...clampInterval(range, yDomain) }] : []))
  const line = { x: 'x', y: 'y', strokeWidth: 2, stroke: colour('ink') } as const
  const edge = { x: 'x', y: 'y', strokeWidth: 1.3, stroke: colour('ink-soft'), strokeDasharray: '4 3' } as const
  const radius = points.length > 1500 ? 1.8 : points.length > 500 ? 2.3 : width < 500 ? 2.8 : 3.4
  return {
    heading: scatter.yLabel,
    height: (width < 500 ? 300 : 400) + 34,
    options: {
      marginTop: 8,
      marginBottom: 26,
      x: { domain: xDomain },
      y: { domain: [...yDomain] },
      marks: [
        ...leftAxis({ ticks: 5 }),
        verticalGrid({ ticks: width < 500 ? 5 : 8 }),
        bottomAxis({ ticks: width < 500 ? 5 : 8 }),
        frame({ stroke: colour('grid') }),
        dot([...points], {
          x: 'x',
          y: 'y',
          r: radius,
          fill: ({ level }: ScatterPoint) => levelColour(level, levels.length),
          fillOpacity: points.length > 300 ? 0.6 : 0.75,
          ...(points.some(point => point.label) && { title: ({ label }: ScatterPoint) => label ?? '' }),
          className: 'points',
        }),
        band(bandOf('confidence'), colour('ink'), { opacity: 0.18, name: 'confidence-band' }),
        ...(['low', 'high'] as const).map(end =>
          lineY(cutToRange(inside.flatMap(edgePoint(end)), yDomain), { ...edge, className: 'prediction-band' }),
        ),
        lineY(cutToRange(inside, yDomain), { ...line, className: 'regression-line' }),
        ...errorBars(
          levelMeans.flatMap(({ x, interval }) => (interval ? [{ x, ...interval }] : [])),
          colour('ink'),
        ),
        dot([...levelMeans], {
          x: 'x',
          y: 'y',
          r: width < 500 ? 5.5 : 6.5,
          fill: ({ level }: LevelMean) => levelColour(level, levels.length),
          stroke: colour('ink'),
          strokeWidth: 1.8,
          title: ({ level }: LevelMean) => `mean of ${levels[level] ?? level}`,
          className: 'level-means',
        }),
      ],
    },
  }
}

function edgePoint(end: 'low' | 'high') {
  return ({ x, prediction }: FitPoint) => (prediction ? [{ x, y: prediction[end] }] : [])
}

function clampInterval({ low, high }: Interval, [bottom, top]: readonly [number, number]): Interval {
  const clamp = (value: number) => Math.min(top, Math.max(bottom, value))
  return { low: clamp(low), high: clamp(high) }
}

/** The part of a line within a range of y, its ends exactly on the border; gaps are points without y. */
function cutToRange(
  points: readonly { readonly x: number; readonly y: number }[],
  [bottom, top]: readonly [number, number],
): { readonly x: number; readonly y: number }[] {
  const isInside = (y: number) => y >= bottom && y <= top
  return points.flatMap((point, index) => {
    const previous = points[index - 1]
    const here = isInside(point.y) ? point : { x: point.x, y: Number.NaN }
    if (!previous || isInside(previous.y) === isInside(point.y)) return [here]
    const border = (isInside(point.y) ? previous.y : point.y) > top ? top : bottom
    const share = (border - previous.y) / (point.y - previous.y)
    const crossing = { x: previous.x + share * (point.x - previous.x), y: border }
    return [crossing, here]
  })
}
