/** The texts that a model's tokeniser takes for special tokens, for example `<|im_start|>`, and where they stand in a text. */
export class SpecialTexts {
  /** By first character, the longest first. */
  readonly #byFirst = new Map<string, string[]>()

  constructor(texts: readonly string[]) {
    for (const text of texts.filter(text => text !== '').sort((a, b) => b.length - a.length)) {
      const known = this.#byFirst.get(text[0]!)
      if (known) known.push(text)
      else this.#byFirst.set(text[0]!, [text])
    }
  }

  areIn(text: string): boolean {
    return this.#next(text, 0) !== undefined
  }

  /** The text in pieces, in order: a special one each, or what stands between two of them. */
  split(text: string): { readonly text: string; readonly special: boolean }[] {
    const pieces: { text: string; special: boolean }[] = []
    let from = 0
    for (;;) {
      const found = this.#next(text, from)
      const end = found?.start ?? text.length
      if (end > from) pieces.push({ text: text.slice(from, end), special: false })
      if (!found) return pieces
      pieces.push({ text: found.text, special: true })
      from = end + found.text.length
    }
  }

  #next(text: string, from: number): { readonly start: number; readonly text: string } | undefined {
    const starts = [...this.#byFirst].flatMap(([first, texts]) => {
      for (let start = text.indexOf(first, from); start >= 0; start = text.indexOf(first, start + 1)) {
        const found = texts.find(special => text.startsWith(special, start))
        if (found) return [{ start, text: found }]
      }
      return []
    })
    return starts.length === 0 ? undefined : starts.reduce((best, other) => (other.start < best.start ? other : best))
  }
}
