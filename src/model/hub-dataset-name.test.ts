import { expect, test } from 'vitest'
import { isHubDataset, parseHubDataset } from './hub-dataset-name.ts'

const part = (...names: string[]) => ({ kind: 'part', names })
const file = (pattern: string) => ({ kind: 'files', pattern })

test.each([
  ['hf:a/b', 'main', part()],
  ['hf:a/b@v1.0', 'v1.0', part()],
  ['hf:a/b:train', 'main', part('train')],
  ['hf:a/b@refs/convert/parquet:default/train', 'refs/convert/parquet', part('default', 'train')],
  ['hf:a/b/data/x.jsonl', 'main', file('data/x.jsonl')],
  ['hf:a/b/data/*.parquet@abc', 'abc', file('data/*.parquet')],
  ['hf://datasets/a/b', 'main', part()],
  ['hf://datasets/a/b@~parquet/default/train/0000.parquet', 'refs/convert/parquet', file('default/train/0000.parquet')],
])('%s', (text, revision, wanted) => {
  expect(isHubDataset(text)).toBe(true)
  expect(parseHubDataset(text)).toEqual({ text, repo: 'a/b', revision, wanted })
})

test.each([
  'hf:',
  'hf:a',
  'hf:a/b:',
  'hf:a/b:x/y/z',
  'hf:a/b:x/',
  'hf:a/b/../c.jsonl',
  'hf:a/b@../x',
  'hf://models/a/b',
])('%s is refused with what is expected', text => {
  expect(() => parseHubDataset(text)).toThrow(/hf:<owner>\/<name>/)
})

test('a path of this machine is no name of the hub', () => {
  for (const path of ['data.jsonl', './hf:x', 'C:\\hf\\x.csv', 'hfx/y.csv']) expect(isHubDataset(path)).toBe(false)
})
