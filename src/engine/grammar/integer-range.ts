import { literal, oneOf, repeated } from './gbnf.ts'

/** The largest integer that is written: 15 digits, which every reader of JSON takes exactly. */
export const largestInteger = 999_999_999_999_999

/**
 * A grammar expression for the integers from `low` to `high`, without leading zeros and without -0.
 * @param low at least -largestInteger, at most `high`
 * @param high at most largestInteger
 */
export function integerRange(low: number, high: number): string {
  const alternatives: string[] = []
  if (low < 0) alternatives.push(`"-" ${naturalRange(Math.max(1, -high), -low)}`)
  if (high >= 0) alternatives.push(naturalRange(Math.max(0, low), high))
  return oneOf(alternatives)
}

function naturalRange(low: number, high: number): string {
  const alternatives: string[] = []
  for (let digits = String(low).length; digits <= String(high).length; digits++) {
    const from = Math.max(low, digits === 1 ? 0 : 10 ** (digits - 1))
    const to = Math.min(high, 10 ** digits - 1)
    alternatives.push(sameLengthRange(String(from), String(to)))
  }
  return oneOf(alternatives)
}

/** Texts of digits from one to another of the same length. */
function sameLengthRange(from: string, to: string): string {
  if (from === '') return '""'
  if (from === to) return literal(from)
  const [first, last] = [Number(from[0]), Number(to[0])]
  const rest = from.length - 1
  if (rest === 0) return digitClass(first, last)
  if (first === last) return `${literal(from[0]!)} ${sameLengthRange(from.slice(1), to.slice(1))}`
  const [zeros, nines] = ['0'.repeat(rest), '9'.repeat(rest)]
  const startsWhole = from.slice(1) === zeros
  const endsWhole = to.slice(1) === nines
  const [middleFrom, middleTo] = [startsWhole ? first : first + 1, endsWhole ? last : last - 1]
  const alternatives: string[] = []
  if (!startsWhole) alternatives.push(`${literal(from[0]!)} ${sameLengthRange(from.slice(1), nines)}`)
  if (middleFrom <= middleTo) alternatives.push(`${digitClass(middleFrom, middleTo)} ${repeated('[0-9]', rest, rest)}`)
  if (!endsWhole) alternatives.push(`${literal(to[0]!)} ${sameLengthRange(zeros, to.slice(1))}`)
  return oneOf(alternatives)
}

function digitClass(from: number, to: number): string {
  return from === to ? `"${from}"` : `[${from}-${to}]`
}
