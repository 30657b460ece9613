import { expect, test } from 'vitest'
import { choosePart, datasetParts } from './dataset-parts.ts'

const chosen = (paths: readonly string[], card: string | undefined, ...names: string[]) => {
  const found = choosePart(datasetParts(paths, card), names)
  return 'available' in found ? found.available : found.files
}

test('without a card, folders are configurations and words in names are splits', () => {
  const paths = ['data/dev-0.json', 'data/train-0.json', 'data/train-1.json', 'fr/valid.csv', 'fr/training.csv']
  expect(chosen(paths, undefined)).toEqual(['data/train-0.json', 'data/train-1.json'])
  expect(chosen(paths, undefined, 'validation')).toEqual(['data/dev-0.json'])
  expect(chosen(paths, undefined, 'fr')).toEqual(['fr/training.csv'])
  expect(chosen(paths, undefined, 'fr', 'validation')).toEqual(['fr/valid.csv'])
  // "strain" and "latest" only contain such a word.
  expect(chosen(['strain-latest.jsonl'], undefined)).toEqual(['strain-latest.jsonl'])
  expect(chosen(['train/0.parquet', 'test/0.parquet'], undefined)).toEqual(['train/0.parquet'])
})

test('what could be meant is told where it is not clear', () => {
  expect(chosen(['en/train.csv', 'fr/train.csv'], undefined)).toEqual(['en/train', 'fr/train'])
  expect(chosen(['test.csv', 'validation.csv'], undefined)).toEqual(['default/test', 'default/validation'])
  expect(chosen(['train.csv'], undefined, 'default', 'test')).toEqual(['default/train'])
})

test('a card says which files are which rows', () => {
  const card = (configs: string) => `---\nlicense: mit\nconfigs:\n${configs}---\n# Card`
  const paths = ['en/a.jsonl', 'en/b.jsonl', 'fr/a.jsonl', 'fr/b.jsonl']
  const two = card(`- config_name: english
  default: true
  data_files:
  - split: train
    path: en/a.jsonl
  - split: test
    path: [en/b.jsonl]
- config_name: all
  data_files: '*/*.jsonl'
`)
  expect(chosen(paths, two)).toEqual(['en/a.jsonl'])
  expect(chosen(paths, two, 'test')).toEqual(['en/b.jsonl'])
  expect(chosen(paths, two, 'all')).toEqual(paths)
  expect(chosen(paths, card('- config_name: french\n  data_dir: fr\n'))).toEqual(['fr/a.jsonl', 'fr/b.jsonl'])
  for (const broken of [
    '---\n: [\n---\n',
    '---\nconfigs: 7\n---\n',
    '---\nconfigs: [{config_name: 1}]\n---\n',
    'plain',
  ])
    expect(chosen(['train.csv'], broken)).toEqual(['train.csv'])
})
