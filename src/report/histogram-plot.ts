import { areaY, lineY } from '@observablehq/plot'
import { type Drawing, defaultMargins, type Panel } from './drawing.ts'
import { formatCount, formatNumber, formatPercent } from './format-number.ts'
import { bottomAxis, extentOf, leftAxis, linearPlace, verticalMarks } from './plot-parts.ts'
import { colour, seriesColour, seriesDash } from './theme.ts'

export interface HistogramPlot {
  readonly title: string
  readonly description?: string
  readonly xLabel: string
  readonly groups: readonly HistogramGroup[]
  /** Values to point out, such as where rows are flagged. */
  readonly thresholds?: readonly { readonly value: number; readonly label: string }[]
}

export interface HistogramGroup {
  readonly name: string
  /** Values that are not finite are left out. */
  readonly values: ArrayLike<number>
}

/** How the values of several groups are spread: the share of each group in bins of equal width, so that groups of different size compare. */
export function histogramPlot({ title, description, xLabel, groups, thresholds = [] }: HistogramPlot): Drawing {
  const finite = groups.map(({ name, values }) => ({ name, values: Array.from(values).filter(Number.isFinite) }))
  const bins = binsOf(finite.flatMap(({ values }) => values))
  const shares = finite.map(({ values }) => sharesOf(values, bins))
  return {
    title,
    description:
      description ??
      `How ${xLabel} is spread: ${finite.map(({ name, values }) => `${name} (${formatCount(values.length)})`).join('; ')}.`,
    legend: finite.map(({ name, values }, index) => ({
      label: `${name} (${formatCount(values.length)})`,
      symbol: 'bar',
      colour: seriesColour(index),
      dash: seriesDash(index),
    })),
    xLabel,
    panels: width => [panelOf(bins, shares, thresholds, width)],
    numbers: {
      columns: ['group', 'values', 'mean', ...thresholds.map(({ value }) => `above ${formatNumber(value)}`)],
      rows: finite.map(({ name, values }) => [
        name,
        formatCount(values.length),
        formatNumber(values.reduce((sum, value) => sum + value, 0) / values.length),
        ...thresholds.map(threshold =>
          formatPercent(values.filter(value => value > threshold.value).length / values.length),
        ),
      ]),
    },
  }
}

interface Bins {
  readonly start: number
  readonly width: number
  readonly count: number
}

const mostBins = 40

/** Bins of a round width (1, 2, 2.5 or 5 times a power of ten) that hold all values. */
function binsOf(values: readonly number[]): Bins {
  if (values.length === 0) return { start: 0, width: 1, count: 1 }
  const [low, high] = extentOf(values, 0)
  const least = Math.max((high - low) / mostBins, Number.MIN_VALUE, Math.abs(high) * 1e-9)
  const power = 10 ** Math.floor(Math.log10(least))
  const width = power * ([1, 2, 2.5, 5, 10].find(factor => factor * power >= least) ?? 10)
  const first = Math.floor(low / width)
  return { start: first * width, width, count: Math.floor(high / width) - first + 1 }
}

function sharesOf(values: readonly number[], { start, width, count }: Bins): number[] {
  const counts = new Array<number>(count).fill(0)
  for (const value of values) {
    const bin = Math.min(count - 1, Math.max(0, Math.floor((value - start) / width)))
    counts[bin] = counts[bin]! + 1
  }
  return counts.map(inBin => (values.length > 0 ? inBin / values.length : 0))
}

function panelOf(
  bins: Bins,
  shares: readonly (readonly number[])[],
  thresholds: NonNullable<HistogramPlot['thresholds']>,
  width: number,
): Panel {
  const ends = [bins.start, bins.start + bins.count * bins.width]
  const domain = extentOf([...ends, ...thresholds.map(({ value }) => value)], 0.02)
  const marks = thresholds.map(({ value, label }, index) => ({
    at: value,
    label,
    colour: colour(index === 0 ? 'accent' : 'series-4'),
    dash: index === 0 ? 'none' : '5 3',
  }))
  const flags = verticalMarks(marks, {
    place: linearPlace(domain, defaultMargins.left, width - defaultMargins.right),
    width,
  })
  return {
    heading: `share of the group, in bins of ${Number(bins.width.toPrecision(6))}`,
    height: (width < 500 ? 190 : 240) + flags.marginTop + 26,
    options: {
      marginTop: flags.marginTop,
      x: { domain },
      y: { domain: [0, Math.max(0.01, ...shares.flat()) * 1.05] },
      marks: [
        ...leftAxis({ ticks: 4, tickFormat: share => `${Number((share * 100).toFixed(2))} %` }),
        bottomAxis({ ticks: width < 500 ? 6 : 10 }),
        ...shares.flatMap((heights, index) => {
          const outline = outlineOf(heights, bins)
          const fill = seriesColour(index)
          return [
            areaY(outline, { x: 'x', y1: 0, y2: 'y', fill, fillOpacity: 0.24, className: 'distribution' }),
            lineY(outline, {
              x: 'x',
              y: 'y',
              stroke: fill,
              strokeWidth: 1.6,
              strokeDasharray: seriesDash(index),
              className: 'outline',
            }),
          ]
        }),
        ...flags.marks,
      ],
    },
  }
}

/** The corners of the bars, from the ground at the left to the ground at the right. */
function outlineOf(heights: readonly number[], { start, width }: Bins): { x: number; y: number }[] {
  const corners = heights.flatMap((y, bin) => [
    { x: start + bin * width, y },
    { x: start + (bin + 1) * width, y },
  ])
  return [{ x: start, y: 0 }, ...corners, { x: start + heights.length * width, y: 0 }]
}
