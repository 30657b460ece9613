import { describe, expect, test } from 'vitest'
import { narrowWidth } from './drawing.ts'
import { draw } from './drawn.case.ts'
import { reliabilityPlot } from './reliability-plot.ts'

const bins = [10, 30, 50, 70, 90].map((predicted, index) => ({
  predicted,
  observed: predicted + (index === 2 ? 20 : 0),
  interval: { low: predicted - 5, high: predicted + 25 },
  count: 10 * (index + 1),
}))
const plot = { title: 'Forecasts', xLabel: 'expected', yLabel: 'observed', bins, range: [0, 120] } as const
const drawing = reliabilityPlot(plot)

describe.each([drawing.wideWidth!, narrowWidth])('the reliability plot, %i px wide', width => {
  const drawn = draw(drawing, width)
  const [[left, bottom], [right, top]] = drawn.marks('diagonal')[0]!.corners as [[number, number], [number, number]]

  test('is as high as it is wide', () => {
    expect(right - left).toBeCloseTo(bottom - top, 1)
    expect(right - left).toBeCloseTo(width - 60, 1)
  })

  test('has what came as predicted on the diagonal, and what came higher above it', () => {
    const offsets = drawn.marks('points').map(point => bottom - point.number('cy') - (point.number('cx') - left))
    for (const index of [0, 1, 3, 4]) expect(offsets[index]).toBeCloseTo(0, 1)
    expect(offsets[2]).toBeCloseTo(((right - left) * 20) / 120, 1)
  })

  test('has intervals, and beneath it how many predictions are in each bin', () => {
    expect(drawn.marks('error-bars')).toHaveLength(5)
    const heights = drawn.marks('counts').map(bar => Math.abs(bar.number('y1') - bar.number('y2')))
    for (const [index, height] of heights.entries()) expect(height / heights[0]!).toBeCloseTo(index + 1, 1)
    expect(drawn.marks('counts').map(bar => bar.number('x1'))).toEqual(
      drawn.marks('points').map(point => point.number('cx')),
    )
  })
})

test('without counts there is one panel', () => {
  const bare = reliabilityPlot({ ...plot, bins: bins.map(({ predicted, observed }) => ({ predicted, observed })) })
  expect(bare.panels(520)).toHaveLength(1)
  expect(bare.numbers!.columns).toEqual(['expected', 'observed (interval)'])
})
