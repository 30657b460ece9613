import { expect, test } from 'vitest'
import { readSvg } from './drawn.case.ts'
import { layerChart } from './layer-chart.ts'

test('a layer chart is a file with a point for every layer, and the marked one pointed out', () => {
  const values = [0.1, 0.3, 0.2]
  const svg = layerChart({
    title: 'Persona vector “joyful”',
    valueLabel: 'length',
    layers: [1, 2, 3],
    values,
    marked: { layer: 2, label: 'layer 2' },
  })
  const drawn = readSvg(svg)
  const points = drawn.marks('points')
  expect(points).toHaveLength(3)
  expect(drawn.marks('mark')[0]!.number('x1')).toBe(points[1]!.number('cx'))
  const zero = drawn.marks('reference-line')[0]!.number('y1')
  const heights = points.map(point => zero - point.number('cy'))
  expect(heights[1]! / heights[0]!).toBeCloseTo(3, 1)
  expect(heights[2]! / heights[0]!).toBeCloseTo(2, 1)
  expect(drawn.texts).toEqual(expect.arrayContaining(['Persona vector “joyful”', 'length', 'layer 2', 'layer']))
})
