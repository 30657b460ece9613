import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findKey, keepKey, readKeys } from './rating-folder.ts'
import { type RatingKey, ratingKeySchema } from './rating-sample.ts'
import { type NewRating, RatingStore } from './rating-store.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'personascope-ratings-'))
})
afterAll(async () => await rm(directory, { recursive: true }))

const rating = (id: string, value: NewRating['value'], rater = 'ada'): NewRating => ({ id, rater, value, source: 'f' })

describe('the ratings of a sample', () => {
  test('are only ever added: a changed mind counts from then on, and what was said before stays', async () => {
    const path = join(directory, 'ratings.jsonl')
    const store = new RatingStore(path)
    expect(await store.add([rating('x', 5), rating('y', 6), rating('x', 7, 'ben')])).toEqual({
      added: 3,
      changed: 0,
      known: 0,
    })
    const before = await readFile(path, 'utf8')
    expect(await store.add([rating('x', 5), rating('y', 8)])).toEqual({ added: 0, changed: 1, known: 1 })
    const after = await readFile(path, 'utf8')
    expect(after.startsWith(before)).toBe(true)
    expect(await store.all()).toHaveLength(4)
    const latest = await new RatingStore(path).latest()
    expect(latest.map(({ id, rater, value }) => [id, rater, value])).toEqual([
      ['x', 'ada', 5],
      ['y', 'ada', 8],
      ['x', 'ben', 7],
    ])
    for (const { at } of latest) expect(Date.parse(at)).toBeGreaterThan(0)
  })

  test('survive a line that was cut short', async () => {
    const path = join(directory, 'torn.jsonl')
    await new RatingStore(path).add([rating('x', 5)])
    await appendFile(path, '{"id": "y", "ra')
    await new RatingStore(path).add([rating('z', 'same')])
    expect((await new RatingStore(path).latest()).map(({ id }) => id)).toEqual(['x', 'z'])
  })
})

describe('the key of a sample', () => {
  const key: RatingKey = ratingKeySchema.parse({
    format: 'personascope-rating-key',
    formatVersion: 1,
    id: 'aaaa',
    kind: 'answers',
    trait: 'calm',
    run: 'run',
    runPath: '/run',
    judge: 'judge',
    scale: { low: 0, high: 100 },
    seed: 0,
    strata: 'score',
    createdAt: '2026-01-01',
    items: [],
  })

  test('is found by its id, or as the only one; it is kept as it was first drawn', async () => {
    const folder = join(directory, 'keys')
    await expect(findKey(folder, undefined)).rejects.toMatchObject({ code: 'RATING_SAMPLE_UNKNOWN' })
    await keepKey(folder, key)
    await keepKey(folder, { ...key, createdAt: '2027-01-01' })
    expect(await findKey(folder, undefined)).toEqual(key)
    await keepKey(folder, { ...key, id: 'bbbb', createdAt: '2025-01-01' })
    expect((await readKeys(folder)).map(({ id }) => id)).toEqual(['bbbb', 'aaaa'])
    expect(await findKey(folder, 'aaaa')).toEqual(key)
    await expect(findKey(folder, undefined)).rejects.toThrow(
      /There are: bbbb \(answers of run\), aaaa \(answers of run\)\./,
    )
    await expect(findKey(folder, 'cccc')).rejects.toMatchObject({ code: 'RATING_SAMPLE_UNKNOWN' })
  })
})
