/** Reads the part of GBNF that `json-schema-grammar.ts` writes, matches texts against it and draws texts from it. */
import type { Random } from '../../numeric/random.ts'

type Node =
  | { readonly kind: 'characters'; readonly ranges: readonly (readonly [number, number])[]; readonly negated: boolean }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number }

export class GbnfReader {
  readonly #rules = new Map<string, Node>()

  constructor(grammar: string) {
    for (const line of grammar.trim().split('\n')) {
      const [, name, expression] = /^([a-zA-Z0-9-]+) ::= (.*)$/.exec(line) ?? []
      if (!name) throw new Error(`no rule: ${line}`)
      if (this.#rules.has(name)) throw new Error(`the rule ${name} twice`)
      this.#rules.set(name, new ExpressionReader(expression!).read())
    }
    for (const node of this.#rules.values()) this.#requireRules(node)
  }

  /** Whether the whole text can be derived from `root`. */
  accepts(text: string): boolean {
    const points = Array.from(text, character => character.codePointAt(0)!)
    const seen = new Map<Node, Map<number, Set<number>>>()
    /** Where a node that begins at `at` may end. */
    const ends = (node: Node, at: number): Set<number> => {
      const known = seen.get(node)?.get(at)
      if (known) return known
      const found = compute(node, at)
      if (!seen.has(node)) seen.set(node, new Map())
      seen.get(node)!.set(at, found)
      return found
    }
    const compute = (node: Node, at: number): Set<number> => {
      switch (node.kind) {
        case 'characters':
          return new Set(at < points.length && allows(node, points[at]!) ? [at + 1] : [])
        case 'rule':
          return ends(this.#rules.get(node.name)!, at)
        case 'sequence': {
          let last = new Set([at])
          for (const part of node.parts) last = new Set([...last].flatMap(end => [...ends(part, end)]))
          return last
        }
        case 'choice':
          return new Set(node.options.flatMap(option => [...ends(option, at)]))
        case 'repeat': {
          const all = new Set<number>(node.least === 0 ? [at] : [])
          let last = new Set([at])
          for (let times = 1; times <= node.most && last.size > 0; times++) {
            last = new Set([...last].flatMap(end => [...ends(node.part, end)]))
            const before = all.size
            if (times >= node.least) for (const end of last) all.add(end)
            if (times > node.least && all.size === before) break
          }
          return all
        }
      }
    }
    return ends({ kind: 'rule', name: 'root' }, 0).has(points.length)
  }

  /** A text drawn at random. */
  draw(random: Random): string {
    const below = (limit: number) => Math.floor(random.next() * limit)
    const write = (node: Node): string => {
      switch (node.kind) {
        case 'characters': {
          if (node.negated) {
            // Plain ones mostly, and now and then one of several bytes.
            for (;;) {
              const point = random.next() < 0.9 ? 32 + below(95) : [0xe9, 0x4e2d, 0x1f600][below(3)]!
              if (allows(node, point)) return String.fromCodePoint(point)
            }
          }
          const [from, to] = node.ranges[below(node.ranges.length)]!
          return String.fromCodePoint(from + below(to - from + 1))
        }
        case 'rule':
          return write(this.#rules.get(node.name)!)
        case 'sequence':
          return node.parts.map(write).join('')
        case 'choice':
          return write(node.options[below(node.options.length)]!)
        case 'repeat': {
          const most = Math.min(node.most, node.least + 6)
          // Both ends often: that is where mistakes are.
          const times = [node.least, most, node.least + below(most - node.least + 1)][below(3)]!
          return Array.from({ length: times }, () => write(node.part)).join('')
        }
      }
    }
    return write({ kind: 'rule', name: 'root' })
  }

  #requireRules(node: Node): void {
    if (node.kind === 'rule' && !this.#rules.has(node.name)) throw new Error(`no rule ${node.name}`)
    if (node.kind === 'sequence') for (const part of node.parts) this.#requireRules(part)
    if (node.kind === 'choice') for (const option of node.options) this.#requireRules(option)
    if (node.kind === 'repeat') this.#requireRules(node.part)
  }
}

function allows({ ranges, negated }: Extract<Node, { kind: 'characters' }>, point: number): boolean {
  return ranges.some(([from, to]) => point >= from && point <= to) !== negated
}

class ExpressionReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): Node {
    const node = this.#choice()
    if (this.#at < this.#text.length) throw new Error(`not understood: ${this.#text.slice(this.#at)}`)
    return node
  }

  #choice(): Node {
    const options = [this.#sequence()]
    while (this.#take('|')) options.push(this.#sequence())
    return options.length === 1 ? options[0]! : { kind: 'choice', options }
  }

  #sequence(): Node {
    const parts: Node[] = []
    for (;;) {
      this.#skipSpace()
      const next = this.#text[this.#at]
      if (next === undefined || next === '|' || next === ')') return { kind: 'sequence', parts }
      parts.push(this.#repeated(this.#atom()))
    }
  }

  #atom(): Node {
    if (this.#take('(')) {
      const inner = this.#choice()
      if (!this.#take(')')) throw new Error('a group without an end')
      return inner
    }
    if (this.#take('"')) {
      const parts: Node[] = []
      while (this.#text[this.#at] !== '"') {
        const point = this.#character()
        parts.push({ kind: 'characters', ranges: [[point, point]], negated: false })
      }
      this.#at++
      return { kind: 'sequence', parts }
    }
    if (this.#take('[')) return this.#class()
    const [name] = /^[a-zA-Z0-9-]+/.exec(this.#text.slice(this.#at)) ?? []
    if (!name) throw new Error(`not understood: ${this.#text.slice(this.#at)}`)
    this.#at += name.length
    return { kind: 'rule', name }
  }

  #class(): Node {
    const negated = this.#text[this.#at] === '^'
    if (negated) this.#at++
    const ranges: [number, number][] = []
    while (this.#text[this.#at] !== ']') {
      const from = this.#character()
      if (this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++
        ranges.push([from, this.#character()])
      } else ranges.push([from, from])
    }
    this.#at++
    return { kind: 'characters', ranges, negated }
  }

  #character(): number {
    if (this.#at >= this.#text.length) throw new Error('a terminal without an end')
    if (this.#text[this.#at] !== '\\') {
      const point = this.#text.codePointAt(this.#at)!
      this.#at += point > 0xffff ? 2 : 1
      return point
    }
    const [whole, hex, plain] = /^\\(?:x([0-9A-F]{2})|(["\\[\]]))/.exec(this.#text.slice(this.#at)) ?? []
    if (!whole) throw new Error(`an escape that is none: ${this.#text.slice(this.#at, this.#at + 4)}`)
    this.#at += whole.length
    return hex ? Number.parseInt(hex, 16) : plain!.charCodeAt(0)
  }

  #repeated(part: Node): Node {
    const [whole, sign, least, comma, most] = /^(?:([?*+])|\{(\d+)(,?)(\d*)\})/.exec(this.#text.slice(this.#at)) ?? []
    if (!whole) return part
    this.#at += whole.length
    if (sign)
      return { kind: 'repeat', part, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Number.POSITIVE_INFINITY }
    const upper = most ? Number(most) : comma ? Number.POSITIVE_INFINITY : Number(least)
    return { kind: 'repeat', part, least: Number(least), most: upper }
  }

  #take(text: string): boolean {
    this.#skipSpace()
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #skipSpace(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }
}
