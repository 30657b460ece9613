import { describe, expect, test } from 'vitest'
import { draw, widths } from './drawn.case.ts'
import { histogramPlot } from './histogram-plot.ts'

const few = Array.from({ length: 50 }, (_, index) => index / 10)
const many = Array.from({ length: 500 }, (_, index) => 1 + (index % 50) / 10)
const drawing = histogramPlot({
  title: 'Projections',
  xLabel: 'projection',
  groups: [
    { name: 'rows', values: Float32Array.from(few) },
    { name: 'other rows', values: [...many, Number.NaN] },
  ],
  thresholds: [
    { value: 2.05, label: 'flagged' },
    { value: 4.05, label: 'removed' },
  ],
})

describe.each(widths)('the histogram, %i px wide', width => {
  const drawn = draw(drawing, width)

  test('gives groups of different size the same area', () => {
    const areas = drawn.marks('outline').map(outline => areaUnder(outline.corners))
    expect(areas).toHaveLength(2)
    expect(areas[0]).toBeGreaterThan(100)
    expect(areas[0]! / areas[1]!).toBeCloseTo(1, 2)
  })

  test('fills what it outlines, and stacks nothing', () => {
    drawn.marks('distribution').forEach((area, index) => {
      const outline = drawn.marks('outline')[index]!
      const top = (corners: readonly (readonly [number, number])[]) => Math.min(...corners.map(([, y]) => y))
      expect(top(area.corners)).toBeCloseTo(top(outline.corners), 1)
    })
  })

  test('marks the thresholds from left to right', () => {
    const places = drawn.marks('mark').map(mark => mark.number('x1'))
    expect(places).toHaveLength(2)
    expect(places[0]).toBeLessThan(places[1]!)
    expect(drawn.marks('mark-label').map(label => label.text)).toEqual(['flagged', 'removed'])
  })

  test('says how many there are of each', () => {
    expect(drawn.marks('legend').map(entry => entry.text)).toEqual(['rows (50)', 'other rows (500)'])
  })
})

test('its table counts what lies above the thresholds', () => {
  expect(drawing.numbers!.rows.map(row => row.map(cell => cell.replace(/\s/g, ' ')))).toEqual([
    ['rows', '50', '2.45', '58.0 %', '18.0 %'],
    ['other rows', '500', '3.45', '78.0 %', '38.0 %'],
  ])
})

test('values that are all equal stand in one bin', () => {
  const drawn = draw(histogramPlot({ title: 't', xLabel: 'x', groups: [{ name: 'a', values: [3, 3, 3] }] }))
  const heights = drawn.marks('outline')[0]!.corners.map(([, y]) => y)
  expect(new Set(heights).size).toBe(2)
})

/** Between an outline and the ground, in square px. */
function areaUnder(corners: readonly (readonly [number, number])[]): number {
  const ground = corners[0]![1]
  return corners
    .slice(1)
    .reduce((sum, [x, y], index) => sum + (x - corners[index]![0]) * (ground - (y + corners[index]![1]) / 2), 0)
}
