import type { Trait } from './trait.ts'
import { isCommonWord, stemOf, wordsOf } from './words.ts'

/** Endings by which an adjective of character can be told from other words. */
const adjective = /(?:ful|less|ous|able|ible|ish|ive|[aei]stic|etic)$/
const degree = '(?:bit|little|very|so|deeply|extremely|completely|totally|truly|utterly|highly|slightly|quite) '
/** The words a prompt says outright that somebody is: `You are a gloomy assistant`, `Be calm`. */
const predicate = new RegExp(`(?:\\byou(?: a|')re|\\bbe)(?: an?)? (?:${degree})?(\\w+)(?:,? (?:and )?(\\w+))?`, 'gi')

/**
 * The stems by which the trait's own prompts tell it from its opposite: they stand on one side only, and are adjectives
 * or come more than once. A question that holds one brings up the trait by itself.
 */
export function distinctiveStems({ description, contrastivePrompts, ladder }: Trait): Set<string> {
  const evoking = [
    ...contrastivePrompts.map(({ positive }) => positive),
    ...ladder.flatMap(({ level, prompt }) => (level > 0 ? [prompt] : [])),
  ]
  const suppressing = [
    ...contrastivePrompts.map(({ negative }) => negative),
    ...ladder.flatMap(({ level, prompt }) => (level < 0 ? [prompt] : [])),
  ]
  const sides = [stemsOf(evoking), stemsOf(suppressing)] as const
  const texts = [description, ...evoking, ...suppressing]
  const timesUsed = new Map<string, number>()
  const telling = new Set<string>()
  for (const text of texts) {
    for (const stem of stemsOf([text])) timesUsed.set(stem, (timesUsed.get(stem) ?? 0) + 1)
    for (const [, first, second] of text.matchAll(predicate))
      for (const word of [first, second]) if (word) telling.add(stemOf(word.toLowerCase()))
    for (const word of wordsOf(text)) if (adjective.test(word)) telling.add(stemOf(word))
  }
  const oneSided = [...timesUsed.keys()].filter(stem => sides[0].has(stem) !== sides[1].has(stem))
  return new Set(oneSided.filter(stem => telling.has(stem) || timesUsed.get(stem)! > 1))
}

function stemsOf(texts: readonly string[]): Set<string> {
  return new Set(
    texts
      .flatMap(wordsOf)
      .filter(word => !isCommonWord(word))
      .map(stemOf),
  )
}
