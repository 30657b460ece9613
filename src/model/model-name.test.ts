import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { parseModelName } from './model-name.ts'

function refusal(name: string): PersonascopeError {
  try {
    parseModelName(name)
  } catch (error) {
    if (PersonascopeError.is(error)) return error
  }
  throw new Error(`"${name}" was taken for a name`)
}

test('an id of the catalogue names its model, however it is capitalised', () => {
  expect(parseModelName(' SmolLM2-135M-Instruct ')).toMatchObject({
    kind: 'catalogue',
    model: { id: 'smollm2-135m-instruct' },
  })
})

describe('a path', () => {
  test.each([
    ['file:/models/a.gguf', '/models/a.gguf'],
    ['file:models/a b.gguf', resolve('models/a b.gguf')],
    ['file:~/a.gguf', join(homedir(), 'a.gguf')],
    ['file:///models/a%20b.gguf', '/models/a b.gguf'],
  ])('%s is absolute', (name, path) => {
    expect(parseModelName(name)).toEqual({ kind: 'file', path })
  })
})

describe('a file of the hub', () => {
  test.each([
    ['hf:owner/repo/a.gguf', 'owner/repo', 'a.gguf', 'main'],
    ['hf:owner/repo.x/folder/a.Q8_0.gguf', 'owner/repo.x', 'folder/a.Q8_0.gguf', 'main'],
    ['hf:owner/repo/a.gguf@v1.0', 'owner/repo', 'a.gguf', 'v1.0'],
    ['hf:owner/repo/a.gguf@refs/pr/3', 'owner/repo', 'a.gguf', 'refs/pr/3'],
  ])('%s', (name, repo, file, revision) => {
    expect(parseModelName(name)).toEqual({ kind: 'hub', repo, file, revision })
  })

  test.each([
    'hf:owner/repo',
    'hf:owner/repo/a.bin',
    'hf:owner/repo/../../a.gguf',
    'hf:owner/../a.gguf',
    'hf:owner/repo//a.gguf',
    'hf:owner/repo/a.gguf@../../x',
    'hf:owner/repo/a.gguf@/etc',
    'hf:owner/repo/c:\\a.gguf',
  ])('%s is none', name => {
    expect(refusal(name).code).toBe('MODEL_UNKNOWN')
  })
})

describe('an unknown name', () => {
  test.each([
    ['smolm2-135-instruct', 'smollm2-135m-instruct'],
    ['qwen3-4', 'qwen3-4b'],
    ['gemma-270m', 'gemma-3-270m'],
    ['llama-3.1', 'llama-3.1-8b-instruct'],
    ['Qwen2.5-7B', 'qwen2.5-7b-instruct'],
  ])('%s is answered with all that exist, %s first', (name, closest) => {
    const available = String(refusal(name).facts['available']).split(', ')
    expect(available[0]).toBe(closest)
    expect(available.length).toBeGreaterThan(10)
  })

  test.each(['', 'file:', 'file://%', 'x'.repeat(100_000)])('is refused at once, however it looks', name => {
    const start = performance.now()
    expect(refusal(name).message.length).toBeLessThan(3000)
    expect(performance.now() - start).toBeLessThan(200)
  })
})
