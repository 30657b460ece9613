/** Files damaged at random: a short series of what `npm run verify:vectors` does at length. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRandom } from '../../src/numeric/random.ts'
import { damage, type Outcome, readDamaged, readers, seedsOf } from './mutate.ts'

const rounds = 400

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

test.each(readers)(
  'damaged files are read or refused by the reader of %s, never anything else',
  async reader => {
    const random = createRandom(7)
    const seeds = await seedsOf(reader, folder)
    const outcomes = new Map<string, number>()
    for (let round = 0; round < rounds; round++) {
      const content = damage(reader, seeds[round % seeds.length]!, random)
      const outcome: Outcome = await readDamaged(reader, content, join(folder, reader))
      expect(outcome, `round ${round}`).toSatisfy((what: Outcome) => typeof what === 'string')
      outcomes.set(String(outcome), (outcomes.get(String(outcome)) ?? 0) + 1)
    }
    // Damage that everything survives, or nothing does, would test little.
    expect(outcomes.get('refused')).toBeGreaterThan(rounds / 10)
    expect(outcomes.get('read')).toBeGreaterThan(0)
  },
  60_000,
)

test.each(readers)('the undamaged files of %s are read or refused as well', async reader => {
  for (const seed of await seedsOf(reader, folder))
    expect(typeof (await readDamaged(reader, seed, join(folder, `${reader}-whole`)))).toBe('string')
})
