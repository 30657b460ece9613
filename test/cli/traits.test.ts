/** The trait commands as a user meets them. They need no model. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { exampleTrait } from '../../src/trait/example-trait.case.ts'
import type { Trait } from '../../src/trait/trait.ts'
import { errorLines, runCommand } from './run-command.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  await mkdir(join(folder, '.personascope/traits'), { recursive: true })
})
afterAll(async () => await rm(folder, { recursive: true }))

const run = (...args: string[]) => runCommand(args, { cwd: folder })

async function writeTrait(file: string, parts: Partial<Trait> = {}): Promise<string> {
  await writeFile(join(folder, file), stringify(exampleTrait(parts)))
  return file
}

describe('trait list', () => {
  test('shows built-in traits and those of the workspace, and where each is from', async () => {
    const path = await writeTrait('.personascope/traits/calm.yaml', { forecastQuestions: ['Who is there?'] })
    const { code, stdout, stderr } = await run('trait', 'list')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^joyful +built-in +5 +20 \+ 20 \+ 245 +7 +The answer radiates joy/m)
    expect(stdout).toMatch(/^calm +workspace +1 +2 \+ 2 \+ 1 +3 +The answer is calm and unhurried\.$/m)
    const entries = JSON.parse((await run('--json', 'trait', 'list')).stdout)
    expect(entries).toHaveLength(9)
    expect(entries[0]).toEqual({
      name: 'calm',
      origin: 'workspace',
      path: join(folder, path),
      description: 'The answer is calm and unhurried.',
      counts: { pairs: 1, extractionQuestions: 2, evaluationQuestions: 2, ladderLevels: 3, forecastQuestions: 1 },
    })
  })

  test('says of a file that cannot be read why, and still lists the others', async () => {
    const path = join(folder, '.personascope/traits/broken.yaml')
    await writeFile(path, 'name: broken\n')
    const result = await run('trait', 'list')
    expect(result.code).toBe(0)
    expect(result.stdout).toMatch(/^joyful /m)
    expect(errorLines(result)).toEqual([expect.stringMatching(/^The trait file .*broken\.yaml is not valid: /)])
    const entries = JSON.parse((await run('--json', 'trait', 'list')).stdout)
    expect(entries).toContainEqual({
      name: 'broken',
      origin: 'workspace',
      path,
      fault: expect.stringContaining('contrastivePrompts'),
    })
    await rm(path)
  })
})

describe('trait show', () => {
  test('shows every part of a trait', async () => {
    const path = await writeTrait('shown.yaml', { lexicon: 'sentiment', forecastQuestions: ['Who is there?'] })
    const { code, stdout } = await run('trait', 'show', path)
    expect(code).toBe(0)
    const trait = exampleTrait()
    const texts = [
      trait.description,
      `1. + ${trait.contrastivePrompts[0]!.positive}`,
      `- ${trait.contrastivePrompts[0]!.negative}`,
      ...trait.extractionQuestions,
      ...trait.evaluationQuestions,
      ...trait.rubric.split('\n'),
      ...trait.ladder.map(({ level, prompt }) => `${level} ${prompt}`),
      'sentiment',
      '1. Who is there?',
    ]
    for (const text of texts) expect(stdout).toContain(text)
  })

  test('gives a machine the trait, its file and its hash', async () => {
    const { stdout } = await run('--json', 'trait', 'show', 'joyful')
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'joyful',
      lexicon: 'sentiment',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      path: expect.stringMatching(/joyful\.yaml$/),
    })
  })

  test('answers an unknown trait with those there are', async () => {
    const result = await run('trait', 'show', 'grumpy')
    expect(result.code).toBe(2)
    expect(errorLines(result)).toEqual([expect.stringMatching(/got "grumpy"\. There are: .*apathetic, evil/)])
  })
})

describe('trait check', () => {
  test('ends with 0 where there is nothing to say', async () => {
    const { code, stdout, stderr } = await run('trait', 'check', 'joyful')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^.*joyful\.yaml: no errors, no warnings\n$/)
  })

  test('ends with 0 where there are warnings only', async () => {
    const { code, stdout, stderr } = await run('trait', 'check', await writeTrait('small.yaml'))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^warning +count-unusual +ladder has 3 entries; 7 is usual\.$/m)
    expect(stdout).toMatch(/small\.yaml: no errors, 4 warnings\n$/)
  })

  test('ends with 2 where there is an error, which it prints first', async () => {
    const path = await writeTrait('twice.yaml', {
      evaluationQuestions: ['How was the trip?', 'Where do birds sleep?'],
      rubric: 'Rate {answer} from 0 to 100.',
    })
    const result = await run('trait', 'check', path)
    expect(result.code).toBe(2)
    const lines = result.stdout.split('\n')
    expect(lines[1]).toMatch(
      /^error +evaluation-question-extracted +Evaluation question 1 is extraction question 1 again/,
    )
    expect(lines[2]).toMatch(/^error +rubric-place-missing +The rubric has no place \{question\}\.$/)
    expect(result.stdout).toMatch(/twice\.yaml: 2 errors, 4 warnings\n$/)
    expect(errorLines(result)).toEqual([expect.stringMatching(/^The trait file twice\.yaml is not valid: Evaluation/)])
  })

  test('gives a machine every problem with its kind and place', async () => {
    const path = await writeTrait('ladder.yaml', { ladder: exampleTrait().ladder.toReversed() })
    const { code, stdout } = await run('--json', 'trait', 'check', path)
    expect(code).toBe(2)
    const { errors, warnings, problems } = JSON.parse(stdout)
    expect({ errors, warnings }).toEqual({ errors: 2, warnings: 4 })
    expect(problems).toContainEqual({
      severity: 'error',
      kind: 'ladder-not-ascending',
      places: ['ladder[1].level'],
      message: 'Ladder levels must rise from entry to entry, but 0 follows 1.',
    })
  })

  test('says of a file with a part missing which part', async () => {
    await writeFile(join(folder, 'part.yaml'), stringify({ ...exampleTrait(), rubric: undefined }))
    const result = await run('trait', 'check', 'part.yaml')
    expect(result.code).toBe(2)
    expect(errorLines(result)).toEqual([expect.stringMatching(/part\.yaml is not valid: .*rubric/)])
  })
})
