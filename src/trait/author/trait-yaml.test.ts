import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { exampleTrait } from '../example-trait.case.ts'
import { traitYaml } from './trait-yaml.ts'

const origin = {
  author: 'http://127.0.0.1:8000/v1#model',
  describe: 'Nothing\nupsets\u0007 it.',
  seed: 3,
  version: '1.2.3',
  createdAt: '2026-01-02T03:04:05.000Z',
}

/** Texts that mean something in YAML, and texts that are folded. */
const texts = [
  'yes',
  '3',
  '# no comment',
  'a: b, - c # d',
  '- an item',
  '"quoted" and \'quoted\' \\n \t tab',
  '{ braces: [and brackets] }',
  '%percent @at `tick` !bang &anchor *alias | pipe > fold',
  '---',
  'ünï 中文 😀 \u00a0\u2028',
  `${'many words that go on '.repeat(20)}to the end`,
  'x'.repeat(300),
  '  space around  ',
]

describe('a trait as YAML', () => {
  test.each(texts)('brings back %j wherever it stands', text => {
    const trait = exampleTrait({
      description: text,
      contrastivePrompts: [{ positive: text, negative: text }],
      extractionQuestions: [text, text],
      rubric: `${text}\n\n  {question}\n${text}\n{answer}`,
      ladder: [{ level: -1, prompt: text }],
    })
    expect(parse(traitYaml(trait, origin))).toEqual(trait)
  })

  test('says how it was made, on lines of its own, and what each part is for', () => {
    const lines = traitYaml(exampleTrait(), origin).split('\n')
    expect(lines.slice(1, 5)).toEqual([
      '# Written by http://127.0.0.1:8000/v1#model with Personascope 1.2.3, seed 3, 2026-01-02, from:',
      '# "Nothing upsets it."',
      '# Read every line before you use it, then run `personascope trait check`.',
      '',
    ])
    for (const part of ['contrastivePrompts', 'extractionQuestions', 'evaluationQuestions', 'rubric', 'ladder']) {
      const at = lines.findIndex(line => line.startsWith(`${part}:`))
      expect(lines[at - 1]).toMatch(/^# /)
    }
    expect(lines.filter(line => line.length > 120)).toEqual([])
  })

  test('keeps the rubric as it stands and prompts in blocks', () => {
    const text = traitYaml(exampleTrait(), origin)
    expect(text).toContain('rubric: |-\n  How calm is this answer?\n  Question: {question}\n')
    expect(text).toContain('- positive: >-\n      You are calm. Take your time.\n    negative: >-\n')
    expect(text).toContain('\n  - How was the trip?\n')
  })
})
