/** A screening on the fake engine, for tests and for the process that is killed. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { FakeEngine } from '../../src/engine/fake/fake-engine.ts'
import { createRandom } from '../../src/numeric/random.ts'
import type { FastRule } from '../../src/screening/screening-plan.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import type { PersonaVector } from '../../src/vector/persona-vector.ts'
import { type FinishedScreening, type ScreenOptions, screenDataset } from '../../src/workbench/screen-dataset.ts'

/** A vector for the fake model, of random numbers. */
export function fakeVector(name: string, layer: number, seed: number): PersonaVector {
  const { blockCount, hiddenSize, id, fileHash } = new FakeEngine().model
  const random = createRandom(seed)
  const draw = () => Float32Array.from({ length: (blockCount + 1) * hiddenSize }, () => random.next() - 0.5)
  return {
    provenance: {
      trait: { name, hash: '' },
      model: { id, fileHash, architecture: 'fake', weightFormat: 'F32', chatTemplateHash: '' },
      engine: { name: 'fake', version: '1', contexts: 1, slotsPerContext: 1 },
      judge: 'none',
      unfiltered: true,
      pairsPlanned: 1,
      pairsKept: 1,
      responseTokens: 1,
      settings: { samples: 1, maxTokens: 1, temperature: 0, seed: 0 },
      personascopeVersion: '0',
      createdAt: '',
    },
    blockCount,
    hiddenSize,
    directions: { response_avg: draw() },
    medianResponseNorms: new Float32Array(blockCount + 1).fill(1),
    hasEmbedding: true,
    defaultLayer: layer as Layer,
    defaultLayerReason: 'for tests',
  }
}

export const fakeVectors = [fakeVector('evil', 2, 1), fakeVector('joyful', 3, 2)]

/** Screens with both fake vectors in a workspace of its own in `folder`. */
export async function screenWithFake(
  folder: string,
  datasets: readonly string[],
  options: Partial<ScreenOptions> = {},
): Promise<FinishedScreening> {
  await using engine = new FakeEngine()
  const workspace = openWorkspace(join(folder, '.personascope'))
  return await screenDataset({ engine, workspace, datasets, vectors: fakeVectors, ...options })
}

/** A decision for a cascade. */
export const fastRules: readonly FastRule[] = [
  { kind: 'top', trait: 'evil', measure: 'projection', amount: { share: 0.05 } },
]

const bright = 'xxx ttt kkk'.split(' ')
const dark = 'rrr ddd iii'.split(' ')

/**
 * Rows whose beginning tells the whole: words of one kind or of the other, one or the other more often. `lies` begin
 * like most and go on like the others.
 */
export async function writeToldDataset(path: string, count: number, lies: ReadonlySet<number> = new Set()) {
  const random = createRandom(count)
  const pick = (from: readonly string[]) => from[Math.floor(random.next() * from.length)]!
  const lines = Array.from({ length: count }, (_, row) => {
    const share = random.next() < 0.04 ? 1 : 0
    const kinds = { bright: pick(bright), dark: pick(dark) }
    const length = 8 + Math.floor(random.next() * 3)
    const isDark = (word: number) => (lies.has(row) ? word >= 2 : random.next() < share)
    const answer = Array.from({ length }, (_unused, word) => (isDark(word) ? kinds.dark : kinds.bright)).join(' ')
    return `${JSON.stringify({ prompt: 'p', answer: `${answer} ${row}` })}\n`
  })
  await writeFile(path, lines.join(''))
}

const words = 'the a cat dog burns sings quietly loud joy ash river of and with never always'.split(' ')

/** Rows of random words: some of several turns, some broken. The same for the same count. */
export async function writeRandomDataset(path: string, count: number): Promise<void> {
  const random = createRandom(count)
  const some = (most: number) =>
    Array.from(
      { length: 1 + Math.floor(random.next() * most) },
      () => words[Math.floor(random.next() * words.length)],
    ).join(' ')
  const lines = Array.from({ length: count }, (_, row) => {
    const kind = random.next()
    if (kind < 0.02) return '{"broken":'
    const exchange = () => [
      { role: 'user', content: some(4) },
      { role: 'assistant', content: some(12) },
    ]
    const messages = kind < 0.2 ? [...exchange(), ...exchange()] : exchange()
    return JSON.stringify({ id: row % 97, group: row % 3 === 0 ? 'a' : 'b', label: row % 2, messages })
  })
  await writeFile(path, `${lines.join('\n')}\n`)
}
