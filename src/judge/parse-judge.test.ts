import { describe, expect, test } from 'vitest'
import { parseJudge } from './parse-judge.ts'

describe('which judge is wanted', () => {
  test.each(['none', 'lexicon', 'engine'] as const)('may be the word %s', kind => {
    expect(parseJudge(` ${kind} `)).toEqual({ kind })
  })

  test.each([
    ['http://127.0.0.1:8000/v1#qwen2.5-7b', 'http://127.0.0.1:8000/v1', 'qwen2.5-7b'],
    ['https://judge.example/v1/#org/model:latest', 'https://judge.example/v1', 'org/model:latest'],
    ['HTTP://Judge.example#a#b', 'http://judge.example', 'a#b'],
  ])('may be the address of a server and a model: %s', (text, baseUrl, model) => {
    expect(parseJudge(text)).toEqual({ kind: 'openai', baseUrl, model })
  })

  test.each([
    ['lexikon', 'none, lexicon, engine or <URL>#<model>'],
    ['', 'none, lexicon, engine or <URL>#<model>'],
    ['http://127.0.0.1:8000/v1', 'the model is missing'],
    ['http://127.0.0.1:8000/v1#', 'the model is missing'],
    ['http://#model', 'cannot be read'],
    ['http://host/v1?key=1#model', 'without a query'],
    ['ftp://host#model', 'none, lexicon, engine or <URL>#<model>'],
  ])('is refused with what exists: "%s"', (text, said) => {
    expect(() => parseJudge(text)).toThrow(expect.objectContaining({ code: 'JUDGE_SPEC_INVALID' }))
    expect(() => parseJudge(text)).toThrow(said)
  })

  test('never repeats a key written into the URL', () => {
    const parse = () => parseJudge('https://user:secret@judge.example/v1#model')
    expect(parse).toThrow('PERSONASCOPE_JUDGE_KEY')
    expect(parse).not.toThrow('secret')
  })
})
