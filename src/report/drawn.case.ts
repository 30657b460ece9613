import { parseHTML } from 'linkedom'
import { type Drawing, narrowWidth, svgForPage, wideWidth } from './drawing.ts'
import { textWidth } from './text-layout.ts'

/** A drawing read back, for tests. */
export interface Drawn {
  readonly markup: string
  readonly width: number
  readonly height: number
  /** What a mark is made of: the children of all groups of that name, with the numbers of their attributes. */
  readonly marks: (name: string) => readonly DrawnMark[]
  readonly texts: readonly string[]
}

export interface DrawnMark {
  readonly tag: string
  readonly text: string
  readonly attribute: (name: string) => string
  readonly number: (name: string) => number
  /** Corners of a path, in px. */
  readonly corners: readonly (readonly [number, number])[]
}

export function draw(drawing: Drawing, width: number = wideWidth): Drawn {
  return readSvg(svgForPage(drawing, width, 'test'))
}

export const widths = [wideWidth, narrowWidth] as const

export function readSvg(markup: string): Drawn {
  const { document } = parseHTML(`<html><body>${markup}</body></html>`)
  const svg = document.querySelector('svg')!
  const [, , width, height] = svg.getAttribute('viewBox')!.split(' ').map(Number)
  return {
    markup,
    width: width!,
    height: height!,
    marks: name =>
      [...document.querySelectorAll(`[data-mark="${name}"]`)].flatMap(group => [...group.children].map(readMark)),
    texts: [...document.querySelectorAll('text')].map(text => text.textContent ?? ''),
  }
}

interface DomNode {
  readonly localName: string
  readonly textContent: string | null
  readonly parentNode: DomNode | null
  readonly getAttribute: (name: string) => string | null
}

function readMark(element: DomNode): DrawnMark {
  const attribute = (name: string) => element.getAttribute(name) ?? element.parentNode?.getAttribute(name) ?? ''
  return {
    tag: element.localName,
    text: element.textContent ?? '',
    attribute,
    number: name => Number(attribute(name)),
    corners: [...attribute('d').matchAll(/[ML]?(-?[\d.]+),(-?[\d.]+)/g)].map(match => [
      Number(match[1]),
      Number(match[2]),
    ]),
  }
}

export interface TextBox {
  readonly text: string
  readonly from: number
  readonly to: number
  readonly top: number
  readonly bottom: number
}

/** About where every upright text of an SVG stands, in px. */
export function textBoxes(markup: string): TextBox[] {
  const { document } = parseHTML(`<html><body>${markup}</body></html>`)
  return [...document.querySelectorAll('text')].flatMap((element: DomNode) => {
    const text = element.textContent ?? ''
    let x = lengthOf(element.getAttribute('x'))
    let y = lengthOf(element.getAttribute('y'))
    for (let node: DomNode | null = element; node; node = node.parentNode) {
      const transform = node.getAttribute?.('transform') ?? ''
      if (transform.includes('rotate')) return []
      const place = /translate\((-?[\d.]+)(?:,(-?[\d.]+))?\)/.exec(transform)
      x += Number(place?.[1] ?? 0)
      y += Number(place?.[2] ?? 0)
    }
    const width = textWidth(text, Number(inherited(element, 'font-size') ?? 12))
    const anchor = inherited(element, 'text-anchor') ?? 'start'
    const from = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
    return text ? [{ text, from, to: from + width, top: y - 8, bottom: y + 2 }] : []
  })
}

function inherited(element: DomNode, name: string): string | undefined {
  for (let node: DomNode | null = element; node; node = node.parentNode) {
    const value = node.getAttribute?.(name)
    if (value) return value
  }
  return undefined
}

function lengthOf(value: string | null): number {
  if (!value) return 0
  return value.endsWith('em') ? Number(value.slice(0, -2)) * 12 : Number(value)
}

/** The names of tags that are opened and not closed, or closed and not opened. */
export function unbalancedTags(html: string): string[] {
  const noContent = new Set(['meta', 'link', 'br', 'hr', 'img', 'input', '!doctype'])
  const open: string[] = []
  const wrong: string[] = []
  for (const [, slash, name, end] of html.matchAll(/<(\/?)([a-z!][\w-]*)(?:\s[^<>]*?)?(\/?)>/gi)) {
    const tag = name!.toLowerCase()
    if (noContent.has(tag) || end === '/') continue
    if (!slash) open.push(tag)
    else if (open.at(-1) === tag) open.pop()
    else wrong.push(`/${tag}`)
  }
  return [...wrong, ...open]
}
