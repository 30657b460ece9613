import { describe, expect, test } from 'vitest'
import { draw, widths } from './drawn.case.ts'
import { heatmapPlot } from './heatmap-plot.ts'

const labels = ['evil', 'sycophantic', 'hallucinating', 'optimistic', 'impolite', 'apathetic', 'humorous', 'joyful']
const values = labels.map((_, row) => labels.map((_, column) => (row === column ? 1 : (row - column) / 10)))
values[0]![1] = Number.NaN
const drawing = heatmapPlot({ title: 'Alike', valueLabel: 'cosine', labels, values })

describe.each(widths)('the heat map, %i px wide', width => {
  const drawn = draw(drawing, width)
  const cells = drawn.marks('cells')

  test('has a cell for every pair, row by row', () => {
    expect(cells).toHaveLength(64)
    expect(new Set(cells.map(cell => cell.number('x'))).size).toBe(8)
    expect(new Set(cells.map(cell => cell.number('y'))).size).toBe(8)
    expect(cells[9]!.number('x')).toBeGreaterThan(cells[8]!.number('x'))
    expect(cells[8]!.number('y')).toBeGreaterThan(cells[0]!.number('y'))
  })

  test('shows the sign by colour and the size by strength', () => {
    const flat = values.flat()
    cells.forEach((cell, index) => {
      const value = flat[index]!
      expect(Number(cell.attribute('fill-opacity') || 1)).toBeCloseTo(Math.abs(value) || 0, 5)
      if (value < 0) expect(cell.attribute('fill')).toBe('var(--heat-low)')
      if (value > 0) expect(cell.attribute('fill')).toBe('var(--heat-high)')
    })
  })

  test('writes every value, and a dash where there is none', () => {
    const texts = drawn.marks('values').map(value => value.text)
    expect(texts).toHaveLength(64)
    expect(texts.slice(0, 3)).toEqual(['1.00', '–', '−0.20'])
    expect(texts.at(-1)).toBe('1.00')
  })

  test('names every row', () => {
    const rows = drawn.marks('row-labels').map(label => label.text)
    for (const [index, label] of labels.entries()) expect(rows[index]).toContain(label)
  })
})

test('columns carry slanted names where there is room, else the numbers of the rows', () => {
  const wide = draw(drawing).marks('column-labels')
  expect(wide.map(label => label.text)).toEqual(labels)
  expect(wide[0]!.attribute('transform')).toContain('rotate(-45)')
  const narrow = draw(drawing, 360)
  expect(narrow.marks('column-labels').map(label => label.text)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
  expect(narrow.marks('row-labels')[7]!.text).toBe('8 joyful')
})

test('short names stand level above their columns', () => {
  const short = heatmapPlot({
    title: 't',
    valueLabel: 'v',
    labels: ['a', 'b'],
    values: [
      [1, 0],
      [0, 1],
    ],
  })
  const columns = draw(short).marks('column-labels')
  expect(columns.map(label => label.text)).toEqual(['a', 'b'])
  expect(columns[0]!.attribute('transform')).not.toContain('rotate')
})

test('values stay out of cells that are too small, and in the table', () => {
  const names = Array.from({ length: 30 }, (_, index) => `trait ${index}`)
  const large = heatmapPlot({
    title: 't',
    valueLabel: 'v',
    labels: names,
    values: names.map(() => names.map(() => 0.5)),
  })
  const drawn = draw(large, 360)
  expect(drawn.marks('cells')).toHaveLength(900)
  expect(drawn.marks('values')).toEqual([])
  expect(large.numbers!.rows).toHaveLength(30)
})
