import { type Drawing, defaultMargins, svgFile } from './drawing.ts'
import { formatNumber } from './format-number.ts'
import { layerLines } from './layer-mark.ts'
import {
  bottomAxis,
  extentOf,
  layerTicks,
  leftAxis,
  linearPlace,
  lineWithPoints,
  referenceLine,
  verticalMarks,
} from './plot-parts.ts'
import { colour } from './theme.ts'

export interface LayerChart {
  readonly title: string
  readonly valueLabel: string
  /** One value for each layer, in order of `layers`. */
  readonly layers: readonly number[]
  readonly values: readonly number[]
  /** A layer to point out, and what to say of it. */
  readonly marked?: { readonly layer: number; readonly label: string }
}

/** A chart of one value by layer, as an SVG file. */
export function layerChart(chart: LayerChart): string {
  return svgFile(layerChartDrawing(chart))
}

/** A chart of one value by layer, to be drawn in a page. */
export function layerChartDrawing({ title, valueLabel, layers, values, marked }: LayerChart): Drawing {
  const lines = layerLines(marked ? [marked] : [])
  const points = layers.map((layer, index) => ({ x: layer, y: values[index]! }))
  const domain = extentOf(layers, 0.02)
  return {
    title,
    description: `${valueLabel}, by layer.${marked ? ` Marked: ${marked.label}.` : ''}`,
    xLabel: 'layer',
    numbers: {
      columns: ['layer', valueLabel],
      rows: points.map(({ x, y }) => [String(x), formatNumber(y, 3)]),
    },
    panels: width => {
      const right = width - defaultMargins.right
      const flags = verticalMarks(lines, { place: linearPlace(domain, defaultMargins.left, right), width })
      return [
        {
          heading: valueLabel,
          height: (width < 500 ? 190 : 250) + flags.marginTop + 26,
          options: {
            marginTop: flags.marginTop,
            x: { domain },
            y: { domain: extentOf([0, ...values], 0.06) },
            marks: [
              ...leftAxis({ ticks: 5 }),
              bottomAxis({ ticks: layerTicks(layers, width), tickFormat: 'd' }),
              referenceLine(0),
              ...flags.marks,
              ...lineWithPoints(points, { stroke: colour('series-1'), radius: 2.8 }),
            ],
          },
        },
      ]
    },
  }
}
