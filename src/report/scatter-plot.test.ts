import { describe, expect, test } from 'vitest'
import { draw, widths } from './drawn.case.ts'
import { type ScatterPlot, scatterPlot } from './scatter-plot.ts'

const levels = ['gloomy', 'neutral', 'joyful']
const points = Array.from({ length: 60 }, (_, index) => ({
  x: (index % 20) / 4,
  y: 20 * (index % 3) + (index % 20),
  level: index % 3,
  label: `question ${index}`,
}))
const fit = Array.from({ length: 41 }, (_, index) => {
  const x = -1 + index * 0.2
  const y = 10 + 8 * x
  return { x, y, confidence: { low: y - 4, high: y + 4 }, prediction: { low: y - 45, high: y + 45 } }
})
const plot: ScatterPlot = {
  title: 'Projection and score',
  xLabel: 'projection',
  yLabel: 'score',
  levels,
  points,
  fit,
  levelMeans: [0, 1, 2].map(level => ({
    level,
    x: 2,
    y: 30 * level,
    interval: { low: 30 * level - 5, high: 30 * level + 5 },
  })),
  notes: ['r = 0.66', '60 points'],
  yRange: [0, 100],
}

describe.each(widths)('the scatter plot, %i px wide', width => {
  const drawn = draw(scatterPlot(plot), width)
  const circles = drawn.marks('points')
  const { toX, toY } = scaleOf(points, circles)

  test('has every point where it belongs, in the colour of its level', () => {
    expect(circles).toHaveLength(60)
    circles.forEach((circle, index) => {
      expect(circle.number('cx')).toBeCloseTo(toX(points[index]!.x), 1)
      expect(circle.number('cy')).toBeCloseTo(toY(points[index]!.y), 1)
    })
    const colours = circles.map(circle => circle.attribute('fill'))
    expect(colours.slice(0, 3)).toEqual(['var(--level-1)', 'var(--level-5)', 'var(--level-9)'])
    expect(colours.slice(3, 6)).toEqual(colours.slice(0, 3))
    expect(circles[7]!.text).toBe('question 7')
  })

  test('has the regression line on its own values', () => {
    const { corners } = drawn.marks('regression-line')[0]!
    const inside = fit.filter(point => toX(point.x) >= 46 && toX(point.x) <= width - 14)
    expect(corners.length).toBeGreaterThan(20)
    for (const [x, y] of corners) {
      const value = 10 + 8 * ((x - toX(0)) / (toX(1) - toX(0)))
      expect(y).toBeCloseTo(toY(value), 0)
    }
    expect(corners).toHaveLength(inside.length)
  })

  test('cuts the prediction band where the axis ends', () => {
    const [low, high] = drawn.marks('prediction-band')
    const heights = [...low!.corners, ...high!.corners].map(([, y]) => y)
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(toY(100) - 0.1)
    expect(Math.max(...heights)).toBeLessThanOrEqual(toY(0) + 0.1)
    const [x, y] = low!.corners[0]!
    expect(y).toBeCloseTo(toY(0), 1)
    expect(10 + 8 * ((x - toX(0)) / (toX(1) - toX(0))) - 45).toBeCloseTo(0, 0)
  })

  test('has the means of the levels above the points', () => {
    const means = drawn.marks('level-means')
    expect(means.map(mean => mean.attribute('fill'))).toEqual(['var(--level-1)', 'var(--level-5)', 'var(--level-9)'])
    means.forEach((mean, level) => {
      expect(mean.number('cy')).toBeCloseTo(toY(30 * level), 1)
    })
    expect(drawn.markup.indexOf('data-mark="level-means"')).toBeGreaterThan(drawn.markup.indexOf('data-mark="points"'))
  })

  test('explains all of it', () => {
    const legend = drawn.marks('legend').map(entry => entry.text)
    expect(legend).toEqual([...levels, 'mean of a level', 'regression', '95 % for the mean', '95 % for one point'])
    expect(drawn.marks('notes').map(note => note.text)).toEqual(['r = 0.66', '60 points'])
  })
})

test('points alone need no more than points', () => {
  const drawn = draw(scatterPlot({ title: 't', xLabel: 'x', yLabel: 'y', levels, points }))
  expect(drawn.marks('points')).toHaveLength(60)
  expect(drawn.marks('regression-line').flatMap(line => line.corners)).toEqual([])
  expect(drawn.marks('legend').map(entry => entry.text)).toEqual(levels)
})

test('five thousand points make a plot of less than a megabyte', () => {
  const many = Array.from({ length: 5000 }, (_, index) => ({
    x: Math.sin(index),
    y: Math.cos(index * 7),
    level: index % 3,
  }))
  const drawn = draw(scatterPlot({ ...plot, points: many }))
  expect(drawn.marks('points')).toHaveLength(5000)
  expect(drawn.markup.length).toBeLessThan(1_000_000)
})

/** The scales of the axes, from two points that differ in both directions. */
function scaleOf(
  data: readonly { readonly x: number; readonly y: number }[],
  circles: readonly { readonly number: (name: string) => number }[],
) {
  const [a, b] = [0, data.findLastIndex(point => point.x !== data[0]!.x && point.y !== data[0]!.y)]
  const along = (from: number, to: number, low: number, high: number) => (value: number) =>
    from + ((value - low) / (high - low)) * (to - from)
  return {
    toX: along(circles[a]!.number('cx'), circles[b]!.number('cx'), data[a]!.x, data[b]!.x),
    toY: along(circles[a]!.number('cy'), circles[b]!.number('cy'), data[a]!.y, data[b]!.y),
  }
}
