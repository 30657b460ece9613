import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { type FakeAuthor, fakeAuthorModel, startFakeAuthor, writeWell } from '../trait/author/fake-author.case.ts'
import { checkTrait } from '../trait/check-trait.ts'
import { loadTrait } from '../trait/load-trait.ts'
import { type NewTraitOptions, newTrait } from './new-trait.ts'

let directory: string
let folders = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'personascope-new-trait-'))
})
afterAll(async () => await rm(directory, { recursive: true }))
const newWorkspace = () => openWorkspace(join(directory, String(folders++)))

const make = (server: Pick<FakeAuthor, 'baseUrl'>, workspace: Workspace, more: Partial<NewTraitOptions> = {}) =>
  newTrait({
    name: 'calm',
    describe: 'Nothing upsets it.',
    author: `${server.baseUrl}#${fakeAuthorModel}`,
    workspace,
    openEngine: () => Promise.reject(new Error('no engine is needed')),
    ...more,
  })

describe('a new trait', () => {
  test('is a file of the workspace that loads by its name and has no fault', async () => {
    await using server = await startFakeAuthor()
    const workspace = newWorkspace()
    const written = await make(server, workspace)
    expect(written.path).toBe(join(workspace.traits, 'calm.yaml'))
    const loaded = await loadTrait('calm', workspace.traits)
    expect(loaded).toEqual({ trait: written.trait, path: written.path, hash: written.hash })
    expect(checkTrait(loaded.trait)).toEqual([])
    expect(await readFile(written.path, 'utf8')).toContain(`# Written by ${server.baseUrl}#fake-author`)
    expect((await readdir(join(workspace.path, 'author'))).sort()).toEqual(['author-calls.jsonl'])
  })

  test.each(['yaml', 'yml', 'json'])('never takes the place of a .%s, and asks nobody', async ending => {
    await using server = await startFakeAuthor()
    const workspace = newWorkspace()
    await mkdir(workspace.traits, { recursive: true })
    await writeFile(join(workspace.traits, `calm.${ending}`), 'mine')
    await expect(make(server, workspace)).rejects.toMatchObject({ code: 'TRAIT_NAME_TAKEN' })
    expect(server.requests).toEqual([])
    expect(await readFile(join(workspace.traits, `calm.${ending}`), 'utf8')).toBe('mine')
  })

  test('takes the place of all of them where that is wanted', async () => {
    await using server = await startFakeAuthor()
    const workspace = newWorkspace()
    await mkdir(workspace.traits, { recursive: true })
    for (const ending of ['yaml', 'yml', 'json']) await writeFile(join(workspace.traits, `calm.${ending}`), 'old')
    await make(server, workspace, { force: true })
    expect(await readdir(workspace.traits)).toEqual(['calm.yaml'])
    expect((await loadTrait('calm', workspace.traits)).trait.name).toBe('calm')
  })

  test('does not take the place of one that came while the author was writing', async () => {
    const workspace = newWorkspace()
    const path = join(workspace.traits, 'calm.yaml')
    const meanwhile = mkdir(workspace.traits, { recursive: true }).then(() => writeFile(path, 'mine'))
    await using server = await startFakeAuthor(request =>
      request.part === 'foundation'
        ? writeWell(request)
        : { ...(writeWell(request) as { kind: 'completion'; text: string }), after: meanwhile },
    )
    const writing = make(server, workspace)
    await expect(writing).rejects.toMatchObject({ code: 'TRAIT_NAME_TAKEN' })
    expect(await readFile(path, 'utf8')).toBe('mine')
  })

  test.each(['', '../evil', 'Calm', 'a b', '-a', 'a/b', 'a.yaml', 'x'.repeat(61)])(
    'may not be called %j',
    async name => {
      await using server = await startFakeAuthor()
      await expect(make(server, newWorkspace(), { name })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
      expect(server.requests).toEqual([])
    },
  )

  test.each(['', ' \n', 'x'.repeat(1001)])('needs a description of some length', async describe => {
    await using server = await startFakeAuthor()
    await expect(make(server, newWorkspace(), { describe })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  test('leaves no file where the author fails', async () => {
    await using server = await startFakeAuthor(() => ({ kind: 'completion', text: 'no' }))
    const workspace = newWorkspace()
    await expect(make(server, workspace)).rejects.toMatchObject({ code: 'AUTHOR_FAILED' })
    await expect(readdir(workspace.traits)).rejects.toMatchObject({ code: 'ENOENT' })
    // What led nowhere is asked for again.
    await expect(make(server, workspace)).rejects.toMatchObject({ code: 'AUTHOR_FAILED' })
    expect(server.requests).toHaveLength(6)
  })
})
