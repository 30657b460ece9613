import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { watchFiles } from './watch-files.ts'

test('a file that is written to or removed after it was first looked at is noticed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  const [kept, changed, removed] = ['kept', 'changed', 'removed'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  for (const path of [kept, changed, removed]) await writeFile(path, 'as it was')
  const [assertAll, assertKept, assertRemoved] = [
    await watchFiles([kept, changed]),
    await watchFiles([kept]),
    await watchFiles([removed]),
  ]
  await assertAll()
  await writeFile(changed, 'as it is now')
  await rm(removed)
  await assertKept()
  const meanwhile = (path: string) => ({ code: 'DATASET_CHANGED_MEANWHILE', facts: { path } })
  await expect(assertAll()).rejects.toMatchObject(meanwhile(changed))
  await expect(assertRemoved()).rejects.toMatchObject(meanwhile(removed))
  await rm(folder, { recursive: true })
})
