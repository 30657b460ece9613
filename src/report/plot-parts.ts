/** Marks that several plots share, so that all of them look alike. */
import {
  areaY,
  axisX,
  axisY,
  dot,
  gridX,
  gridY,
  type Markish,
  ruleX,
  ruleY,
  text,
  lineY as valueLine,
} from '@observablehq/plot'
import { formatTick, type Interval } from './format-number.ts'
import { fitText, placeFlags } from './text-layout.ts'
import { colour } from './theme.ts'

export const tickSize = 12

/** The axis beneath a panel. */
export function bottomAxis(options: Parameters<typeof axisX>[0] & object = {}): Markish {
  return axisX({
    anchor: 'bottom',
    label: null,
    tickFormat: tickOf,
    tickSize: 4,
    tickPadding: 4,
    fontSize: tickSize,
    stroke: colour('rule'),
    fill: colour('ink-soft'),
    ...options,
  })
}

/** The axis at the left of a panel and its grid. */
export function leftAxis(
  options: { readonly ticks?: number | number[]; readonly tickFormat?: TickFormat } = {},
): Markish[] {
  const { ticks = 4, tickFormat = tickOf } = options
  return [
    gridY({ ticks, stroke: colour('grid'), strokeOpacity: 1 }),
    axisY({
      anchor: 'left',
      label: null,
      ticks,
      tickFormat,
      tickSize: 0,
      tickPadding: 6,
      fontSize: tickSize,
      fill: colour('ink-soft'),
    }),
  ]
}

export type TickFormat = (value: number, index: number, ticks?: number[]) => string

/** Plot gives all ticks as the third argument, though its types do not say so. */
function tickOf(value: number, _index: number, ticks?: number[]): string {
  return formatTick(value, ticks)
}

/** Whole numbers to label a layer axis with, as many as there is room for. */
export function layerTicks(layers: readonly number[], width: number): number[] {
  const [first, last] = [Math.min(...layers), Math.max(...layers)]
  const room = Math.max(2, Math.floor(width / 40))
  const step = [1, 2, 5, 10, 20, 50].find(size => (last - first) / size <= room) ?? 100
  const ticks = []
  for (let layer = Math.ceil(first / step) * step; layer <= last; layer += step) ticks.push(layer)
  return ticks
}

/** Round numbers on a logarithmic axis, few enough to label them all. */
export function logTicks([low, high]: readonly [number, number]): number[] {
  const powers = Array.from({ length: 40 }, (_, index) => 10 ** (index - 20))
  for (const factors of [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8]]) {
    const ticks = powers
      .flatMap(power => factors.map(factor => Number((factor * power).toPrecision(3))))
      .filter(tick => tick >= low && tick <= high)
    if (ticks.length >= 3) return ticks.filter((_, index) => index % Math.ceil(ticks.length / 5) === 0)
  }
  return [low, high]
}

/** The vertical grid, where values are read along the horizontal. */
export function verticalGrid(options: { readonly ticks?: number | number[] } = {}): Markish {
  return gridX({ ...options, stroke: colour('grid'), strokeOpacity: 1 })
}

/** A line across the panel that other values are compared with. */
export function referenceLine(y: number, stroke: string = colour('rule'), dash = 'none'): Markish {
  return ruleY([y], { stroke, strokeWidth: 1, strokeDasharray: dash, className: 'reference-line' })
}

export interface LinePoint {
  readonly x: number
  readonly y: number
}

/** A line, and its points where there are few of them. */
export function lineWithPoints(
  points: readonly LinePoint[],
  { stroke, dash = 'none', radius = 3, width = 2, shift = 0 }: LineLook,
): Markish[] {
  const data = [...points]
  const at = { x: 'x', y: 'y', dx: shift }
  return [
    valueLine(data, { ...at, stroke, strokeWidth: width, strokeDasharray: dash, className: 'line' }),
    ...(radius > 0 ? [dot(data, { ...at, fill: stroke, r: radius, className: 'points' })] : []),
  ]
}

export interface LineLook {
  readonly stroke: string
  readonly dash?: string
  /** Of the points; 0 draws none. */
  readonly radius?: number
  readonly width?: number
  /** Sideways, in px. */
  readonly shift?: number
}

/** How far a series stands beside its place, in px, so that error bars stay apart; the first stands where it is. */
export function seriesShift(index: number): number {
  return Math.ceil(index / 2) * (index % 2 === 1 ? 4 : -4)
}

/** The interval of every point, upright with caps. `shift` moves them sideways in px. */
export function errorBars(
  points: readonly (Interval & { readonly x: number })[],
  stroke: string,
  shift = 0,
): Markish[] {
  const data = [...points]
  const cap = { x: 'x', stroke, dx: shift, symbol: dash, r: 3.2, strokeWidth: 1.4 }
  return [
    ruleX(data, { x: 'x', y1: 'low', y2: 'high', stroke, strokeWidth: 1.4, dx: shift, className: 'error-bars' }),
    dot(data, { ...cap, y: 'low', className: 'lower-ends' }),
    dot(data, { ...cap, y: 'high', className: 'upper-ends' }),
  ]
}

/** A short horizontal stroke, as wide as `r` on either side. */
const dash = {
  draw(context: { moveTo(x: number, y: number): void; lineTo(x: number, y: number): void }, size: number): void {
    const half = Math.sqrt(size / Math.PI)
    context.moveTo(-half, 0)
    context.lineTo(half, 0)
  },
}

/** The area between two lines. */
export function band(
  points: readonly (Interval & { readonly x: number })[],
  fill: string,
  { opacity = 0.16, name = 'band' }: { readonly opacity?: number; readonly name?: string } = {},
): Markish {
  return areaY([...points], { x: 'x', y1: 'low', y2: 'high', fill, fillOpacity: opacity, className: name })
}

export interface VerticalMark {
  readonly at: number
  readonly label: string
  readonly colour: string
  readonly dash?: string
}

export interface MarkPlaces {
  /** Where a value of the horizontal axis lies, in px. */
  readonly place: (value: number) => number
  /** Of the drawing. */
  readonly width: number
}

const flagHeight = 15

/** How much room above a panel the labels of its vertical marks need, in px, and the marks with their labels. */
export function verticalMarks(
  marks: readonly VerticalMark[],
  { place, width }: MarkPlaces,
): { readonly marks: readonly Markish[]; readonly marginTop: number } {
  const flags = placeFlags(
    marks.map(mark => ({ at: place(mark.at), text: fitText(mark.label, width * 0.85, tickSize) })),
    width,
    tickSize,
  )
  const rows = flags.length === 0 ? 0 : 1 + Math.max(...flags.map(flag => flag.row))
  return {
    marginTop: 8 + rows * flagHeight,
    marks: flags.flatMap((flag, index) => {
      const mark = marks[index]!
      const dy = -6 - flag.row * flagHeight
      return [
        ruleX([mark.at], {
          stroke: mark.colour,
          strokeWidth: 1.4,
          strokeDasharray: mark.dash ?? 'none',
          insetTop: flag.side === 'over' ? dy + 5 : dy - 5,
          className: 'mark',
        }),
        text([flag.text], {
          x: [mark.at],
          frameAnchor: 'top',
          textAnchor: 'start',
          lineAnchor: 'bottom',
          dx: flag.from - flag.at,
          dy: dy + 4,
          fontSize: tickSize,
          fontWeight: 600,
          fill: mark.colour,
          className: 'mark-label',
        }),
      ]
    }),
  }
}

/** A vertical line in panels that do not carry the labels. */
export function bareVerticalMarks(marks: readonly VerticalMark[]): Markish[] {
  return marks.map(mark =>
    ruleX([mark.at], {
      stroke: mark.colour,
      strokeWidth: 1.4,
      strokeDasharray: mark.dash ?? 'none',
      className: 'mark',
    }),
  )
}

/** A linear scale onto px. */
export function linearPlace(domain: readonly [number, number], from: number, to: number): (value: number) => number {
  return value => from + ((value - domain[0]) / (domain[1] - domain[0])) * (to - from)
}

/** The range of all finite values, widened by `padding` of its size on both ends; one value gets room around it. */
export function extentOf(values: Iterable<number>, padding = 0.05): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) return [0, 1]
  const room = high > low ? (high - low) * padding : Math.abs(high) * 0.1 || 1
  return [low - room, high + room]
}
