import { rect, text } from '@observablehq/plot'
import type { Drawing, Panel, SideMargins } from './drawing.ts'
import { formatNumber } from './format-number.ts'
import { fitText, textWidth } from './text-layout.ts'
import { colour } from './theme.ts'

export interface HeatmapPlot {
  readonly title: string
  readonly description?: string
  /** What the values are, such as "cosine at layer 16". */
  readonly valueLabel: string
  /** Of rows and columns. */
  readonly labels: readonly string[]
  /** [row][column]; NaN where there is none. */
  readonly values: readonly (readonly number[])[]
  /** The size of a value that gets the full colour; 1 unless told. */
  readonly limit?: number
  /** What the two colours mean; "below 0" and "above 0" unless told. */
  readonly poles?: readonly [string, string]
}

/** A square matrix of values around 0, each written in a cell whose colour shows its sign and size. */
export function heatmapPlot(plot: HeatmapPlot): Drawing {
  const { title, valueLabel, labels, values, poles = ['below 0', 'above 0'] } = plot
  return {
    title,
    description: plot.description ?? `${valueLabel} of every pair among ${labels.join(', ')}.`,
    wideWidth: Math.min(760, Math.max(460, 190 + labels.length * 56)),
    legend: [
      { label: poles[0], symbol: 'swatch', colour: colour('heat-low') },
      { label: poles[1], symbol: 'swatch', colour: colour('heat-high') },
    ],
    sideMargins: width => layoutOf(labels, width).margins,
    panels: width => [panelOf(plot, width)],
    numbers: {
      columns: [valueLabel, ...labels],
      rows: labels.map((label, row) => [
        label,
        ...labels.map((_, column) => formatNumber(values[row]?.[column] ?? Number.NaN)),
      ]),
    },
  }
}

const fontSize = 12
const slant = Math.PI / 4

interface Layout {
  readonly margins: SideMargins
  readonly cell: number
  readonly rowLabels: readonly string[]
  readonly columnLabels: readonly string[]
  readonly isSlanted: boolean
  readonly headHeight: number
}

/** Columns carry their names where those fit, slanted ones where there is room for them, else the numbers of the rows. */
function layoutOf(labels: readonly string[], width: number): Layout {
  const count = Math.max(1, labels.length)
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(label => textWidth(label, fontSize)))
  const rowRoom = width * (width < 500 ? 0.3 : 0.26)
  const level = (rowLabels: readonly string[], right: number) => {
    const left = Math.min(rowRoom, widest(rowLabels)) + 8
    return { margins: { left, right }, cell: Math.min(64, (width - left - right) / count) }
  }
  const fitted = labels.map(label => fitText(label, rowRoom, fontSize))
  const plain = level(labels, 2)
  if (widest(labels) <= plain.cell - 6) {
    return {
      ...withRest(plain, width, count),
      rowLabels: fitted,
      columnLabels: labels,
      isSlanted: false,
      headHeight: 20,
    }
  }
  const columnLabels = labels.map(label => fitText(label, 150, fontSize))
  const slanted = level(labels, widest(columnLabels) * Math.cos(slant))
  if (slanted.cell >= 36) {
    const headHeight = widest(columnLabels) * Math.sin(slant) + 14
    return { ...withRest(slanted, width, count), rowLabels: fitted, columnLabels, isSlanted: true, headHeight }
  }
  const numbered = labels.map((label, index) => fitText(`${index + 1} ${label}`, rowRoom, fontSize))
  const columns = labels.map((_, index) => String(index + 1))
  const rest = withRest(level(numbered, 2), width, count)
  return { ...rest, rowLabels: numbered, columnLabels: columns, isSlanted: false, headHeight: 20 }
}

/** Whatever the cells leave free stays at the right. */
function withRest(
  { margins, cell }: Pick<Layout, 'margins' | 'cell'>,
  width: number,
  count: number,
): Pick<Layout, 'margins' | 'cell'> {
  return { cell, margins: { left: margins.left, right: width - margins.left - cell * count } }
}

function panelOf({ labels, values, valueLabel, limit = 1 }: HeatmapPlot, width: number): Panel {
  const { cell, rowLabels, columnLabels, isSlanted, headHeight } = layoutOf(labels, width)
  const count = Math.max(1, labels.length)
  const cellHeight = Math.min(cell, 40)
  const cells = labels.flatMap((_, row) =>
    labels.map((_, column) => ({ row, column, value: values[row]?.[column] ?? Number.NaN })),
  )
  const valueSize = cell >= 40 ? 12 : 10.5
  const hasRoom = cell >= textWidth('−0.00', valueSize) + 1
  return {
    heading: valueLabel,
    height: headHeight + cellHeight * count + 4,
    options: {
      marginTop: headHeight,
      marginBottom: 4,
      x: { domain: [0, count] },
      y: { domain: [count, 0] },
      marks: [
        rect(cells, {
          x1: 'column',
          x2: ({ column }: { column: number }) => column + 1,
          y1: 'row',
          y2: ({ row }: { row: number }) => row + 1,
          fill: ({ value }: { value: number }) => colour(value < 0 ? 'heat-low' : 'heat-high'),
          fillOpacity: ({ value }: { value: number }) => Math.min(1, Math.abs(value) / limit) || 0,
          stroke: colour('grid'),
          inset: 0.5,
          className: 'cells',
        }),
        text(hasRoom ? cells : [], {
          x: ({ column }: { column: number }) => column + 0.5,
          y: ({ row }: { row: number }) => row + 0.5,
          text: ({ value }: { value: number }) => formatNumber(value),
          fontSize: valueSize,
          fill: colour('ink'),
          className: 'values',
        }),
        text(rowLabels, {
          x: rowLabels.map(() => 0),
          y: rowLabels.map((_, row) => row + 0.5),
          text: rowLabels,
          textAnchor: 'end',
          dx: -8,
          fontSize,
          className: 'row-labels',
        }),
        text(columnLabels, {
          x: columnLabels.map((_, column) => column + 0.5),
          y: columnLabels.map(() => 0),
          text: columnLabels,
          textAnchor: isSlanted ? 'start' : 'middle',
          rotate: isSlanted ? -45 : 0,
          dy: -9,
          fontSize,
          className: 'column-labels',
        }),
      ],
    },
  }
}
