/** What keeping turns means, as tests that every database passes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, migrate } from '../store/database.ts'
import type { TurnRecord } from './turn-record.ts'
import { TurnStore, turnMigrations } from './turn-store.ts'

export function describeTurnStore(name: string, open: () => Database): void {
  describe(`turns in ${name}`, () => {
    const opened: Database[] = []
    const connect = () => {
      const database = open()
      opened.push(database)
      return database
    }
    let store: TurnStore

    beforeAll(async () => {
      // Several servers that start at once on an empty database.
      const stores = await Promise.all([connect(), connect(), connect()].map(database => TurnStore.open(database)))
      store = stores[0]!
    })

    afterAll(async () => {
      for (const database of opened) await database.close()
    })

    test('come back as they were stored, oldest first, without text', async () => {
      const later = turnOf('b', '2026-01-02T00:00:00.000Z')
      const first = turnOf('a', '2026-01-01T00:00:00.000Z')
      await store.add(later)
      await store.add(first)
      const { text: _, ...withoutText } = first
      expect(await all(store)).toEqual([withoutText, { ...withoutText, id: 'b', createdAt: later.createdAt }])
    })

    test('are stored once, however often they are sent', async () => {
      const turn = turnOf('once', '2026-01-03T00:00:00.000Z')
      await Promise.all([store.add(turn), store.add(turn)])
      await store.add({ ...turn, promptTokens: 99 })
      const found = (await all(store)).filter(({ id }) => id === 'once')
      expect(found.map(({ promptTokens }) => promptTokens)).toEqual([12])
    })

    test('keep their text where that is turned on, zero characters and all', async () => {
      const keeping = await TurnStore.open(connect(), { keepsText: true })
      await keeping.add({ ...turnOf('text', '2026-01-04T00:00:00.000Z'), text: { prompt: 'a\0b', response: "'; --" } })
      const found = (await all(store)).find(({ id }) => id === 'text')
      expect(found?.text).toEqual({ prompt: 'a\uFFFDb', response: "'; --" })
    })

    test('are stored whole or not at all', async () => {
      const broken = { ...turnOf('broken', '2026-01-05T00:00:00.000Z') }
      const readings = { joyful: { ...broken.readings['joyful']!, layer: null as unknown as number } }
      await expect(store.add({ ...broken, readings })).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
      expect((await all(store)).some(({ id }) => id === 'broken')).toBe(false)
    })

    test('are more than one page, each once', async () => {
      const ids = Array.from({ length: 603 }, (_, index) => `page-${index}`)
      await Promise.all(ids.map(id => store.add(turnOf(id, '2026-02-01T00:00:00.000Z'))))
      const found = (await all(store)).filter(({ id }) => id.startsWith('page-')).map(({ id }) => id)
      expect(found.sort()).toEqual(ids.sort())
    }, 60_000)

    test('are forgotten with their readings after their time', async () => {
      const before = await store.count()
      expect(await store.forgetBefore(new Date('2026-01-02T12:00:00Z'))).toBe(2)
      expect(await store.count()).toBe(before - 2)
      const left = await opened[0]!.query({ sql: "SELECT COUNT(*) AS n FROM readings WHERE turn_id IN ('a', 'b')" })
      expect(Number(left[0]!['n'])).toBe(0)
    })

    // The last one: it changes the tables.
    test('stay when the tables get a new form, once and by several programs; an older program then refuses', async () => {
      const before = await all(store)
      expect(before.length).toBeGreaterThan(600)
      const newer = [...turnMigrations, ["ALTER TABLE turns ADD COLUMN note TEXT DEFAULT 'none'"]]
      await Promise.all([connect(), connect()].map(database => migrate(database, newer)))
      expect(await all(store)).toEqual(before)
      const noted = await opened[0]!.query({ sql: "SELECT COUNT(*) AS n FROM turns WHERE note = 'none'" })
      expect(Number(noted[0]!['n'])).toBe(before.length)
      await expect(TurnStore.open(connect())).rejects.toMatchObject({ code: 'DATABASE_TOO_NEW' })
      expect(await all(store)).toEqual(before)
    })
  })
}

function turnOf(id: string, createdAt: string): TurnRecord {
  return {
    id,
    createdAt,
    source: 'served',
    model: 'fake',
    modelFileHash: 'f00',
    client: 'team',
    finishReason: 'stop',
    promptTokens: 12,
    responseTokens: 3,
    steering: [{ vector: 'joyful', mode: 'ablate', layer: 2, positions: 'all', steeredPositions: 4 }],
    readings: { joyful: { layer: 2, promptLast: 0.5, responseMean: -1.25, z: null, percentile: null } },
    expectedScores: { joyful: 61.5 },
    text: { prompt: 'hi', response: 'hello' },
  }
}

async function all(store: TurnStore): Promise<TurnRecord[]> {
  return await Array.fromAsync(store.turns())
}
