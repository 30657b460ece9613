import { describe, expect, test } from 'vitest'
import { draw, widths } from './drawn.case.ts'
import { steeringCurvePlot } from './steering-curve-plot.ts'

const points = [-0.4, -0.2, 0, 0.2, 0.4].map(dose => ({
  dose,
  score: 50 + 100 * dose,
  scoreInterval: { low: 45 + 100 * dose, high: 57 + 100 * dose },
  perplexity: 5 + 100 * dose ** 2,
}))
const flat = points.map(({ dose }) => ({ dose, score: 50 }))

describe.each(widths)('the steering curve, %i px wide', width => {
  const drawn = draw(
    steeringCurvePlot({
      title: 'Steering',
      series: [{ name: 'joyful', points }],
      baselineScore: 50,
      perplexityLimit: 20,
      marks: [{ dose: 0.2, label: 'strongest coherent dose' }],
    }),
    width,
  )

  test('has scores above and perplexities beneath, at the same doses', () => {
    const all = drawn.marks('points')
    expect(all).toHaveLength(10)
    expect(all.slice(5).map(point => point.number('cx'))).toEqual(all.slice(0, 5).map(point => point.number('cx')))
  })

  test('spaces doses evenly, and scores evenly', () => {
    const scores = drawn.marks('points').slice(0, 5)
    const [x, y] = ['cx', 'cy'].map(name => scores.map(point => point.number(name)))
    const steps = (values: readonly number[]) => values.slice(1).map((value, index) => value - values[index]!)
    for (const step of steps(x!)) expect(step).toBeCloseTo(steps(x!)[0]!, 1)
    for (const step of steps(y!)) expect(step).toBeCloseTo(steps(y!)[0]!, 1)
    expect(steps(y!)[0]).toBeLessThan(0)
  })

  test('draws every interval around its point, to scale', () => {
    const bars = drawn.marks('error-bars')
    expect(bars).toHaveLength(5)
    drawn
      .marks('points')
      .slice(0, 5)
      .forEach((point, index) => {
        const ends = [bars[index]!.number('y1'), bars[index]!.number('y2')]
        const below = Math.max(...ends) - point.number('cy')
        const above = point.number('cy') - Math.min(...ends)
        expect(above / below).toBeCloseTo(7 / 5, 1)
      })
    expect(drawn.marks('lower-ends')).toHaveLength(5)
    expect(drawn.marks('upper-ends')).toHaveLength(5)
  })

  test('marks the dose in both panels', () => {
    const place = drawn.marks('points')[3]!.number('cx')
    expect(drawn.marks('mark').map(mark => mark.number('x1'))).toEqual([place, place])
  })

  test('says what the lines across mean', () => {
    expect(drawn.texts).toContain('without steering: 50.0')
    expect(drawn.texts).toContain('perplexity limit: 20')
  })
})

test('several series stand side by side, are named and look different', () => {
  const series = [
    { name: 'joyful', points },
    { name: 'random direction', points: flat },
  ]
  const drawing = steeringCurvePlot({ title: 'Steering', series })
  const drawn = draw(drawing)
  const lines = drawn.marks('line')
  expect(new Set(lines.map(line => line.attribute('stroke'))).size).toBe(2)
  expect(new Set(lines.map(line => line.attribute('stroke-dasharray'))).size).toBe(2)
  expect(drawn.texts).toEqual(expect.arrayContaining(['joyful', 'random direction']))
  expect(drawing.numbers!.rows).toHaveLength(10)
})

test('perplexities that explode stand on a logarithmic axis', () => {
  const wild = [10, 100, 1000, 10_000].map((perplexity, dose) => ({ dose, score: 50, perplexity }))
  const drawn = draw(steeringCurvePlot({ title: 'Steering', series: [{ name: 'joyful', points: wild }] }))
  expect(drawn.texts).toContain('perplexity, on a logarithmic axis')
  const heights = drawn
    .marks('points')
    .slice(4)
    .map(point => point.number('cy'))
  expect(heights[0]! - heights[1]!).toBeCloseTo(heights[2]! - heights[3]!, 1)
  expect(heights[0]! - heights[1]!).toBeGreaterThan(10)
})

test('without perplexities there is one panel', () => {
  const drawing = steeringCurvePlot({ title: 'Steering', series: [{ name: 'joyful', points: flat }] })
  expect(drawing.panels(760)).toHaveLength(1)
  expect(drawing.numbers!.columns).toEqual(['series', 'dose', 'mean score (interval)'])
})
