import { expect, test } from 'vitest'
import type { TrainingRow } from '../dataset/training-row.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { groupTokens, readRowTokens } from './row-tokens.ts'
import { scorePart } from './score-part.ts'

const direction = (at: number) => Float32Array.from({ length: 16 }, (_, index) => Math.sin(index * at + 1))
const traits = [
  { layer: 2 as Layer, direction: direction(3) },
  { layer: 3 as Layer, direction: direction(7) },
]

function rowOf(...turns: readonly string[]): TrainingRow {
  const messages = turns.map((content, index) => ({ role: index % 2 ? 'assistant' : 'user', content }) as const)
  return { id: undefined, messages, responses: turns.flatMap((_, index) => (index % 2 ? [index] : [])) }
}

test('the tokens of a row stand for its text, and their mean is its score', async () => {
  await using engine = new FakeEngine()
  const rows = [rowOf('Who?', 'Ärger 🤖\u0000!', 'And?', 'x\u202ey'), rowOf('Why?', 'So.')]
  const read = await readRowTokens(engine, rows, { traits })
  const scored = await scorePart(engine, rows, { traits, ownAnswers: new Map() })
  expect(read[0]!.responses.map(pieces => pieces.map(({ text }) => text))).toEqual([
    ['Ä', 'r', 'g', 'e', 'r', ' ', '🤖', '\u0000', '!'],
    ['x', '\u202e', 'y'],
  ])
  for (const [index, row] of read.entries()) {
    expect(row!.isWhole).toBe(true)
    const result = scored[index]!
    if (result.kind !== 'scored') throw new Error(result.fault)
    for (const trait of [0, 1]) {
      // A piece is a character here, and a token a byte.
      const values = row!.responses.flat().flatMap(({ text, projections }) => {
        return new Array<number>(Buffer.byteLength(text)).fill(projections[trait]!)
      })
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      expect(mean).toBeCloseTo(result.scores[trait]!.projection, 5)
    }
  }
})

test('of a long row the beginning is read, no further than it was scored, and to the same values', async () => {
  await using engine = new FakeEngine()
  const rows = [rowOf('p', 'ab'.repeat(500)), rowOf('p', 'ab'), rowOf('x'.repeat(1_000_000), 'a')]
  const [long, short, tooLong] = await readRowTokens(engine, rows, { traits })
  expect([long!.isWhole, long!.responses[0]!.length, short!.isWhole, tooLong]).toEqual([false, 240, true, undefined])
  const [cut] = await readRowTokens(engine, rows.slice(0, 1), { traits, maxTokens: 5 })
  expect(cut!.responses[0]!.map(({ text }) => text).join('')).toBe('ababa')
  expect(cut!.responses[0]).toEqual(long!.responses[0]!.slice(0, 5))
})

test('a space that a lone token loses, a broken character and a token that is no text are put where they stand', async () => {
  const words: Readonly<Record<number, string>> = { 1: 'a', 2: 'cat', 3: '\ufffd', 4: '', 5: '!' }
  const detokenize = async (tokens: readonly number[]) => tokens.map(token => words[token]).join('')
  const groups = await groupTokens('a cat\ufffd!', [1, 2, 3, 4, 5], detokenize)
  expect(groups.map(({ text, from, to }) => [text, from, to])).toEqual([
    ['a', 0, 1],
    [' cat', 1, 2],
    ['\ufffd', 2, 3],
    ['', 3, 4],
    ['!', 4, 5],
  ])
})
