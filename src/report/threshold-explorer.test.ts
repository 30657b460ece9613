import { createHash } from 'node:crypto'
import { parseHTML } from 'linkedom'
import { expect, test } from 'vitest'
import { unbalancedTags } from './drawn.case.ts'
import { reportPage } from './report-page.ts'
import { explorerScript, type ThresholdExplorerBlock } from './threshold-explorer.ts'

const evil: ThresholdExplorerBlock = {
  kind: 'thresholds',
  label: 'projection on evil',
  things: 'rows',
  bounds: [-0.5, 0, 0.5, 1],
  above: [20_000, 12_345, 1000, 0],
  total: 20_000,
  start: 2,
  reference: { name: 'the baseline’s rows', above: [200, 100, 1, 0], total: 200 },
  command: 'personascope screen filter <run> --drop-above evil=',
}

function pageOf(...blocks: ThresholdExplorerBlock[]): string {
  return reportPage({
    title: 'evil',
    lead: { finding: '', figures: [] },
    sections: [{ title: 'evil', blocks }],
  })
}

interface DomNode {
  readonly textContent: string | null
  readonly getAttribute: (name: string) => string | null
  readonly querySelectorAll: (selector: string) => Iterable<DomNode>
}

/** What stands in the places that the script writes to, by name. */
function shownIn(page: DomNode): Record<string, string> {
  const shown = [...page.querySelectorAll('[data-show]')]
  return Object.fromEntries(shown.map(element => [element.getAttribute('data-show'), element.textContent]))
}

test('a page allows the one script that moves thresholds, by its hash, and only where there are some', () => {
  const html = pageOf(evil, { ...evil, label: 'projection on joyful' })
  const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(html)!
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script]) => script!)
  expect(scripts).toEqual([explorerScript])
  expect(html.match(/<script/gi)).toHaveLength(1)
  const hash = createHash('sha256').update(scripts[0]!).digest('base64')
  expect(policy).toContain(`default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline';`)
  expect(unbalancedTags(html)).toEqual([])
  expect(pageOf()).not.toMatch(/<script|script-src/)
})

test('a threshold says what it flags before it is moved, and is hidden where no script shows it', () => {
  const { document } = parseHTML(pageOf(evil))
  const explorer = document.querySelector('.explorer')!
  expect(explorer.hasAttribute('hidden')).toBe(true)
  expect(shownIn(explorer)).toEqual({
    value: '0.5',
    bound: '0.5',
    flagged: '1000 (5.0\u202f%)',
    kept: '19\u202f000 (95.0\u202f%)',
    reference: '1 (0.5\u202f%)',
  })
  expect(document.querySelector('label')!.getAttribute('for')).toBe(document.querySelector('input')!.id)
})

test('a threshold that is moved says in the same words what it flags there', () => {
  const { document, Event } = parseHTML(pageOf({ ...evil, start: 0 }, evil))
  new Function('document', explorerScript)(document)
  const [explorer, other] = [...document.querySelectorAll('.explorer')]
  const slider = explorer!.querySelector('input')!
  const before = shownIn(other!)
  expect(explorer!.hasAttribute('hidden')).toBe(false)
  expect(before).toEqual(shownIn(parseHTML(pageOf(evil)).document))
  expect(shownIn(explorer!)).toMatchObject({ value: '\u22120.5', bound: '-0.5', kept: '0 (0.0\u202f%)' })
  slider.value = '1'
  slider.dispatchEvent(new Event('input'))
  expect(shownIn(explorer!)).toEqual({
    value: '0.0',
    bound: '0',
    flagged: '12\u202f345 (61.7\u202f%)',
    kept: '7655 (38.3\u202f%)',
    reference: '100 (50.0\u202f%)',
  })
  expect(slider.getAttribute('aria-valuetext')).toBe('above 0.0: 12\u202f345 (61.7\u202f%) flagged')
  expect(shownIn(other!)).toEqual(before)
})

test('hostile names stay text, in the page and in what the script reads', () => {
  const hostile = `"'></script><script>alert(1)</script>\u202e`
  const html = pageOf({
    ...evil,
    label: hostile,
    things: hostile,
    command: hostile,
    reference: { ...evil.reference!, name: hostile },
  })
  const { document } = parseHTML(html)
  expect(html.match(/<script/gi)).toHaveLength(1)
  expect(html).not.toContain('\u202e')
  const data = JSON.parse(document.querySelector('.explorer')!.getAttribute('data-explorer')!)
  expect(data).toEqual({
    bounds: evil.bounds,
    above: evil.above,
    total: 20_000,
    reference: { ...evil.reference, name: hostile.replace('\u202e', '[U+202E]') },
  })
})
