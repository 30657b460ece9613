/** Pieces of a grammar in GBNF, the notation of llama.cpp. */

/** The very text, as a terminal. */
export function literal(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

/** One of several expressions. */
export function oneOf(expressions: readonly string[]): string {
  return expressions.length === 1 ? expressions[0]! : `(${expressions.join(' | ')})`
}

/** An atom (a rule's name, a class, a group) so many times; no upper bound where `most` is undefined. */
export function repeated(atom: string, least: number, most: number | undefined): string {
  if (most === undefined) return least === 0 ? `${atom}*` : least === 1 ? `${atom}+` : `${atom}{${least},}`
  if (most === 0) return '""'
  if (least === 1 && most === 1) return atom
  if (least === 0 && most === 1) return `${atom}?`
  return least === most ? `${atom}{${least}}` : `${atom}{${least},${most}}`
}

/** Rules under names, in the order they were made. */
export class GrammarRules {
  readonly #rules = new Map<string, string>()
  #numbered = 0

  /** Adds a rule under a name of its own; nothing where the name is there already. */
  addNamed(name: string, expression: string): string {
    if (!this.#rules.has(name)) this.#rules.set(name, expression)
    return name
  }

  /** Adds a rule under a number. */
  add(expression: string): string {
    return this.addNamed(`r${++this.#numbered}`, expression)
  }

  /** The whole grammar. */
  text(root: string): string {
    const lines = [...this.#rules].map(([name, expression]) => `${name} ::= ${expression}`)
    return `root ::= ${root}\n${lines.join('\n')}\n`
  }
}
