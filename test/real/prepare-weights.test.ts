/** Weights are chosen by measuring, while other processes and other calls use the same folder. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readyModel } from '../../src/workbench/open-model.ts'
import { modelFile } from './models.ts'

let cache: string

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'personascope-weights-'))
  vi.stubEnv('PERSONASCOPE_CACHE', cache)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(cache, { recursive: true })
})

test('measuring removes no weights that somebody asked for by format, and is done once for two who wait', async () => {
  const name = `file:${modelFile('smollm2-135m-instruct', 'F32').path}`
  const asked = await Promise.all((['Q8_0', 'BF16', 'F16'] as const).map(weights => readyModel(name, { weights })))
  const folder = dirname(asked[0]!.file.path)
  rmSync(asked[2]!.file.path)
  const measured: string[] = []
  const onStep = (step: { readonly type: string }) => {
    if (step.type === 'measure') measured.push(step.type)
  }
  const [one, other] = await Promise.all([readyModel(name, { onStep }), readyModel(name, { onStep })])
  expect(one.file).toEqual(other.file)
  expect(measured).toHaveLength(3)
  expect(existsSync(one.file.path)).toBe(true)
  for (const { file } of asked.slice(0, 2)) expect(existsSync(file.path)).toBe(true)
  expect(readdirSync(folder).filter(file => /candidates|lock|part/.test(file))).toEqual([])
}, 180_000)
