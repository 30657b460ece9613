import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { checkTrait } from '../../src/trait/check-trait.ts'
import { traitSchema } from '../../src/trait/trait.ts'
import { traitProblemKinds } from '../../src/trait/trait-problem.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/trait.md'), 'utf8')

describe('docs/trait.md', () => {
  test('has an example that can be used', () => {
    const [, example] = /```yaml\n([\s\S]*?)```/.exec(page)!
    const kinds = checkTrait(traitSchema.parse(parse(example!))).map(({ kind }) => kind)
    expect(new Set(kinds)).toEqual(new Set(['count-unusual']))
  })

  test('explains every part of the format', () => {
    expect(Object.keys(traitSchema.shape).filter(part => !page.includes(`\n| \`${part}\` |`))).toEqual([])
  })

  test('explains every kind of problem with its severity', () => {
    const explained = [...page.matchAll(/^\| `([a-z-]+)` \| (error|warning) \|/gm)].map(([, kind, severity]) => [
      kind,
      severity,
    ])
    expect(Object.fromEntries(explained)).toEqual(traitProblemKinds)
  })
})
