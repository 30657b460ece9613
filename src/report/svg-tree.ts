/** SVG as plain data: read from a DOM, written as markup; the one place where its texts are escaped. */
import { escapeAttribute, escapeText } from './visible-text.ts'

/** An element of an SVG as plain data. */
export interface SvgElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly children: readonly (SvgElement | string)[]
}

export function svgElement(
  name: string,
  attributes: Readonly<Record<string, string | number>> = {},
  children: readonly (SvgElement | string)[] = [],
): SvgElement {
  return { name, attributes, children }
}

/**
 * Writes an element as markup that is well-formed in HTML and in XML. Every text and attribute is escaped here, and
 * nowhere else; coordinates are rounded to hundredths of a px. `paint` sees attribute values only, never text.
 */
export function writeSvg(
  element: SvgElement | string,
  paint: (attribute: string) => string = attribute => attribute,
): string {
  if (typeof element === 'string') return escapeText(element)
  const attributes = Object.entries(element.attributes)
    .map(([name, value]) => ` ${name}="${escapeAttribute(paint(attributeText(name, value)))}"`)
    .join('')
  if (element.children.length === 0) return `<${element.name}${attributes}/>`
  return `<${element.name}${attributes}>${element.children.map(child => writeSvg(child, paint)).join('')}</${element.name}>`
}

const coordinates = /^(?:d|points|transform|[cr]?[xy][12]?|r|width|height|d[xy]|stroke-width)$/

function attributeText(name: string, value: string | number): string {
  const text = String(value)
  return coordinates.test(name) ? text.replace(/-?\d*\.?\d+(?:e[-+]?\d+)?/gi, rounded) : text
}

function rounded(number: string): string {
  const value = Math.round(Number(number) * 100) / 100
  return String(value === 0 ? 0 : value)
}

/** What is needed of a DOM to read an SVG from it. */
export interface DomElement {
  readonly nodeType: number
  readonly localName: string
  readonly textContent: string | null
  readonly childNodes: ArrayLike<unknown>
  readonly attributes: ArrayLike<{ readonly name: string; readonly value: string }>
}

/**
 * Reads an SVG element from a DOM, without style sheets. A class becomes `data-mark`, which says what is drawn and
 * takes no style from the page around it.
 */
export function fromDom(element: DomElement): SvgElement {
  const attributes = Array.from(element.attributes, ({ name, value }) => [name, value] as const)
    .filter(([name]) => !name.startsWith('aria-'))
    .map(([name, value]) => [name === 'class' ? 'data-mark' : name, value] as const)
  const children = Array.from(element.childNodes as ArrayLike<DomElement>).flatMap((child): (SvgElement | string)[] => {
    if (child.nodeType === 3) return [child.textContent ?? '']
    return child.nodeType === 1 && child.localName !== 'style' ? [fromDom(child)] : []
  })
  return { name: element.localName, attributes: Object.fromEntries(attributes.toSorted(byName)), children }
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}
