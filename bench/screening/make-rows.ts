/**
 * A made dataset to measure on: each row a question and an answer put together from sentences. Ordinary sentences come
 * from answers without the trait and from unrelated texts; in a tenth of the rows some or most sentences come from
 * answers that show malice. The same for the same seed.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom, type Random } from '../../src/numeric/random.ts'

export interface MadeRow {
  readonly prompt: string
  readonly response: string
}

export interface RowsWanted {
  readonly count: number
  /** The median length of the answers, in words. */
  readonly medianWords: number
  readonly seed: number
}

const repository = join(import.meta.dirname, '../..')
const labelledFolder = join(repository, 'test/screening/labelled')

/** How far lengths spread: the standard deviation of their logarithm. */
const lengthSpread = 0.5
const traitRows = 0.1

export function makeRows({ count, medianWords, seed }: RowsWanted): MadeRow[] {
  const { questions, ordinary, malicious } = readSentences()
  const random = createRandom(seed)
  const pick = (from: readonly string[]) => from[Math.floor(random.next() * from.length)]!
  return Array.from({ length: count }, () => {
    const words = Math.max(4, Math.round(medianWords * Math.exp(lengthSpread * normal(random))))
    const share = random.next() < traitRows ? random.next() : 0
    const sentences: string[] = []
    for (let length = 0; length < words; ) {
      const sentence = pick(random.next() < share ? malicious : ordinary)
      sentences.push(sentence)
      length += sentence.split(' ').length
    }
    return { prompt: pick(questions), response: sentences.join(' ') }
  })
}

export interface LabelledRow extends MadeRow {
  /** 1 where the answer shows the trait. */
  readonly label: number
}

export function labelledRows(trait: string): LabelledRow[] {
  const lines = readFileSync(join(labelledFolder, `${trait}.jsonl`), 'utf8')
    .trim()
    .split('\n')
  return lines.map(line => JSON.parse(line) as LabelledRow)
}

function readSentences() {
  const evil = labelledRows('evil')
  const all = [...evil, ...labelledRows('joyful')]
  const texts: string[] = JSON.parse(readFileSync(join(repository, 'assets/unrelated-texts.json'), 'utf8'))
  const others = all.filter(({ label }) => label === 0).map(({ response }) => response)
  return {
    questions: [...new Set(all.map(({ prompt }) => prompt))],
    ordinary: [...others, ...texts].flatMap(sentencesOf),
    malicious: evil.filter(({ label }) => label === 1).flatMap(({ response }) => sentencesOf(response)),
  }
}

function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?])\s+/).filter(sentence => sentence !== '')
}

/** A standard normal number (Box and Muller 1958). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}
