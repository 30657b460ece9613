import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { unbalancedTags } from './drawn.case.ts'
import { intervalPlot } from './interval-plot.ts'
import type { ReportBlock } from './report-block.ts'
import { type ReportPage, reportPage } from './report-page.ts'
import { scatterPlot } from './scatter-plot.ts'

/** A page with everything in it, and `text` wherever a text goes. */
function pageOf(text: string): ReportPage {
  const blocks: ReportBlock[] = [
    { kind: 'paragraph', text: [text, { strong: text }, { code: text }] },
    { kind: 'list', items: [text, text], ordered: true },
    { kind: 'callout', tone: 'warning', title: text, text },
    { kind: 'callout', tone: 'note', text },
    {
      kind: 'table',
      caption: text,
      columns: [{ label: text }, { label: text, align: 'number' }],
      rows: [
        [text, text],
        ['second', '2'],
      ],
      emphasised: 1,
    },
    {
      kind: 'figure',
      drawing: scatterPlot({
        title: text,
        xLabel: text,
        yLabel: text,
        levels: [text],
        points: [{ x: 0, y: 0, level: 0, label: text }],
      }),
      caption: text,
    },
    {
      kind: 'answers',
      answers: [
        { text, question: text, level: { name: text, index: 6, count: 7 }, score: 93.4, notes: [text] },
        { text: 'no score', score: { unscored: text } },
        { text: 'nothing known of it' },
      ],
    },
    { kind: 'facts', facts: [{ name: text, value: text }] },
    {
      kind: 'details',
      summary: text,
      blocks: [
        { kind: 'paragraph', text },
        {
          kind: 'figure',
          drawing: intervalPlot({ title: text, xLabel: text, groups: [{ estimates: [{ name: text, value: 1 }] }] }),
          caption: text,
        },
      ],
    },
  ]
  return {
    title: text,
    subtitle: text,
    language: text,
    lead: {
      finding: ['Found: ', { strong: text }],
      figures: [
        { label: text, value: text, detail: text, tone: 'good' },
        { label: 'answers', value: '840' },
      ],
      blocks: [{ kind: 'callout', tone: 'good', text }],
    },
    sections: [text, 'two', 'three', 'four'].map((title, index) => ({ title, blocks: index === 0 ? blocks : [] })),
    footer: [text, [{ code: text }]],
  }
}

const plain = 'joyful'
const hostile = `"'></p></style></title><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u0007\u0000&amp;`

function read(page: ReportPage) {
  const html = reportPage(page)
  return { html, document: parseHTML(html).document }
}

describe('a report page', () => {
  const { html, document } = read(pageOf(plain))

  test('is one valid document in itself', () => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="joyful">\n<head>\n<meta charset="utf-8">/)
    expect(unbalancedTags(html)).toEqual([])
    expect(document.querySelectorAll('html, head, head > title, body, header, h1, main, footer')).toHaveLength(8)
  })

  test('loads nothing, runs nothing, and forbids both', () => {
    expect(html).not.toMatch(/https?:|url\(|src=|@import|<script|<link|<iframe|javascript:|\son\w+=/i)
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute('content')
    expect(policy).toContain("default-src 'none'")
    expect([...document.querySelectorAll('[href]')].every(link => link.getAttribute('href')!.startsWith('#'))).toBe(
      true,
    )
  })

  test('begins with the finding and its key figures', () => {
    const header = document.querySelector('header')!
    expect(header.querySelector('.finding')!.innerHTML).toBe('Found: <strong>joyful</strong>')
    const tiles = [...header.querySelectorAll('.tiles > div')]
    expect(tiles.map(tile => [...tile.children].map(part => part.localName).join(' '))).toEqual(['dt dd dd', 'dt dd'])
    expect(tiles[0]!.className).toBe('tile good')
    expect(header.querySelector('.callout')).not.toBeNull()
  })

  test('leads from its contents to every section', () => {
    const targets = [...document.querySelectorAll('nav a')].map(link => link.getAttribute('href')!.slice(1))
    expect(targets).toEqual(['section-1', 'section-2', 'section-3', 'section-4'])
    for (const target of targets) expect(document.getElementById(target)!.localName).toBe('h2')
  })

  test('has no contents where there is little to find', () => {
    const page = pageOf(plain)
    expect(reportPage({ ...page, sections: page.sections.slice(0, 3) })).not.toContain('<nav')
  })

  test('says of every cell of a table what it belongs to', () => {
    const table = document.querySelector('main table')!
    expect([...table.querySelectorAll('thead th')].map(cell => cell.getAttribute('scope'))).toEqual(['col', 'col'])
    expect([...table.querySelectorAll('tbody th')].map(cell => cell.getAttribute('scope'))).toEqual(['row', 'row'])
    expect(table.querySelector('caption')!.textContent).toBe(plain)
    expect(table.querySelectorAll('tbody tr')[1]!.className).toBe('emphasised')
    expect([...table.querySelectorAll('td')].every(cell => cell.className === 'number')).toBe(true)
  })

  test('numbers its figures, and draws each for wide and for narrow screens', () => {
    const figures = [...document.querySelectorAll('figure')]
    expect(figures.map(figure => figure.id)).toEqual(['figure-1', 'figure-2'])
    for (const figure of figures) {
      expect([...figure.querySelectorAll('svg')].map(svg => svg.parentNode!.className)).toEqual(['wide', 'narrow'])
      expect(figure.querySelector('figcaption')!.textContent).toBe(plain)
    }
    expect(figures[1]!.nextElementSibling!.querySelector('summary')!.textContent).toBe('The numbers of figure 2')
  })

  test('has every id once, and each that is referred to', () => {
    const ids = [...document.querySelectorAll('[id]')].map(element => element.id)
    expect(new Set(ids).size).toBe(ids.length)
    const named = [...document.querySelectorAll('[aria-labelledby]')].flatMap(element =>
      element.getAttribute('aria-labelledby')!.split(' '),
    )
    expect(named.length).toBeGreaterThan(8)
    for (const id of named) expect(ids).toContain(id)
  })

  test('shows answers with level, score and whatever else is known', () => {
    const [first, second, third] = [...document.querySelectorAll('.answer')]
    expect(first!.getAttribute('style')).toBe('--edge:var(--level-9)')
    expect(first!.querySelector('.score')!.textContent).toBe('score 93')
    expect(second!.querySelector('.tag')!.textContent).toBe('unscored: joyful')
    expect(third!.querySelector('.tags')).toBeNull()
  })

  test('follows light and dark, narrow screens and paper', () => {
    const style = document.querySelector('style')!.textContent!
    for (const query of ['(prefers-color-scheme: dark)', 'screen and (max-width: 640px)', 'print']) {
      expect(style).toContain(`@media ${query} {`)
    }
    const used = [...html.matchAll(/var\((--[\w-]+)/g)].map(match => match[1]!)
    for (const name of new Set(used)) expect(html, name).toMatch(new RegExp(`${name}:`))
  })

  test('is the same bytes for the same report', () => {
    expect(reportPage(pageOf(plain))).toBe(html)
  })
})

describe('hostile texts, wherever a text goes', () => {
  const { html, document } = read(pageOf(hostile))

  test('make no elements and no attributes', () => {
    // Lines of a plot and names of hidden characters differ in number, by design.
    const tagsOf = (page: string) =>
      [...page.matchAll(/<\/?[a-z][\w-]*/gi)].map(match => match[0]).filter(tag => !/<\/?(text|span)$/.test(tag))
    expect(tagsOf(html)).toEqual(tagsOf(reportPage(pageOf(plain))))
    expect(document.querySelectorAll('script, img, [onerror]')).toHaveLength(0)
    expect(unbalancedTags(html)).toEqual([])
  })

  test('show characters that cannot be seen', () => {
    expect(html).not.toMatch(/\u202e|(?!\n)\p{Cc}/u)
    expect(html).toContain('<span class="hidden">[U+202E]</span><span class="hidden">[U+0007]</span>')
    expect(document.querySelector('title')!.textContent).toContain('[U+202E]')
  })

  test('arrive as they were written', () => {
    expect(document.querySelector('.answer blockquote')!.textContent).toBe(
      hostile.replace('\u202e', '[U+202E]').replace('\u0007', '[U+0007]').replace('\u0000', '[U+0000]'),
    )
  })
})
