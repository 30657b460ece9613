import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { baselinePath, writeBaseline } from '../screening/baseline.ts'
import { fakeVector } from '../server/fake-server.case.ts'
import { openWorkspace } from '../store/workspace.ts'
import { hashOfDirection } from '../vector/direction-hash.ts'
import { directionAt } from '../vector/persona-vector.ts'
import { vectorPath, writeVector } from '../vector/vector-file.ts'
import { watchTraits } from './watch-traits.ts'

const folder = mkdtempSync(join(tmpdir(), 'personascope-watch-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a baseline is used for the direction and layer it was measured on, and for no other', async () => {
  const engine = new FakeEngine()
  const workspace = openWorkspace(folder)
  const { model } = engine
  const fits = fakeVector('fits', model, 1)
  const other = fakeVector('other', model, 2)
  for (const vector of [fits, other]) {
    await writeVector(vectorPath(workspace.vectors, model.id, vector.provenance.trait.name), vector)
  }
  const { defaultLayer: layer } = fits
  const of = {
    layer,
    directionHash: hashOfDirection(directionAt(fits, layer)),
    rows: 3,
    mean: 1,
    sd: 2,
    values: [3, 1, 2],
  }
  await writeBaseline(baselinePath(workspace.path, model.id, 'ordinary'), {
    format: 'personascope-baseline',
    formatVersion: 1,
    model: { id: model.id, fileHash: model.fileHash, chatTemplateHash: '' },
    source: 'rows',
    files: [],
    traits: { fits: of, other: of },
  })
  const watched = await watchTraits(['fits', 'other', 'fits'], engine, workspace, { baseline: 'ordinary' })
  expect(watched.map(({ name }) => name)).toEqual(['fits', 'other'])
  expect(watched.map(({ baseline }) => baseline)).toEqual([{ mean: 1, sd: 2, values: [1, 2, 3] }, undefined])
  await expect(watchTraits(['fits'], engine, workspace, { baseline: 'none' })).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
  })
})
