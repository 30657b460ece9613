import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { cosine } from '../numeric/vector-math.ts'
import { openWorkspace } from '../store/workspace.ts'
import { exampleTrait } from '../trait/example-trait.case.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import { directionAt } from '../vector/persona-vector.ts'
import { readVector } from '../vector/vector-file.ts'
import { type ExtractOptions, extractVector } from './extract-vector.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const questions = Array.from({ length: 20 }, (_, index) => `What about matter number ${index}?`)
const trait: LoadedTrait = {
  path: 'none',
  hash: 'h',
  trait: exampleTrait({
    name: 'warm',
    description: 'Warm.',
    contrastivePrompts: [
      { positive: 'A'.repeat(60), negative: 'z'.repeat(60) },
      { positive: 'AB'.repeat(30), negative: 'zy'.repeat(30) },
    ],
    extractionQuestions: questions,
  }),
}
const swapped: LoadedTrait = {
  ...trait,
  hash: 'swapped',
  trait: {
    ...trait.trait,
    contrastivePrompts: trait.trait.contrastivePrompts.map(({ positive, negative }) => ({
      positive: negative,
      negative: positive,
    })),
  },
}
const settings = { samples: 1, maxTokens: 6 }

async function extract(name: string, of = trait, more: Partial<ExtractOptions> = {}) {
  await using engine = new FakeEngine()
  return await extractVector({
    engine,
    trait: of,
    workspace: openWorkspace(join(folder, name)),
    judge: 'none',
    settings,
    ...more,
  })
}

describe('extracting a vector', () => {
  test('writes a file that says what it is, and a chart', async () => {
    const { path, chartPath, vector, rollouts } = await extract('a')
    expect(await readVector(path)).toEqual(vector)
    expect(rollouts).toBe(2 * 2 * 20)
    expect(vector.provenance).toMatchObject({
      unfiltered: true,
      judge: 'none',
      pairsPlanned: 40,
      trait: { name: 'warm', hash: 'h' },
    })
    expect(await readFile(chartPath, 'utf8')).toMatch(/^<svg .*<\/svg>$/s)
  })

  test('twice gives the same bytes, in another workspace too', async () => {
    const bytes = async (name: string) => {
      const { vector } = await extract(name)
      return vector.directions
    }
    expect(await bytes('b')).toEqual(await bytes('c'))
  })

  test('of swapped pairs points the other way', async () => {
    const forth = (await extract('d')).vector
    const back = (await extract('e', swapped)).vector
    expect(cosine(directionAt(back, forth.defaultLayer), directionAt(forth, forth.defaultLayer))).toBeLessThan(-0.9)
  })

  test('goes on where it was stopped, and ends with the same bytes', async () => {
    const whole = await extract('f')
    const stopping = new AbortController()
    let answers = 0
    const stopped = extract('g', trait, {
      signal: stopping.signal,
      onProgress: () => {
        if (++answers === 70) stopping.abort()
      },
    })
    await expect(stopped).rejects.toMatchObject({ code: 'ENGINE_ABORTED' })
    const resumed = await extract('g')
    expect(resumed.reusedRollouts).toBe(64)
    expect(resumed.vector.directions).toEqual(whole.vector.directions)
    expect(resumed.vector.medianResponseNorms).toEqual(whole.vector.medianResponseNorms)
  })

  test('a second time reuses every answer', async () => {
    await extract('h')
    const again = await extract('h')
    expect(again.reusedRollouts).toBe(again.rollouts)
  })

  test('makes a direction for screening when asked; profiling keeps it, and nothing is asked or read twice', async () => {
    const phases: string[] = []
    const onProgress: ExtractOptions['onProgress'] = ({ phase }) => phases.push(phase)
    const plain = await extract('i')
    expect(plain.vector.screening).toBeUndefined()
    const { vector, path, runPath } = await extract('i', trait, { screening: true, onProgress })
    const { screening, profile } = vector
    expect(phases).toEqual(expect.arrayContaining(['ask-ordinary', 'read-again']))
    // The fake model's answers may be empty; these are not there to be read.
    expect(screening!.answers.ordinary).toBeGreaterThan(30)
    expect(screening!.answers.ordinary).toBeLessThanOrEqual(2 * 20)
    expect(profile!.layers.every(row => row.screening !== undefined)).toBe(true)
    expect(profile!.layers.map(({ layer }) => layer)).toContain(screening!.layer)
    expect(screening!.layerReason).toMatch(/held-out AUC/)
    expect(await readVector(path)).toEqual(vector)
    expect(await extract('i')).toMatchObject({ vector: { screening: { layer: screening!.layer } } })
    const written = async () => (await stat(join(runPath, 'rollouts-0000.reread.safetensors'))).mtimeMs
    const before = await written()
    const reused: number[] = []
    const again = await extract('i', trait, {
      screening: true,
      onProgress: progress => progress.phase === 'ask-ordinary' && reused.push(progress.reused),
    })
    expect([again.vector, await written(), reused]).toEqual([vector, before, [40]])
    expect((await extract('i', trait, { screening: true, shufflePairs: true })).vector.screening).toBeUndefined()
  })
})
