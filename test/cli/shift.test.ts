/** The shift of two LoRA adapters as a user measures it, on the real model, small. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeOddVector } from './odd-vector.ts'
import { errorLines, runCommand } from './run-command.ts'

const engine = ['--contexts', '2', '--threads', '1']
const base = 'smollm2-135m-instruct'
const adapter = (name: string) => join(import.meta.dirname, `../parity/golden/adapter/${name}.gguf`)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  await writeFile(join(folder, 'odd.yaml'), trait)
  await writeOddVector(join(folder, '.personascope'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const shift = (...args: string[]) => runCommand(['--json', 'shift', ...args, ...engine], { cwd: folder })

/** Two questions to measure on. */
const trait = `name: odd
description: For tests.
contrastivePrompts:
  - { positive: You are cheerful., negative: You are gloomy. }
extractionQuestions: [How are you?, What is new?]
evaluationQuestions: [Where do birds sleep?, Who repaired this bicycle?]
rubric: 'How cheerful is the answer {answer} to {question}, from 0 to 100?'
lexicon: sentiment
ladder:
  - { level: -1, prompt: Sigh a lot. }
  - { level: 0, prompt: You are a helpful assistant. }
  - { level: 1, prompt: Smile a lot. }
`

test('an adapter that changes nothing has not moved, one that does has; a further one is asked alone', async () => {
  const settings = ['--trait', 'odd.yaml', '--samples', '1', '--max-tokens', '8']
  const dry = await shift(base, adapter('zero'), ...settings, '--dry-run')
  expect(dry.code, dry.stderr).toBe(0)
  expect(JSON.parse(dry.stdout)).toMatchObject({ generations: 4, judgeCalls: 0 })

  const one = await shift(base, adapter('zero'), ...settings)
  expect(one.code, one.stderr).toBe(0)
  const first = JSON.parse(one.stdout)
  expect(first.summary.base).toMatchObject({ name: base, weightFormat: first.summary.tuned[0].weightFormat })
  expect(first.summary.tuned[0]).toMatchObject({ name: 'zero' })
  expect(first.summary.tuned[0].traits[0].projection).toMatchObject({ questions: 2, shift: 0, low: 0, high: 0 })
  expect(first.summary.tuned[0].traits[0].score).toMatchObject({ shift: 0 })
  expect(first.summary.tuned[0].fileHash).not.toBe(first.summary.base.fileHash)

  const two = await shift(base, adapter('zero'), adapter('random'), ...settings, '--judge', 'none')
  expect(two.code, two.stderr).toBe(0)
  const second = JSON.parse(two.stdout)
  expect(second.folder).toBe(first.folder)
  expect(second.reportPath).not.toBe(first.reportPath)
  expect(second.summary.tuned[1].traits[0].projection.shift).not.toBe(0)
  expect(second.summary.traits[0].judge).toBeNull()
  expect(two.stderr).toContain('random')
  expect(two.stderr).not.toContain('Answering: zero')
})

test('what is wrong is one line, before a model is opened', async () => {
  await writeFile(join(folder, 'none.gguf'), 'GGUF')
  for (const [args, code, message] of [
    [[base, adapter('zero'), '--trait', 'other.yaml'], 2, /Expected a trait file at other\.yaml/],
    [[base, adapter('zero'), '--trait', 'joyful'], 2, /No vector "joyful"/],
    [
      [base, adapter('zero'), '--trait', 'odd.yaml', '--judge', 'engine'],
      2,
      /no model of the comparison judges itself/,
    ],
    [[base, 'gone.gguf', '--trait', 'odd.yaml'], 2, /Expected a model file at .*gone\.gguf/],
    [[base, 'none.gguf', '--trait', 'odd.yaml'], 2, /is not a usable GGUF file/],
    [[adapter('zero'), adapter('random'), '--trait', 'odd.yaml'], 2, /it holds a LoRA adapter and no model/],
  ] as const) {
    const result = await shift(...args)
    expect(result.code, result.stderr).toBe(code)
    expect(errorLines(result).at(-1)).toMatch(message)
    expect(result.stderr).not.toMatch(/\n\s+at /)
  }
})
