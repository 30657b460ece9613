/** `trait new` as a user meets it, with an author on this machine. It needs no model. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeAuthorModel, goodAnswer, startFakeAuthor, writeWell } from '../../src/trait/author/fake-author.case.ts'
import { errorLines, runCommand } from './run-command.ts'

let folder: string
let marker: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  marker = join(folder, 'edited')
})
afterAll(async () => await rm(folder, { recursive: true }))

/** Standard input is no terminal here, so that the editor must not be opened. */
const run = (...args: string[]) => runCommand(args, { cwd: folder, env: { EDITOR: `touch ${marker};`, VISUAL: '' } })

describe('trait new', () => {
  test('writes a trait, shows its version and that it has no fault, and opens no editor without a terminal', async () => {
    await using server = await startFakeAuthor()
    const command = ['trait', 'new', 'Calm', '--describe', 'Nothing upsets it.']
    const author = ['--author', `${server.baseUrl}#${fakeAuthorModel}`]
    const { code, stdout, stderr } = await run(...command, ...author)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Version [0-9a-f]{12}\n.*calm\.yaml: no errors, no warnings\n$/)
    expect(stderr).toMatch(/^Asking the author for description and pairs \.\.\.$/m)
    expect(stderr).toMatch(/^7 replies of http:.*#fake-author; 0 questions were left out\.$/m)
    await expect(readFile(marker)).rejects.toMatchObject({ code: 'ENOENT' })
    const hash = /Version (\w+)/.exec(stdout)![1]!
    const shown = JSON.parse((await run('--json', 'trait', 'show', 'calm')).stdout)
    expect(shown.hash.slice(0, 12)).toBe(hash)

    const again = await run(...command, ...author)
    expect(again.code).toBe(2)
    expect(errorLines(again)).toEqual([expect.stringMatching(/^There is a trait calm at .*calm\.yaml already\./)])

    const forced = JSON.parse((await run('--json', ...command, ...author, '--force')).stdout)
    expect(forced).toMatchObject({ askedReplies: 0, rememberedReplies: 7, errors: 0, warnings: 0, problems: [] })
    expect(forced.hash.slice(0, 12)).toBe(hash)
    expect(server.requests).toHaveLength(7)
  })

  test('prints what is wrong with what was written', async () => {
    await using server = await startFakeAuthor(request => {
      if (request.part !== 'questions') return writeWell(request)
      const { questions } = goodAnswer({ ...request, question: 'home and' }) as { questions: string[] }
      return { kind: 'completion', text: JSON.stringify({ questions: questions.slice(0, request.count) }) }
    })
    const author = `${server.baseUrl}#${fakeAuthorModel}`
    const { code, stdout } = await run('trait', 'new', 'few', '--describe', 'Calm.', '--author', author, '--no-edit')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^warning +count-unusual +extractionQuestions has 6 entries; 20 is usual\.$/m)
    expect(stdout).toMatch(/few\.yaml: no errors, 2 warnings\n$/)
  })

  test.each([
    [['trait', 'new', 'x', '--author', 'engine'], /required option '--describe <sentence>'/],
    [['trait', 'new', 'x', '--describe', 'y'], /required option '--author <author>'/],
    [
      ['trait', 'new', 'x', '--describe', 'y', '--author', 'gpt'],
      /^Expected an author as engine or <URL>#<model>, got "gpt"/,
    ],
    [['trait', 'new', '../x', '--describe', 'y', '--author', 'engine'], /^Expected the name to be lower-case letters/],
  ])('says in one line what is wrong with %j', async (args, said) => {
    const result = await run(...args)
    expect(result.code).toBe(2)
    expect(errorLines(result)).toEqual([expect.stringMatching(said)])
  })
})

describe('the editor', () => {
  test('gets the file as one argument, whatever its name holds, and is waited for', async () => {
    const { openEditor } = await import('../../src/cli/open-editor.ts')
    const path = join(folder, 'a $(touch hacked) "file".txt')
    await writeFile(path, 'before')
    expect(await openEditor('printf after >', path)).toBeUndefined()
    expect(await readFile(path, 'utf8')).toBe('after')
    expect(await openEditor('false', path)).toBe('"false" ended with 1')
  })
})
