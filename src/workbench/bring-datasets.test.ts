import { readFile } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import { datasetCommit, datasetRepo, startFakeDatasetHub } from '../model/fake-dataset-hub.case.ts'
import { isolateMachine } from '../model/isolated-machine.case.ts'
import { bringDatasets } from './bring-datasets.ts'

isolateMachine()

test('datasets of the hub become files of this machine, in their place among others', async () => {
  await using hub = await startFakeDatasetHub({ 'a.jsonl': '{"prompt":"a","answer":"b"}\n', 'test.csv': 'x' })
  vi.stubEnv('HF_ENDPOINT', hub.url)
  const brought: unknown[] = []
  const paths = await bringDatasets(['one.jsonl', `hf:${datasetRepo}`, 'data/*.csv'], {
    onBrought: dataset => brought.push(dataset),
  })
  expect([paths[0], paths[2]]).toEqual(['one.jsonl', 'data/*.csv'])
  expect(await readFile(paths[1]!, 'utf8')).toContain('"answer":"b"')
  expect(brought).toEqual([
    { name: `hf:${datasetRepo}`, commit: datasetCommit, part: 'default/train', paths: [paths[1]] },
  ])
})

test('a misspelt name is refused before another dataset is fetched', async () => {
  await using hub = await startFakeDatasetHub({ 'a.jsonl': 'x' })
  vi.stubEnv('HF_ENDPOINT', hub.url)
  await expect(bringDatasets([`hf:${datasetRepo}`, 'hf:nothing'])).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  expect(hub.requests).toEqual([])
})
