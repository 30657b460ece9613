import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { checkSources } from './check-sources.ts'
import { contentOf, startFakeHub } from './fake-hub.case.ts'
import { writeFakePip } from './fake-pip.case.ts'
import { isolateMachine } from './isolated-machine.case.ts'

const machine = isolateMachine()

beforeEach(() => {
  vi.stubEnv('PATH', machine.directory)
  vi.stubEnv('HF_HUB_OFFLINE', '1')
})

test('a machine where everything works', async () => {
  await using hub = await startFakeHub(contentOf(10))
  vi.stubEnv('HF_ENDPOINT', hub.url)
  vi.stubEnv('HF_HUB_OFFLINE', undefined)
  vi.stubEnv('PATH', writeFakePip(join(machine.directory, 'bin'), ['pip']).directory)
  const report = await checkSources()
  expect(report).toMatchObject({
    pip: { found: true, command: 'pip', version: '99.1' },
    hub: { url: hub.url, reachable: true },
    caches: [
      { path: machine.models, writable: true },
      { path: machine.hub, writable: true },
    ],
  })
  for (const cache of report.caches) expect(cache.freeBytes).toBeGreaterThan(0)
})

test('looking leaves no trace', async () => {
  await checkSources()
  expect(readdirSync(machine.directory)).toEqual([])
})

test('a machine without pip, offline by will', async () => {
  expect(await checkSources()).toMatchObject({
    pip: { found: false },
    hub: { reachable: false, detail: 'HF_HUB_OFFLINE is set', durationMs: 0 },
  })
})

test('a hub that is ill, and one that is not there', async () => {
  await using hub = await startFakeHub(contentOf(10))
  hub.status = 502
  vi.stubEnv('HF_HUB_OFFLINE', undefined)
  vi.stubEnv('HF_ENDPOINT', hub.url)
  expect((await checkSources()).hub).toMatchObject({ reachable: false, detail: 'answered with an error (502)' })
  vi.stubEnv('HF_ENDPOINT', 'http://hub.invalid')
  expect((await checkSources()).hub).toMatchObject({
    reachable: false,
    detail: expect.stringMatching(/^cannot be reached/),
  })
})

test('a cache that cannot be written says why', async () => {
  const occupied = join(machine.directory, 'occupied')
  await writeFile(occupied, '')
  vi.stubEnv('PERSONASCOPE_CACHE', occupied)
  const [own] = (await checkSources()).caches
  expect(own).toMatchObject({ writable: false, detail: expect.stringMatching(/ENOTDIR/) })
  expect(existsSync(occupied)).toBe(true)
})
