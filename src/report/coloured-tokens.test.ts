import { parseHTML } from 'linkedom'
import { expect, test } from 'vitest'
import { type ColouredTokensBlock, colouredTokensToHtml } from './coloured-tokens.ts'
import { unbalancedTags } from './drawn.case.ts'

const scale = { label: 'projection on evil', middle: 1, middleName: 'the mean', reach: 2 }

function read(block: Pick<ColouredTokensBlock, 'texts'>) {
  const html = colouredTokensToHtml({ kind: 'tokens', scale, ...block })
  return { html, document: parseHTML(`<html><body>${html}</body></html>`).document }
}

test('a token is coloured by how far its value lies from the middle, and says the value', () => {
  const values = [1, 1.2, 1.5, 3, 9, -1, 0.4, Number.NaN]
  const { document } = read({ texts: [{ pieces: [...values.map(value => ({ text: 'a', value })), { text: 'b' }] }] })
  const tokens = [...document.querySelectorAll('.tokens span')]
  expect(tokens.map(token => token.getAttribute('class'))).toEqual([
    '',
    '',
    'above-1',
    'above-4',
    'above-4',
    'below-4',
    'below-1',
    '',
  ])
  expect(tokens.map(token => token.getAttribute('title')).slice(3, 6)).toEqual(['3.00', '9.00', '−1.00'])
  expect(document.querySelector('.tokens')!.textContent).toBe('aaaaaaaab')
})

test('the scale shows every colour with its value', () => {
  const { document } = read({ texts: [] })
  const swatches = [...document.querySelectorAll('.swatches span')]
  expect(swatches.map(swatch => [swatch.getAttribute('class'), swatch.textContent])).toEqual([
    ['below-4', '−1.00'],
    ['below-3', '−0.50'],
    ['below-2', '0.00'],
    ['below-1', '0.50'],
    ['', '1.00'],
    ['above-1', '1.50'],
    ['above-2', '2.00'],
    ['above-3', '2.50'],
    ['above-4', '3.00'],
  ])
})

test('without colour or pointer the highest and lowest tokens are named', () => {
  const pieces = [' ash', ' the', ' ', ' burns', '.', ' cat', ' joy'].map((text, value) => ({ text, value }))
  const { document } = read({ texts: [{ pieces }, { pieces: pieces.slice(0, 3) }] })
  expect([...document.querySelectorAll('.extremes')].map(line => line.textContent)).toEqual([
    'Highest: joy 6.00, cat 5.00, . 4.00. Lowest: ash 0.00, the 1.00, burns 3.00.',
  ])
})

test('hostile texts stay text, and what cannot be seen is named', () => {
  const hostile = `"'></span><script>alert(1)</script>\u202e\u0007\u200b`
  const pieces = [...hostile, hostile].map((text, value) => ({ text, value }))
  const { html, document } = read({ texts: [{ pieces, question: hostile, notes: [hostile] }] })
  expect(document.querySelectorAll('script')).toHaveLength(0)
  expect(unbalancedTags(html)).toEqual([])
  for (const hidden of ['\u202e', '\u0007', '\u200b']) expect(html).not.toContain(hidden)
  const seen = hostile.replace('\u202e\u0007\u200b', '[U+202E][U+0007][U+200B]')
  expect(document.querySelector('.tokens')!.textContent).toBe(seen + seen)
})
