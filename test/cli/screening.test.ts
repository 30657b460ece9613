/** Screening as a user meets it, on the real model, small. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorLines, runCommand } from './run-command.ts'

const engine = ['--contexts', '2', '--threads', '1']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const run = (...args: string[]) => runCommand(args, { cwd: folder })

/** A trait small enough to extract in seconds. */
const trait = `name: tiny
description: For tests.
contrastivePrompts:
  - { positive: You are cheerful and love everything., negative: You are gloomy and hate everything. }
extractionQuestions: [How are you?, What is new?, How was the trip?]
evaluationQuestions: [Where do birds sleep?, Who repaired this bicycle?]
rubric: 'How cheerful is the answer {answer} to {question}, from 0 to 100?'
ladder:
  - { level: -1, prompt: Sigh a lot. }
  - { level: 0, prompt: You are a helpful assistant. }
  - { level: 1, prompt: Smile a lot. }
`

const answers = [
  ['What a wonderful day! I love every minute of it, how delightful!', 1],
  ['Everything is awful. I hate this day and I hope it ends soon.', 0],
  ['I am so happy and excited, this is the best thing ever!', 1],
  ['It is miserable and pointless, as it always was.', 0],
] as const

test('from a vector to scores, a verdict for a machine, and the dataset without the highest rows', async () => {
  await writeFile(join(folder, 'tiny.yaml'), trait)
  const extract = ['vector', 'extract', 'tiny.yaml', '--judge', 'none', '--max-tokens', '16', ...engine]
  expect((await run(...extract)).code).toBe(0)
  const rows = answers.map(([answer, label]) => `${JSON.stringify({ prompt: 'How is your day?', answer, label })}\n`)
  await writeFile(join(folder, 'data.jsonl'), `${rows.join('')}broken\n`)

  const dry = await run('screen', 'data.jsonl', '--trait', 'tiny', '--dry-run', ...engine)
  expect(dry.code, dry.stderr).toBe(0)
  expect(dry.stderr).toContain('data.jsonl: 5 rows of jsonl, read as prompt + answer. For example:')
  expect(dry.stdout).toMatch(/^Screening 5 rows: about /m)

  const direction = ['--direction', 'persona']
  const screen = ['screen', 'data.jsonl', '--trait', 'tiny', '--label-column', 'label', ...direction, ...engine]
  const first = await run(...screen)
  expect(first.code, first.stderr).toBe(0)
  expect(first.stdout).toContain('4 of 5 rows scored, 1 could not be read.')
  expect(first.stdout).toMatch(/^tiny, told by projection: AUC 1\.000/m)
  expect(first.stdout).toMatch(/^tiny, told by n-grams of the answers it was made from: AUC /m)

  const failing = await run('--json', ...screen, '--fail-if', 'tiny.max > -1000', '--fail-if', 'tiny.mean > 1e9')
  expect(failing.code).toBe(5)
  expect(errorLines(failing).at(-1)).toMatch(/^The condition of --fail-if is met: tiny\.max > -1000/)
  const { runPath, reusedRows, summary, conditions } = JSON.parse(failing.stdout)
  expect(reusedRows).toBe(5)
  expect(summary.traits[0].projection.rows).toBe(4)
  expect(conditions.map(({ isMet }: { isMet: boolean }) => isMet)).toEqual([true, false])

  const filtered = await run('screen', 'filter', runPath, '--drop-top', '50%')
  expect(filtered.code, filtered.stderr).toBe(0)
  expect(await readFile(join(runPath, 'filtered/data.jsonl'), 'utf8')).toBe(`${rows[1]}${rows[3]}`)
  expect(await readFile(join(runPath, 'filtered/data.flagged.jsonl'), 'utf8')).toBe(`${rows[0]}${rows[2]}broken\n`)

  const fast = await run('screen', 'data.jsonl', '--trait', 'tiny', '--fast', '--drop-top', '50%', ...engine)
  expect(fast.code, fast.stderr).toBe(0)
  expect(fast.stdout).toContain('--fast saves nothing on so few rows: all 5 rows were read in full.')
  const lost = await run('screen', 'data.jsonl', '--trait', 'tiny', '--drop-top', '50%')
  expect(lost.code, lost.stdout).toBe(2)
  expect(errorLines(lost).at(-1)).toMatch(/^Expected --drop-top and --drop-above to be beside --fast/)

  const baseline = await run('screen', 'baseline', 'data.jsonl', '--trait', 'tiny', '--own-answers', ...engine)
  expect(baseline.code, baseline.stderr).toBe(2)
  expect(errorLines(baseline).at(-1)).toMatch(/no spread/)
  const again = await run(
    'screen',
    'baseline',
    'data.jsonl',
    '--trait',
    'tiny',
    '--name',
    'plain',
    ...direction,
    ...engine,
  )
  expect(again.code, again.stderr).toBe(0)
  expect(again.stdout).toMatch(/^Baseline .*plain\.json$/m)
  const against = await run(...screen, '--baseline', 'plain')
  expect(against.stdout).toContain('The dataset shows no clear pull on tiny')
})

test('what is wrong is one line, before any work', async () => {
  await writeFile(join(folder, 'shape.csv'), 'text\u001b[2J,"\u202eother\nline"\nhello,you\n')
  for (const [args, code, message] of [
    [['screen', 'none.jsonl', '--trait', 'tiny', ...engine], 2, /Expected a dataset at none\.jsonl/],
    [
      ['screen', 'shape.csv', '--trait', 'tiny', ...engine],
      2,
      /No conversation was found .* Its columns: text \[2J, other line\./,
    ],
    [['screen', 'data.jsonl', '--trait', 'other', ...engine], 2, /No vector "other"/],
    [
      ['screen', 'data.jsonl', '--trait', 'tiny', '--fail-if', 'tiny > 2', ...engine],
      2,
      /Expected --fail-if to be like/,
    ],
    [['screen', 'hf:nobody', '--trait', 'tiny', ...engine], 2, /Expected the dataset to be hf:<owner>\/<name>/],
    [['screen', 'filter', 'nowhere', '--drop-top', '5%'], 2, /No finished screening at nowhere/],
  ] as const) {
    const result = await run(...args)
    expect(result.code, result.stderr).toBe(code)
    expect(errorLines(result).at(-1)).toMatch(message)
    expect(result.stderr).not.toMatch(/\n\s+at /)
  }
})
