import { dot } from '@observablehq/plot'
import { type Drawing, defaultMargins, type Panel } from './drawing.ts'
import { formatNumber, type Interval } from './format-number.ts'
import { type LayerMark, layerLines } from './layer-mark.ts'
import {
  band,
  bareVerticalMarks,
  bottomAxis,
  extentOf,
  layerTicks,
  leftAxis,
  linearPlace,
  lineWithPoints,
  referenceLine,
  verticalMarks,
} from './plot-parts.ts'
import { type ColourName, colour } from './theme.ts'

export interface LayerProfilePlot {
  readonly title: string
  readonly description?: string
  /** In order of layer. A value that was not measured at a layer is left out. */
  readonly rows: readonly LayerProfileRow[]
  /** The layers to point out; the values there are written out. */
  readonly marks?: readonly LayerMark[]
  /** How panels are named where the usual names do not fit. */
  readonly headings?: Partial<Record<LayerMeasure, string>>
}

export interface LayerProfileRow {
  readonly layer: number
  /** |v| over the median length of the residual stream there. */
  readonly relativeNorm?: number
  /** How well projections tell evoked from suppressed answers on questions set aside, 0 to 1. */
  readonly auc?: number
  readonly aucInterval?: Interval
  /** How much steering there moves the score, in points. */
  readonly steeringEffect?: number
  readonly steeringEffectInterval?: Interval
}

export type LayerMeasure = 'relativeNorm' | 'auc' | 'steeringEffect'

const measures: readonly {
  readonly measure: LayerMeasure
  readonly heading: string
  readonly name: string
  readonly colour: ColourName
  readonly interval?: 'aucInterval' | 'steeringEffectInterval'
  /** The value that means nothing is there. */
  readonly nothing: number
  readonly decimals: number
}[] = [
  {
    measure: 'relativeNorm',
    heading: 'Size of the vector, relative to the activations',
    name: 'relative norm',
    colour: 'series-1',
    nothing: 0,
    decimals: 2,
  },
  {
    measure: 'auc',
    heading: 'Separates held-out answers (AUC; 0.5 is chance)',
    name: 'AUC',
    colour: 'series-3',
    interval: 'aucInterval',
    nothing: 0.5,
    decimals: 2,
  },
  {
    measure: 'steeringEffect',
    heading: 'Effect of steering on the score (points)',
    name: 'steering effect',
    colour: 'series-2',
    interval: 'steeringEffectInterval',
    nothing: 0,
    decimals: 1,
  },
]

/** Which layers shine: size of the vector, separability and effect of steering by layer, above each other. */
export function layerProfilePlot({
  title,
  description = 'What the vector does at every layer, in panels that share the layer axis.',
  rows,
  marks = [],
  headings = {},
}: LayerProfilePlot): Drawing {
  const shown = measures.filter(({ measure }) => rows.some(row => row[measure] !== undefined))
  return {
    title,
    description: [description, ...marks.map(mark => `Marked: ${mark.label}.`)].join(' '),
    xLabel: 'layer',
    panels: width =>
      shown.map((shape, index) =>
        measurePanel(rows, marks, { ...shape, heading: headings[shape.measure] ?? shape.heading }, width, {
          isFirst: index === 0,
          isLast: index === shown.length - 1,
        }),
      ),
    numbers: {
      columns: ['layer', ...shown.map(({ name }) => name)],
      rows: rows.map(row => [
        String(row.layer),
        ...shown.map(({ measure, decimals }) => formatNumber(row[measure] ?? Number.NaN, decimals)),
      ]),
    },
  }
}

function measurePanel(
  rows: readonly LayerProfileRow[],
  marks: readonly LayerMark[],
  { measure, heading, interval, nothing, decimals, colour: name }: (typeof measures)[number],
  width: number,
  { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
): Panel {
  const layers = rows.map(row => row.layer)
  const domain: [number, number] = extentOf(layers, 0.02)
  const right = width - defaultMargins.right
  const points = rows.flatMap(row => (row[measure] === undefined ? [] : [{ x: row.layer, y: row[measure] }]))
  const intervals = rows.flatMap(row => {
    const range = interval && row[interval]
    return range ? [{ x: row.layer, ...range }] : []
  })
  const lines = layerLines(marks)
  const place = linearPlace(domain, defaultMargins.left, right)
  const flags = verticalMarks(lines, { place, width })
  const plotHeight = width < 500 ? 84 : 96
  const marginTop = isFirst ? flags.marginTop : 8
  const marginBottom = isLast ? 26 : 10
  return {
    heading,
    values: lines.flatMap(line => {
      const point = points.find(({ x }) => x === line.at)
      return point ? [{ text: `layer ${point.x}: ${formatNumber(point.y, decimals)}`, colour: line.colour }] : []
    }),
    height: plotHeight + marginTop + marginBottom,
    options: {
      marginTop,
      marginBottom,
      x: { domain },
      y: {
        domain: extentOf([nothing, ...points.map(point => point.y), ...intervals.flatMap(i => [i.low, i.high])], 0.1),
      },
      marks: [
        ...leftAxis({ ticks: 3 }),
        referenceLine(nothing),
        ...(isLast ? [bottomAxis({ ticks: layerTicks(layers, width), tickFormat: 'd' })] : []),
        ...(intervals.length > 0 ? [band(intervals, colour(name), { name: 'intervals' })] : []),
        ...(isFirst ? flags.marks : bareVerticalMarks(lines)),
        ...lineWithPoints(points, { stroke: colour(name), radius: width < 500 ? 2 : 2.6 }),
        ...lines.map(line =>
          dot(
            points.filter(point => point.x === line.at),
            { x: 'x', y: 'y', r: 4.5, fill: line.colour, stroke: colour('paper'), className: 'marked-point' },
          ),
        ),
      ],
    },
  }
}
