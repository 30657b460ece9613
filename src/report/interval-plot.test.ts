import { describe, expect, test } from 'vitest'
import { draw, widths } from './drawn.case.ts'
import { intervalPlot } from './interval-plot.ts'

const estimates = [
  { name: 'persona vector', value: 0.6, interval: { low: 0.4, high: 0.8 }, emphasised: true },
  { name: 'judge applied to the text of the prompt', value: 0.7, interval: { low: 0.5, high: 0.8 } },
  { name: 'random directions', value: 0, interval: { low: -0.2, high: 0.2 } },
]
const drawing = intervalPlot({
  title: 'Beside the text',
  xLabel: 'correlation (r)',
  groups: [
    { name: 'All', estimates },
    { name: 'Within a level', estimates: estimates.slice(0, 2) },
  ],
})

describe.each(widths)('the interval plot, %i px wide', width => {
  const drawn = draw(drawing, width)
  const dots = drawn.marks('estimate')
  const perUnit = (dots[0]!.number('cx') - dots[2]!.number('cx')) / 0.6
  const toX = (value: number) => dots[2]!.number('cx') + value * perUnit

  test('has all estimates under each other, in order', () => {
    const heights = dots.map(dot => dot.number('cy'))
    expect(heights).toHaveLength(5)
    expect(heights).toEqual(heights.toSorted((a, b) => a - b))
    dots.forEach((dot, index) => {
      expect(dot.number('cx')).toBeCloseTo(toX([0.6, 0.7, 0, 0.6, 0.7][index]!), 1)
    })
  })

  test('has every interval at its estimate, to scale', () => {
    drawn.marks('interval').forEach((line, index) => {
      expect(line.number('y1')).toBeCloseTo(dots[index]!.number('cy'), 1)
      const { low, high } = [...estimates, ...estimates][index]!.interval
      expect(Math.min(line.number('x1'), line.number('x2'))).toBeCloseTo(toX(low), 1)
      expect(Math.max(line.number('x1'), line.number('x2'))).toBeCloseTo(toX(high), 1)
    })
    expect(drawn.marks('interval')).toHaveLength(5)
  })

  test('has a line at zero beside every estimate', () => {
    const lines = drawn.marks('zero-line')
    for (const line of lines) expect(line.number('x1')).toBeCloseTo(toX(0), 1)
    for (const dot of dots) {
      expect(lines.some(line => spans(line.number('y1'), line.number('y2'), dot.number('cy')))).toBe(true)
    }
  })

  test('writes names and values out', () => {
    const names = drawn.marks('names').map(name => name.text)
    expect(names.join(' ')).toContain('persona vector')
    for (const word of ['All', 'Within', 'judge', 'random']) expect(names.join(' ')).toContain(word)
    const values = drawn.marks('values').map(value => value.text.replace(/\s/g, ' '))
    expect(values.toSorted()).toEqual(
      [
        '0.60 (0.40 to 0.80)',
        '0.70 (0.50 to 0.80)',
        '0.00 (−0.20 to 0.20)',
        '0.60 (0.40 to 0.80)',
        '0.70 (0.50 to 0.80)',
      ].toSorted(),
    )
  })

  test('sets the emphasised apart', () => {
    expect(dots.map(dot => dot.attribute('fill'))).toEqual([1, 5, 5, 1, 5].map(series => `var(--series-${series})`))
  })
})

test('its axis says how wide the intervals are made', () => {
  expect(drawing.xLabel).toBe('correlation (r), 95 % intervals')
  expect(intervalPlot({ title: 't', xLabel: 'r', groups: [], confidence: 0.9 }).xLabel).toBe('r, 90 % intervals')
})

test('its table names the groups where there are any', () => {
  expect(drawing.numbers!.columns).toEqual(['group', 'estimate', 'correlation (r), 95 % intervals'])
  expect(drawing.numbers!.rows.map(row => row[0])).toEqual(['All', 'All', 'All', 'Within a level', 'Within a level'])
  expect(intervalPlot({ title: 't', xLabel: 'r', groups: [{ estimates }] }).numbers!.columns).toHaveLength(2)
})

function spans(a: number, b: number, value: number): boolean {
  return value >= Math.min(a, b) && value <= Math.max(a, b)
}
