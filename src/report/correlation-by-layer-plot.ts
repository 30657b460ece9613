import { type Drawing, defaultMargins, type LegendEntry, type Panel } from './drawing.ts'
import { formatCorrelation, formatEstimate, formatRange, type Interval } from './format-number.ts'
import { type LayerMark, layerLines } from './layer-mark.ts'
import {
  band,
  bottomAxis,
  extentOf,
  layerTicks,
  leftAxis,
  linearPlace,
  lineWithPoints,
  referenceLine,
  verticalMarks,
} from './plot-parts.ts'
import { colour, seriesColour, seriesDash } from './theme.ts'

export interface CorrelationByLayerPlot {
  readonly title: string
  readonly description?: string
  /** Such as "per condition", "within a level". */
  readonly series: readonly CorrelationSeries[]
  /** Where the correlations of random directions lie, in order of layer. */
  readonly randomBand?: readonly (Interval & { readonly layer: number })[]
  /** What the band covers; "random directions, 95 %" unless told. */
  readonly randomLabel?: string
  readonly marks?: readonly LayerMark[]
  /** What the vertical axis shows; "correlation with the score (r)" unless told. */
  readonly yLabel?: string
}

export interface CorrelationSeries {
  readonly name: string
  /** In order of layer. */
  readonly values: readonly CorrelationAtLayer[]
}

export interface CorrelationAtLayer {
  readonly layer: number
  readonly r: number
  readonly interval?: Interval
}

/** The correlation of projection and score by layer, against that of random directions. */
export function correlationByLayerPlot(plot: CorrelationByLayerPlot): Drawing {
  const { title, series, marks = [], randomBand = [], randomLabel = 'random directions, 95 %' } = plot
  const layers = [...new Set(series.flatMap(({ values }) => values.map(({ layer }) => layer)))].sort((a, b) => a - b)
  const legend: LegendEntry[] = series.map(({ name }, index) => ({
    label: name,
    symbol: 'line',
    colour: seriesColour(index),
    dash: seriesDash(index),
  }))
  if (randomBand.length > 0) legend.push({ label: randomLabel, symbol: 'band', colour: colour('series-5') })
  return {
    title,
    description: [
      plot.description ?? `Correlation by layer: ${series.map(({ name }) => name).join('; ')}.`,
      ...marks.map(mark => `Marked: ${mark.label}.`),
    ].join(' '),
    legend,
    xLabel: 'layer',
    panels: width => [panelOf(plot, layers, width)],
    numbers: {
      columns: ['layer', ...series.map(({ name }) => name), ...(randomBand.length > 0 ? [randomLabel] : [])],
      rows: layers.map(layer => [
        String(layer),
        ...series.map(({ values }) => valueText(values.find(value => value.layer === layer))),
        ...(randomBand.length > 0 ? [rangeText(randomBand.find(range => range.layer === layer))] : []),
      ]),
    },
  }
}

function valueText(value: CorrelationAtLayer | undefined): string {
  if (!value) return '–'
  return value.interval ? formatEstimate(value.r, value.interval) : formatCorrelation(value.r)
}

function rangeText(range: Interval | undefined): string {
  return range ? formatRange(range) : '–'
}

function panelOf(
  { series, randomBand = [], marks = [], yLabel = 'correlation with the score (r)' }: CorrelationByLayerPlot,
  layers: readonly number[],
  width: number,
): Panel {
  const domain = extentOf(layers, 0.02)
  const right = width - defaultMargins.right
  const lines = layerLines(marks)
  const flags = verticalMarks(lines, { place: linearPlace(domain, defaultMargins.left, right), width })
  const intervals = series.map(({ values }) =>
    values.flatMap(({ layer, interval }) => (interval ? [{ x: layer, ...interval }] : [])),
  )
  const heights = [
    0,
    ...series.flatMap(({ values }) => values.map(({ r }) => r)),
    ...[...intervals.flat(), ...randomBand].flatMap(({ low, high }) => [low, high]),
  ]
  return {
    heading: yLabel,
    height: (width < 500 ? 220 : 280) + flags.marginTop + 26,
    options: {
      marginTop: flags.marginTop,
      marginBottom: 26,
      x: { domain },
      y: { domain: extentOf(heights, 0.06) },
      marks: [
        ...leftAxis({ ticks: 6 }),
        bottomAxis({ ticks: layerTicks(layers, width), tickFormat: 'd' }),
        band(
          randomBand.map(({ layer, low, high }) => ({ x: layer, low, high })),
          colour('series-5'),
          { opacity: 0.22, name: 'random-directions' },
        ),
        referenceLine(0),
        ...flags.marks,
        ...intervals.map((ranges, index) => band(ranges, seriesColour(index), { opacity: 0.14, name: 'interval' })),
        ...series.toReversed().flatMap(({ values }, place) => {
          const index = series.length - 1 - place
          return lineWithPoints(
            values.map(({ layer, r }) => ({ x: layer, y: r })),
            { stroke: seriesColour(index), dash: seriesDash(index), radius: index === 0 ? 2.6 : 2 },
          )
        }),
      ],
    },
  }
}
