import { describe, expect, test } from 'vitest'
import { draw, widths } from './drawn.case.ts'
import { learningCurvePlot } from './learning-curve-plot.ts'

const points = [15, 30, 60, 120, 240].map((x, index) => ({
  x,
  mean: 0.4 + index * 0.08,
  interval: { low: 0.3 + index * 0.08, high: 0.5 + index * 0.08 },
}))
const plot = { title: 'More questions', xLabel: 'questions', yLabel: 'r', series: [{ name: 'all prompts', points }] }

describe.each(widths)('the learning curve, %i px wide', width => {
  const drawn = draw(
    learningCurvePlot({ ...plot, references: [{ value: 0.77, label: 'highest that noise allows' }] }),
    width,
  )

  test('takes equal steps for equal factors', () => {
    const places = drawn.marks('points').map(point => point.number('cx'))
    const steps = places.slice(1).map((place, index) => place - places[index]!)
    for (const step of steps) expect(step).toBeCloseTo(steps[0]!, 1)
    expect(steps[0]).toBeGreaterThan(40)
  })

  test('labels the amounts that were measured', () => {
    expect(drawn.texts).toEqual(expect.arrayContaining(['15', '30', '60', '120', '240']))
  })

  test('has the value to compare with at its height', () => {
    const [first, second] = drawn.marks('points').map(point => point.number('cy'))
    const perUnit = (second! - first!) / 0.08
    expect(drawn.marks('reference-line')[0]!.number('y1')).toBeCloseTo(first! + (0.77 - 0.4) * perUnit, 1)
    expect(drawn.texts).toContain('highest that noise allows')
  })
})

test('labels that would touch are left out, never the largest amount', () => {
  const dense = Array.from({ length: 40 }, (_, index) => ({ x: 1000 + index * 20, mean: index / 40 }))
  const drawn = draw(learningCurvePlot({ ...plot, series: [{ name: 'a', points: dense }] }), 360)
  const labels = drawn.texts.filter(text => /^1\d\d\d$/.test(text))
  expect(labels).toContain('1780')
  expect(labels.length).toBeGreaterThan(3)
  expect(labels.length).toBeLessThan(12)
  expect(drawn.marks('points')).toHaveLength(40)
})

test('series stand beside each other, so that their intervals do', () => {
  const drawn = draw(
    learningCurvePlot({
      ...plot,
      series: [
        { name: 'a', points },
        { name: 'b', points },
      ],
    }),
  )
  const shifts = [...drawn.markup.matchAll(/data-mark="error-bars"[^>]*>/g)].map(
    match => /translate\((-?[\d.]+),/.exec(match[0])?.[1] ?? '0',
  )
  // Later series are drawn first, beneath the others.
  expect(shifts).toEqual(['4', '0'])
})
