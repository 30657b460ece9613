import { describe, expect, test } from 'vitest'
import { parseAuthor } from './parse-author.ts'

describe('which author is wanted', () => {
  test('may be the model in use, or one behind a server', () => {
    expect(parseAuthor(' engine ')).toEqual({ kind: 'engine' })
    expect(parseAuthor('http://127.0.0.1:8000/v1/#org/model:7b')).toEqual({
      kind: 'server',
      baseUrl: 'http://127.0.0.1:8000/v1',
      model: 'org/model:7b',
    })
  })

  test.each([
    ['', /got ""\./],
    ['lexicon', /got "lexicon"\./],
    ['ftp://host#model', /got "ftp/],
    ['http://127.0.0.1/v1', /the model is missing/],
    ['http://127.0.0.1/v1?key=1#model', /without a query/],
    ['http://[#model', /cannot be read/],
  ])('%j is none', (text, said) => {
    expect(() => parseAuthor(text)).toThrow(expect.objectContaining({ code: 'AUTHOR_SPEC_INVALID' }))
    expect(() => parseAuthor(text)).toThrow(said)
  })

  test('never repeats a key that was put into the URL', () => {
    expect(() => parseAuthor('https://user:secret@host/v1#model')).toThrow(/PERSONASCOPE_AUTHOR_KEY/)
    expect(() => parseAuthor('https://user:secret@host/v1#model')).not.toThrow(/secret/)
  })
})
