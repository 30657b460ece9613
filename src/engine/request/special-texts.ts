/**
 * The texts that a model's tokeniser takes for special tokens, for example `<|im_start|>`, and where they stand in a
 * text. Works in time proportional to the text: whoever writes a message decides what is in it.
 */
export class SpecialTexts {
  readonly #pattern: RegExp

  constructor(texts: readonly string[]) {
    // The longest first: a tokeniser takes it whole. Nothing matches where there are none.
    const sorted = texts.filter(text => text !== '').sort((a, b) => b.length - a.length)
    const escaped = sorted.map(text => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    this.#pattern = new RegExp(escaped.length > 0 ? escaped.join('|') : '(?!)', 'g')
  }

  areIn(text: string): boolean {
    return text.search(this.#pattern) >= 0
  }

  /** The text in pieces, in order: a special one each, or what stands between two of them. */
  split(text: string): { readonly text: string; readonly special: boolean }[] {
    const pieces: { text: string; special: boolean }[] = []
    const addPlain = (from: number, to: number) => {
      if (to > from) pieces.push({ text: text.slice(from, to), special: false })
    }
    let from = 0
    for (const match of text.matchAll(this.#pattern)) {
      addPlain(from, match.index)
      pieces.push({ text: match[0], special: true })
      from = match.index + match[0].length
    }
    addPlain(from, text.length)
    return pieces
  }
}
