import { describe, expect, test } from 'vitest'
import { draw, widths } from './drawn.case.ts'
import { layerProfilePlot } from './layer-profile-plot.ts'

const rows = Array.from({ length: 30 }, (_, index) => ({
  layer: index + 1,
  relativeNorm: 0.4 - Math.abs(index - 15) / 50,
  auc: 0.5 + index / 100,
  aucInterval: { low: 0.45 + index / 100, high: 0.55 + index / 100 },
  steeringEffect: 20 - Math.abs(index - 12),
}))
const marks = [
  { layer: 16, label: 'layer 16: steers' },
  { layer: 25, label: 'layer 25: reads', role: 'second' },
] as const

describe.each(widths)('the layer profile, %i px wide', width => {
  const drawn = draw(layerProfilePlot({ title: 'Layers', rows, marks }), width)

  test('has a point for every layer in each of three panels, in line with each other', () => {
    const points = drawn.marks('points')
    expect(points).toHaveLength(90)
    const places = points.map(point => point.number('cx'))
    expect(places.slice(30, 60)).toEqual(places.slice(0, 30))
    expect(places.slice(60)).toEqual(places.slice(0, 30))
    expect(places.slice(0, 30)).toEqual(places.slice(0, 30).toSorted((a, b) => a - b))
  })

  test('shows larger values higher', () => {
    const heights = drawn
      .marks('points')
      .slice(30, 60)
      .map(point => point.number('cy'))
    expect(heights).toEqual(heights.toSorted((a, b) => b - a))
  })

  test('marks both layers in every panel, and says what they are in the first', () => {
    const places = drawn.marks('points').map(point => point.number('cx'))
    expect(drawn.marks('mark').map(mark => mark.number('x1'))).toEqual(
      [0, 1, 2].flatMap(() => [places[15], places[24]]),
    )
    expect(drawn.marks('mark').map(mark => mark.attribute('stroke'))).toEqual(
      [0, 1, 2].flatMap(() => ['var(--accent)', 'var(--series-4)']),
    )
    expect(drawn.marks('mark-label').map(label => label.text)).toEqual(['layer 16: steers', 'layer 25: reads'])
  })

  test('writes the values at the marked layers', () => {
    const values = drawn
      .marks('heading')
      .map(item => item.text)
      .filter(text => text.startsWith('layer '))
    expect(values).toEqual(
      ['16: 0.40', '25: 0.22', '16: 0.65', '25: 0.74', '16: 17.0', '25: 8.0'].map(text => `layer ${text}`),
    )
    expect(drawn.marks('marked-point')).toHaveLength(6)
  })

  test('labels whole layers only', () => {
    expect(drawn.texts).toEqual(expect.arrayContaining(['10', '20', '30']))
    expect(drawn.texts).not.toContain('2.5')
  })
})

test('a measure that was not taken has no panel', () => {
  const drawing = layerProfilePlot({ title: 'Layers', rows: rows.map(({ layer, auc }) => ({ layer, auc })) })
  expect(drawing.panels(760)).toHaveLength(1)
  expect(draw(drawing).marks('points')).toHaveLength(30)
  expect(drawing.numbers!.columns).toEqual(['layer', 'AUC'])
})

test('a layer without a value leaves a gap in points, not a zero', () => {
  const some = [{ layer: 1, auc: 0.6 }, { layer: 2 }, { layer: 3, auc: 0.7 }]
  const drawing = layerProfilePlot({ title: 'Layers', rows: some })
  expect(draw(drawing).marks('points')).toHaveLength(2)
  expect(drawing.numbers!.rows[1]).toEqual(['2', '–'])
})
