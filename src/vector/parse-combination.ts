import { PersonascopeError } from '../errors/personascope-error.ts'

/** One term of a weighted sum. */
export interface CombinationTerm {
  readonly weight: number
  readonly vector: string
}

/**
 * Reads `0.5*joyful - 0.2*evil`: names or paths of vectors, each with a factor before it or none, joined by + and -.
 * Both stand between spaces, because names may hold a `-`.
 * @throws COMBINATION_INVALID
 */
export function parseCombination(text: string): CombinationTerm[] {
  const invalid = (detail: string) => new PersonascopeError('COMBINATION_INVALID', { got: text, detail })
  const words = text
    .trim()
    .replace(/\s*\*\s*/g, '*')
    .split(/\s+/)
    .filter(word => word !== '')
  if (words.length === 0) throw invalid('it is empty')
  const terms: CombinationTerm[] = []
  let sign = 1
  let expectsTerm = true
  words.forEach((word, index) => {
    if (word === '+' || word === '-') {
      if (expectsTerm && index > 0) throw invalid(`"${word}" stands where a vector is expected`)
      sign = word === '-' ? -1 : 1
      expectsTerm = true
      return
    }
    if (!expectsTerm) throw invalid(`"${word}" stands where + or - is expected`)
    const term = parseTerm(word)
    if (!term) throw invalid(`"${word}" is no vector, nor a number*vector`)
    terms.push({ ...term, weight: sign * term.weight })
    expectsTerm = false
  })
  if (expectsTerm) throw invalid('a vector is missing at its end')
  return terms
}

function parseTerm(word: string): CombinationTerm | undefined {
  const [, sign, number, vector] =
    /^([-+]?)(?:((?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\*)?([^*+\s-][^*+\s]*)$/i.exec(word) ?? []
  if (vector === undefined) return undefined
  return { weight: (sign === '-' ? -1 : 1) * Number(number ?? 1), vector }
}
