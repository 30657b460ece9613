import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { type DomElement, fromDom, svgElement, writeSvg } from './svg-tree.ts'

describe('an SVG element', () => {
  test('is written with its texts and attributes escaped', () => {
    const element = svgElement('text', { id: '"><script>' }, ['</text><script>alert(1)</script>\u202e'])
    expect(writeSvg(element)).toBe(
      '<text id="&quot;&gt;&lt;script&gt;">&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;[U+202E]</text>',
    )
  })

  test('has its coordinates rounded, and nothing else', () => {
    const path = svgElement('path', { d: 'M0.123456,-1e-9L2.5,3', id: 'v1.23456', opacity: 0.123456 })
    expect(writeSvg(path)).toBe('<path d="M0.12,0L2.5,3" id="v1.23456" opacity="0.123456"/>')
  })

  test('is painted in its attributes only', () => {
    const element = svgElement('text', { fill: 'blue' }, ['blue'])
    expect(writeSvg(element, value => value.replace('blue', 'red'))).toBe('<text fill="red">blue</text>')
  })

  test('is read from a DOM without style sheets and classes', () => {
    const { document } = parseHTML(
      '<html><body><svg><style>a{}</style><g class="points" aria-label="dot"><circle r="1"/></g>x &lt; y</svg></body></html>',
    )
    const element = fromDom(document.querySelector('svg') as unknown as DomElement)
    expect(writeSvg(element)).toBe('<svg><g data-mark="points"><circle r="1"/></g>x &lt; y</svg>')
  })
})
