import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listTraits, loadTrait } from './load-trait.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const valid = `name: calm
description: Calm.
contrastivePrompts: [{ positive: Be calm., negative: Be upset. }]
extractionQuestions: [How are you?]
`

describe('traits', () => {
  test('joyful is built in, whole and without doubles', async () => {
    const { trait } = await loadTrait('joyful', folder)
    expect(trait.contrastivePrompts).toHaveLength(5)
    expect(new Set(trait.extractionQuestions).size).toBe(20)
  })

  test('of the workspace stand before the built-in ones', async () => {
    await writeFile(join(folder, 'joyful.yaml'), valid)
    expect((await loadTrait('joyful', folder)).trait.name).toBe('calm')
    expect((await listTraits(folder)).filter(({ name }) => name === 'joyful')).toHaveLength(1)
    await rm(join(folder, 'joyful.yaml'))
  })

  test('are the same whatever their comments and layout', async () => {
    const paths = ['a.yaml', 'b.yaml', 'c.json'].map(file => join(folder, file))
    await writeFile(paths[0]!, valid)
    await writeFile(
      paths[1]!,
      `# a comment\n${valid.replace('Be calm.', '>-\n  Be\n  calm.').replace('[{ positive', '[ { positive').replace('>-\n  Be\n  calm.', '"Be calm."')}`,
    )
    await writeFile(
      paths[2]!,
      JSON.stringify({
        extractionQuestions: ['How are you?'],
        name: 'calm',
        description: 'Calm.',
        contrastivePrompts: [{ negative: 'Be upset.', positive: 'Be calm.' }],
      }),
    )
    const hashes = await Promise.all(paths.map(async path => (await loadTrait(path, folder)).hash))
    expect(new Set(hashes).size).toBe(1)
  })

  test.each([
    ['no YAML', '{ unclosed', /./],
    ['a missing part', valid.replace(/description.*\n/, ''), /description/],
    ['an unknown part', `${valid}colour: red\n`, /colour/],
    ['no questions', valid.replace('[How are you?]', '[]'), /extractionQuestions/],
    ['an empty question', valid.replace('[How are you?]', '["  "]'), /extractionQuestions/],
    ['a name that is no name', valid.replace('name: calm', 'name: Very Calm!'), /name/],
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
