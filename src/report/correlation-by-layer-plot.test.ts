import { describe, expect, test } from 'vitest'
import { correlationByLayerPlot } from './correlation-by-layer-plot.ts'
import { draw, widths } from './drawn.case.ts'

const layers = [4, 8, 12, 16, 20]
const interval = (r: number) => ({ low: r - 0.1, high: r + 0.1 })
const drawing = correlationByLayerPlot({
  title: 'Correlation by layer',
  series: [
    { name: 'per condition', values: layers.map(layer => ({ layer, r: layer / 30, interval: interval(layer / 30) })) },
    { name: 'within a level', values: layers.map(layer => ({ layer, r: layer / 100 })) },
  ],
  randomBand: layers.map(layer => ({ layer, low: -0.2, high: 0.2 })),
  marks: [{ layer: 16, label: 'layer 16' }],
})

describe.each(widths)('correlation by layer, %i px wide', width => {
  const drawn = draw(drawing, width)

  test('has a line for every series, told apart by colour and dash', () => {
    const lines = drawn.marks('line')
    expect(lines).toHaveLength(2)
    expect(new Set(lines.map(line => line.attribute('stroke'))).size).toBe(2)
    expect(new Set(lines.map(line => line.attribute('stroke-dasharray'))).size).toBe(2)
    expect(lines.map(line => line.corners.length)).toEqual([5, 5])
  })

  test('draws the first series over the others', () => {
    expect(drawn.marks('line').at(-1)!.attribute('stroke')).toBe('var(--series-1)')
  })

  test('has the band of random directions around the line of zero', () => {
    const zero = drawn.marks('reference-line')[0]!.number('y1')
    const heights = drawn.marks('random-directions')[0]!.corners.map(([, y]) => y)
    expect((Math.min(...heights) + Math.max(...heights)) / 2).toBeCloseTo(zero, 1)
    expect(heights).toHaveLength(10)
  })

  test('has an interval where one is given', () => {
    expect(drawn.marks('interval').filter(area => area.corners.length > 0)).toHaveLength(1)
  })

  test('marks the layer at its place', () => {
    const first = drawn.marks('line').at(-1)!
    expect(drawn.marks('mark')[0]!.number('x1')).toBe(first.corners[3]![0])
  })
})

test('its table says what was measured at each layer', () => {
  expect(drawing.numbers!.columns).toEqual(['layer', 'per condition', 'within a level', 'random directions, 95 %'])
  expect(drawing.numbers!.rows[3]!.map(cell => cell.replace(/\s/g, ' '))).toEqual([
    '16',
    '0.53 (95 % 0.43 to 0.63)',
    '0.16',
    '−0.20 to 0.20',
  ])
})
