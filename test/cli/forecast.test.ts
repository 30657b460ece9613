/** From a trait to a forecast, as a user runs it, on as few answers as may be; and what stands in the way. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorLines, runCommand } from './run-command.ts'

/** The measured choice would take a while on a machine that has not been measured. */
const engine = ['--contexts', '2', '--threads', '1']
const train = ['forecast', 'train', '--trait', 'joyful', '--answers', '100', '--max-tokens', '6', ...engine]

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'personascope-forecast-'))
})
afterAll(async () => await rm(cwd, { recursive: true }))

test('trains, forecasts before it answers, and evaluates a log of scored conversations', async () => {
  const dry = await runCommand([...train, '--dry-run', '--json'], { cwd })
  expect(JSON.parse(dry.stdout)).toMatchObject({ generations: 100, judgeCalls: 0 })
  const trained = await runCommand([...train, '--json'], { cwd })
  expect(trained.code, trained.stderr).toBe(0)
  const { forecaster, reusedAnswers } = JSON.parse(trained.stdout)
  expect(reusedAnswers).toBe(0)
  expect(forecaster.provenance.training).toMatchObject({ answers: 100, unscored: 0 })

  const asked = await runCommand(['forecast', 'How do I wrap a present?', '--system', 'You are a cook.', ...engine], {
    cwd,
  })
  expect(asked.code, asked.stderr).toBe(0)
  expect(asked.stdout.indexOf('expected score')).toBeLessThan(asked.stdout.indexOf('Score:'))

  const turns = [
    'Describe a parade.',
    'Tell me about wolves.',
    'Why do babies cry?',
    'Describe a puppet.',
    'Describe a thief.',
  ]
  const lines = turns.flatMap((question, index) =>
    ['You are a cook.', 'You are sad.'].map((system, of) =>
      JSON.stringify({ system, question, answer: 'Well.', score: 20 + 9 * index + 5 * of }),
    ),
  )
  await writeFile(join(cwd, 'log.jsonl'), lines.join('\n'))
  const evaluate = ['forecast', 'evaluate', 'log.jsonl', '--forecaster', 'joyful', '--json', ...engine]
  const evaluated = await runCommand(evaluate, { cwd })
  expect(evaluated.code, evaluated.stderr).toBe(0)
  expect(JSON.parse(evaluated.stdout).evaluation).toMatchObject({ answers: 10, prompts: 10, questions: 5 })
})

test.each([
  ['a trait without a judge', ['forecast', 'train', '--trait', 'evil'], /needs a judge/],
  ['a run that is none', ['forecast', 'evaluate', 'none'], /Expected a run/],
])('refuses %s in one line', async (_, args, message) => {
  const result = await runCommand(args, { cwd })
  expect(result.code).toBe(2)
  expect(errorLines(result)).toEqual([expect.stringMatching(message)])
})
