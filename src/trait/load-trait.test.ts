import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { exampleTrait } from './example-trait.case.ts'
import { listTraits, loadTrait } from './load-trait.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const valid = stringify(exampleTrait())

describe('traits', () => {
  test('joyful is built in, whole and without doubles', async () => {
    const { trait } = await loadTrait('joyful', folder)
    expect(trait.contrastivePrompts).toHaveLength(5)
    expect(new Set([...trait.extractionQuestions, ...trait.evaluationQuestions]).size).toBe(40)
    expect(trait.ladder.map(({ level }) => level)).toEqual([-3, -2, -1, 0, 1, 2, 3])
  })

  test('of the workspace stand before the built-in ones', async () => {
    await writeFile(join(folder, 'joyful.yaml'), valid)
    expect((await loadTrait('joyful', folder)).trait.name).toBe('calm')
    expect((await listTraits(folder)).filter(({ name }) => name === 'joyful')).toEqual([
      { name: 'joyful', path: join(folder, 'joyful.yaml'), origin: 'workspace' },
    ])
    await rm(join(folder, 'joyful.yaml'))
  })

  test('are the same whatever their comments, order and layout', async () => {
    const contents = {
      'a.yaml': valid,
      'b.yaml': `# a comment\n${stringify(exampleTrait(), { collectionStyle: 'flow', lineWidth: 40 })}`,
      'c.json': JSON.stringify(Object.fromEntries(Object.entries(exampleTrait()).reverse())),
    }
    const hashes = new Set<string>()
    for (const [file, content] of Object.entries(contents)) {
      await writeFile(join(folder, file), content)
      hashes.add((await loadTrait(join(folder, file), folder)).hash)
    }
    expect(new Set(Object.values(contents)).size).toBe(3)
    expect(hashes.size).toBe(1)
  })

  const broken = (part: string, value: unknown) => stringify({ ...exampleTrait(), [part]: value })
  test.each([
    ['no YAML', '{ unclosed', /./],
    ['a missing part', broken('description', undefined), /description/],
    ['an unknown part', broken('colour', 'red'), /colour/],
    ['too few questions', broken('extractionQuestions', ['How are you?']), /extractionQuestions/],
    ['an empty question', broken('evaluationQuestions', ['How are you?', '  ']), /evaluationQuestions/],
    ['a name that is no name', broken('name', 'Very Calm!'), /name/],
    ['a lexicon that there is not', broken('lexicon', 'smileys'), /lexicon/],
    ['a level that is no whole number', broken('ladder', [{ level: 0.5, prompt: 'x' }]), /ladder/],
  ])('with %s are refused with the place of the fault', async (_, content, detail) => {
    const path = join(folder, 'bad.yaml')
    await writeFile(path, content)
    await expect(loadTrait(path, folder)).rejects.toMatchObject({
      code: 'TRAIT_INVALID',
      facts: { path, detail: expect.stringMatching(detail) },
    })
  })

  test('that are unknown are answered with those there are', async () => {
    await expect(loadTrait('grumpy', folder)).rejects.toMatchObject({
      code: 'TRAIT_UNKNOWN',
      message: expect.stringContaining('joyful'),
    })
    await expect(loadTrait(join(folder, 'none.yaml'), folder)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })
})
