/**
 * The library `vader-sentiment` follows an early VADER. Where the reference implementation (Python, 3.3.2) has since
 * come to cut a text into words otherwise, the text is cut here, so that the library sees the reference's words.
 */

/** Takes a word's place in the distance to a negation, and nothing else: the library skips one-letter words. */
const filler = '\u2060'

/** What ends a word or begins one without being part of it: ASCII punctuation. */
const punctuation = '[!-\\/:-@\\[-`{-~]+'
const aroundWord = new RegExp(`^${punctuation}|${punctuation}$`, 'g')

const negations = new Set(['not', 'never', 'none', 'nor', 'neither', 'without', 'nothing', 'nowhere', 'cannot', 'but'])

/**
 * Words without the punctuation around them, one space between; then the exclamation and question marks that this
 * took away, because they count.
 * @param hasValence whether a word is in the lexicon
 */
export function prepareForVader(text: string, hasValence: (word: string) => boolean): string {
  const words = text.split(/\s+/).filter(Boolean).map(withoutPunctuation)
  const prepared = words
    .map((word, index) => {
      const lower = word.toLowerCase()
      const next = words[index + 1]?.toLowerCase() ?? ''
      if (lower === 'no' && hasValence(next)) return 'not'
      // An assurance, not a negation of what follows.
      if (lower === 'without' && next === 'doubt') return filler + filler
      if (lower === 'doubt' && words[index - 1]?.toLowerCase() === 'without') return filler + filler
      // Some words are known in lower case only. One in capitals stays: that there are such words counts.
      if (negations.has(lower) && word !== word.toUpperCase()) return lower
      return word.length === 1 ? word + filler : word
    })
    .join(' ')
  return `${prepared}${missing('!', text, prepared)}${missing('?', text, prepared)}`
}

/** Two letters or fewer are an emoticon's, which is kept whole. */
function withoutPunctuation(word: string): string {
  const stripped = word.replace(aroundWord, '')
  return [...stripped].length <= 2 ? word : stripped
}

/** Marks as words of one letter: the library counts the mark and skips the word. */
function missing(mark: string, text: string, prepared: string): string {
  const count = (where: string) => where.split(mark).length - 1
  return ` ${mark}`.repeat(count(text) - count(prepared))
}
