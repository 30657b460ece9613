import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { datasetCommit, datasetRepo, type FakeDatasetHub, startFakeDatasetHub } from './fake-dataset-hub.case.ts'
import { pullDataset } from './hub-dataset.ts'
import { parseHubDataset } from './hub-dataset-name.ts'
import { isolateMachine } from './isolated-machine.case.ts'

const machine = isolateMachine()

const files = {
  'README.md': '---\nlicense: mit\n---\n# Small talk\n',
  '.gitattributes': '*.parquet filter=lfs\n',
  'dataset_infos.json': '{}',
  'data/train.jsonl': '{"prompt":"a","answer":"b"}\n',
  'data/test.jsonl': '{"prompt":"c","answer":"d"}\n',
  'long/train-00000-of-00002.parquet': Buffer.alloc(70_000, 'one'),
  'long/train-00001-of-00002.parquet': Buffer.alloc(90_000, 'two'),
}

async function startHub(content: Readonly<Record<string, string | Buffer>> = files): Promise<FakeDatasetHub> {
  const hub = await startFakeDatasetHub(content)
  onTestFinished(() => hub[Symbol.asyncDispose]())
  vi.stubEnv('HF_ENDPOINT', hub.url)
  return hub
}

const pull = (name: string) => pullDataset(parseHubDataset(name))
const textsOf = (paths: readonly string[]) => paths.map(path => readFileSync(path, 'utf8'))
const downloads = (hub: FakeDatasetHub) => new Set(hub.requests.filter(path => path.includes('/resolve/')))

test('of a name the rows to train on are fetched, into the cache of Hugging Face’s tools, and once', async () => {
  const hub = await startHub()
  const first = await pull(`hf:${datasetRepo}`)
  expect(first).toMatchObject({ commit: datasetCommit, part: 'default/train', alreadyThere: false })
  expect(textsOf(first.paths)).toEqual([files['data/train.jsonl']])
  expect(first.paths[0]).toContain(`${machine.hub}/datasets--someone--small-talk/snapshots/${datasetCommit}/data/`)
  const asked = hub.requests.length
  expect(await pull(`hf:${datasetRepo}`)).toEqual({ ...first, alreadyThere: true })
  expect(hub.requests.length).toBe(asked)
})

test('a configuration, a split, a file and a glob name other rows', async () => {
  const hub = await startHub()
  expect(textsOf((await pull(`hf:${datasetRepo}:test`)).paths)).toEqual([files['data/test.jsonl']])
  const long = await pull(`hf:${datasetRepo}:long`)
  expect(long.part).toBe('long/train')
  expect(textsOf(long.paths).map(text => text.length)).toEqual([70_000, 90_000])
  expect((await pull(`hf:${datasetRepo}@${datasetCommit}:long/train`)).paths).toEqual(long.paths)
  expect((await pull(`hf:${datasetRepo}/long/*-00001-*.parquet`)).paths).toEqual([long.paths[1]])
  expect((await pull(`hf://datasets/${datasetRepo}@main/data/test.jsonl`)).part).toBeUndefined()
  expect(downloads(hub).size).toBe(4)
  await expect(pull(`hf:${datasetRepo}:short`)).rejects.toMatchObject({
    code: 'HUB_DATASET_PART_UNKNOWN',
    message: expect.stringContaining('It has: default/test, default/train, long/train.'),
  })
})

test('what was fetched is read where the hub is away; what was not is told of', async () => {
  const hub = await startHub()
  const { paths } = await pull(`hf:${datasetRepo}`)
  vi.stubEnv('HF_HUB_OFFLINE', '1')
  expect((await pull(`hf:${datasetRepo}`)).paths).toEqual(paths)
  await expect(pull(`hf:${datasetRepo}:test`)).rejects.toMatchObject({
    code: 'HUB_DATASET_UNREACHABLE',
    message: expect.stringContaining('HF_HUB_OFFLINE is set'),
  })
  vi.stubEnv('HF_HUB_OFFLINE', undefined)
  for (const [status, detail] of [
    [404, /no such repository, revision or file \(404\)/],
    [401, /gated, private or misspelt/],
    [503, /answered with an error \(503\)/],
  ] as const) {
    hub.status = status
    await expect(pull(`hf:${datasetRepo}:test`)).rejects.toMatchObject({
      code: 'HUB_DATASET_UNREACHABLE',
      message: expect.stringMatching(detail),
    })
  }
  vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1')
  await expect(pull(`hf:${datasetRepo}:test`)).rejects.toMatchObject({
    message: expect.stringContaining('cannot be reached'),
  })
})

test('other bytes than the hub names are refused, in git and apart from it, and right ones are taken after that', async () => {
  const hub = await startHub()
  for (const [name, content] of [
    [`hf:${datasetRepo}/data/train.jsonl`, Buffer.from('{"prompt":"a","answer":"B"}\n')],
    [`hf:${datasetRepo}/long/train-00000-of-00002.parquet`, Buffer.alloc(70_000, 'other')],
  ] as const) {
    hub.content = content
    await expect(pull(name)).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' })
    hub.content = undefined
    expect((await pull(name)).alreadyThere).toBe(false)
  }
})

test('a broken connection is continued', async () => {
  const hub = await startHub()
  hub.cutAfterBytes = 40_000
  const { paths } = await pull(`hf:${datasetRepo}:long`)
  expect(readFileSync(paths[1]!).equals(files['long/train-00001-of-00002.parquet'])).toBe(true)
})

test('a repository without rows that can be read says so', async () => {
  await startHub({ 'README.md': '# Nothing', 'data/rows.arrow': 'x', 'script.py': 'y' })
  await expect(pull(`hf:${datasetRepo}`)).rejects.toMatchObject({
    code: 'HUB_DATASET_UNREACHABLE',
    message: expect.stringContaining('no file of rows that can be read'),
  })
})

test('a path out of the repository is no file of it', async () => {
  await startHub({ '../../train.jsonl': 'x', 'a//b.jsonl': 'y' })
  await expect(pull(`hf:${datasetRepo}`)).rejects.toMatchObject({ code: 'HUB_DATASET_UNREACHABLE' })
})
