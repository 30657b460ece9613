import { dot } from '@observablehq/plot'
import { describe, expect, test } from 'vitest'
import { type Drawing, narrowWidth, svgFile, svgForPage, wideWidth } from './drawing.ts'
import { draw, readSvg } from './drawn.case.ts'
import { bottomAxis, leftAxis } from './plot-parts.ts'
import { textWidth } from './text-layout.ts'
import { colour, colours } from './theme.ts'

const drawing: Drawing = {
  title: 'A <b>title</b>',
  description: 'What is "seen".',
  notes: ['r = 0.66', '840 answers'],
  legend: ['one', 'two'].map(label => ({ label, symbol: 'dot', colour: colour('series-1') })),
  xLabel: 'dose',
  panels: () => [
    {
      heading: 'score',
      height: 100,
      options: {
        x: { domain: [0, 10] },
        marks: [
          bottomAxis(),
          ...leftAxis(),
          dot(
            [
              { x: 0, y: 1 },
              { x: 10, y: 2 },
            ],
            { x: 'x', y: 'y', className: 'points', fill: colour('accent') },
          ),
        ],
      },
    },
  ],
}

describe('a drawing in a page', () => {
  const svg = svgForPage(drawing, wideWidth, 'figure-3-wide')

  test('is named and described for those who do not see it', () => {
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="figure-3-wide-title figure-3-wide-description"/)
    expect(svg).toContain('<title id="figure-3-wide-title">A &lt;b&gt;title&lt;/b&gt;</title>')
    expect(svg).toContain('<desc id="figure-3-wide-description">What is &quot;seen&quot;.</desc>')
  })

  test('takes every colour from the page', () => {
    const paints = [...svg.matchAll(/ (?:fill|stroke)="([^"]*)"/g)].map(match => match[1]!)
    expect(paints.length).toBeGreaterThan(5)
    expect(paints.filter(paint => !/^(var\(--[a-z0-9-]+\)|none|currentColor)$/.test(paint))).toEqual([])
  })

  test('loads nothing and brings no style of its own', () => {
    expect(svg).not.toMatch(/https?:|url\(|src=|href|<style|class=/)
  })

  test('has what stands around its panels', () => {
    expect(readSvg(svg).texts).toEqual(
      expect.arrayContaining(['r = 0.66', '840 answers', 'one', 'two', 'score', 'dose']),
    )
  })

  test('is as wide as asked, with its panels between the margins', () => {
    for (const width of [wideWidth, narrowWidth]) {
      const drawn = draw(drawing, width)
      expect(drawn.width).toBe(width)
      expect(drawn.marks('points').map(point => point.number('cx'))).toEqual([46, width - 14])
    }
  })

  test('labels the ticks of an axis with equally many decimals', () => {
    const labels = draw(drawing).texts.filter(text => /^\d\.\d+$/.test(text))
    expect(labels).toEqual(['1.0', '1.2', '1.4', '1.6', '1.8', '2.0'])
  })

  test('breaks its legend into rows that fit', () => {
    const labels = Array.from({ length: 9 }, (_, index) => `a level of number ${index}`)
    const long = { ...drawing, legend: labels.map(label => ({ label, symbol: 'dot' as const, colour: '#000000' })) }
    const items = draw(long, narrowWidth)
      .marks('legend')
      .map(item => ({ text: item.text, place: /translate\(([\d.]+),([\d.]+)\)/.exec(item.attribute('transform'))! }))
    expect(items.map(item => item.text)).toEqual(labels)
    for (const { text, place } of items) {
      expect(Number(place[1]) + 24 + textWidth(text, 12)).toBeLessThanOrEqual(narrowWidth)
    }
    expect(new Set(items.map(item => item.place[2])).size).toBeGreaterThan(3)
  })
})

describe('a drawing in a file', () => {
  const svg = svgFile(drawing)

  test('has its colours written out, on ground of its own, with its title', () => {
    expect(svg).not.toContain('var(')
    expect(svg).toContain(`fill="${colours.light.paper}"`)
    expect(svg).toContain(`fill="${colours.light.accent}"`)
    expect(readSvg(svg).texts[0]).toBe('A <b>title</b>')
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="760" height="\d+" .*<\/svg>$/s)
  })

  test('loads nothing', () => {
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|url\(|src=|href/)
  })

  test('leaves a text alone that looks like a colour', () => {
    expect(svgFile({ ...drawing, notes: ['var(--ink)'] })).toContain('>var(--ink)</text>')
  })
})

test('the same drawing gives the same bytes', () => {
  expect(svgFile(drawing)).toBe(svgFile(drawing))
  expect(svgForPage(drawing, 500, 'a')).toBe(svgForPage(drawing, 500, 'a'))
})
