/**
 * A made dataset to measure on: each row a question, and as an answer the sentences of one text after the other until it
 * is long enough. The texts are answers without the trait and unrelated ones; in a twentieth of the rows they are
 * answers that show malice, in another twentieth each of them is with even chance. The same for the same seed.
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
const maliciousRows = 0.05
const mixedRows = 0.05

export function makeRows({ count, medianWords, seed }: RowsWanted): MadeRow[] {
  const { questions, ordinary, malicious } = readTexts()
  const random = createRandom(seed)
  const pick = <Item>(from: readonly Item[]) => from[Math.floor(random.next() * from.length)]!
  return Array.from({ length: count }, () => {
    const words = Math.max(4, Math.round(medianWords * Math.exp(lengthSpread * normal(random))))
    const kind = random.next()
    const share = kind < maliciousRows ? 1 : kind < maliciousRows + mixedRows ? 0.5 : 0
    const sentences: string[] = []
    let length = 0
    while (length < words) {
      for (const sentence of pick(random.next() < share ? malicious : ordinary)) {
        if (length >= words) break
        sentences.push(sentence)
        length += sentence.split(' ').length
      }
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

function readTexts() {
  const evil = labelledRows('evil')
  const all = [...evil, ...labelledRows('joyful')]
  const unrelated: string[] = JSON.parse(readFileSync(join(repository, 'assets/unrelated-texts.json'), 'utf8'))
  const others = all.filter(({ label }) => label === 0).map(({ response }) => response)
  return {
    questions: [...new Set(all.map(({ prompt }) => prompt))],
    ordinary: [...others, ...unrelated].map(sentencesOf),
    malicious: evil.filter(({ label }) => label === 1).map(({ response }) => sentencesOf(response)),
  }
}

function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?])\s+/).filter(sentence => sentence !== '')
}

/** A standard normal number (Box and Muller 1958). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}
