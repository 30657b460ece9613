import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { isolateMachine } from './isolated-machine.case.ts'
import { listModels } from './list-models.ts'

const machine = isolateMachine()

async function put(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'x')
  return path
}

test('a fresh machine has none of the models, and one of them is the default', async () => {
  const listed = await listModels()
  expect(listed.length).toBeGreaterThan(10)
  expect(listed.filter(entry => entry.path !== undefined)).toEqual([])
  expect(listed.filter(entry => entry.isDefault).map(entry => entry.model.id)).toEqual(['smollm2-135m-instruct'])
})

test('models of the own cache and of the hub’s are listed with their places', async () => {
  const own = await put(join(machine.models, 'gemma-3-270m', 'gemma-3-270m-q4_k_m.gguf'))
  const snapshots = join(machine.hub, 'models--Qwen--Qwen3-4B-GGUF', 'snapshots')
  const shared = await put(join(snapshots, 'bc640142c66e1fdd12af0bd68f40445458f3869b', 'Qwen3-4B-Q8_0.gguf'))
  const places = (await listModels()).filter(entry => entry.path).map(entry => [entry.model.id, entry.path])
  expect(places).toEqual([
    ['gemma-3-270m', own],
    ['qwen3-4b', shared],
  ])
})

test('a model of which only a part is there is not listed', async () => {
  await put(join(machine.models, 'gemma-3-270m', 'gemma-3-270m-q4_k_m.gguf.part'))
  await put(join(machine.hub, 'models--Qwen--Qwen3-4B-GGUF', 'blobs', `${'a'.repeat(64)}.incomplete`))
  expect((await listModels()).filter(entry => entry.path)).toEqual([])
})
