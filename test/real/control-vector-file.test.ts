/** Exported control vectors, read by llama.cpp's own loader: the same layer, the same logits. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { locateLibrary } from '../../src/engine/llama/native/locate-library.ts'
import { createRandom } from '../../src/numeric/random.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { assembleVector, noExtraction } from '../../src/vector/format/assemble-vector.ts'
import { exportVector } from '../../src/vector/format/export-vector.ts'
import type { PersonaVector } from '../../src/vector/persona-vector.ts'
import { readVector, writeVector } from '../../src/vector/vector-file.ts'
import { importVector } from '../../src/workbench/import-vector.ts'
import { modelFile } from './models.ts'

const script = join(import.meta.dirname, 'control-vector-file-process.ts')

let folder: string
let directory: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  // A build of one's own has no library of llama.cpp's command line; the prebuilt one does.
  process.env['PERSONASCOPE_ENGINE'] = 'prebuilt'
  directory = locateLibrary().directory
})
afterAll(async () => await rm(folder, { recursive: true }))

/** A direction of length 3 at every layer. */
function randomVector(blockCount: number, hiddenSize: number): PersonaVector {
  const random = createRandom(3)
  const direction = () =>
    Float32Array.from({ length: hiddenSize }, () => (random.next() - 0.5) * (6 / hiddenSize ** 0.5))
  const layers = Array.from({ length: blockCount }, (_, block) => block + 1)
  return assembleVector({
    blockCount,
    hiddenSize,
    directions: new Map(layers.map(layer => [layer as Layer, direction()])),
    provenance: {
      ...noExtraction,
      origin: { kind: 'import', file: 'none', sha256: '', format: 'none', convention: 'hidden-states', layers },
      trait: { name: 'random', hash: 'unknown' },
      model: { id: 'm', fileHash: '', architecture: 'llama', weightFormat: '', chatTemplateHash: '' },
      personascopeVersion: '0',
      createdAt: '',
    },
  })
}

describe('an exported control vector, read by the loader behind --control-vector-scaled', () => {
  test.each([
    ['smollm2-135m-instruct', 'Q8_0', 30, 576, [2, 16, 30, 0]],
    ['gemma-3-270m', 'Q8_0', 18, 640, [2, 9, 18, 0]],
  ] as const)('gives our logits bit for bit on %s as %s, and others one block later', async (...row) => {
    const [model, format, blockCount, hiddenSize, layers] = row
    expect(existsSync(join(directory, 'libllama-common.so'))).toBe(true)
    const { path } = modelFile(model as 'gemma-3-270m', format)
    const vectorFile = join(folder, `${model}.safetensors`)
    const exported = join(folder, `${model}.gguf`)
    await writeVector(vectorFile, randomVector(blockCount, hiddenSize))
    await exportVector(await readVector(vectorFile), { format: 'gguf', path: exported })
    const args = [script, directory, path, vectorFile, exported, ...layers.map(String)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 })
    const lines = stdout.split('\n').filter(line => line.startsWith('{"layer"'))
    expect(lines.map(line => JSON.parse(line))).toEqual(
      layers.map(layer => ({ layer, same: true, steered: true, sameOneBlockLater: false })),
    )
  })

  test('comes back from its file as it was, for the model itself', async () => {
    const { path } = modelFile('smollm2-135m-instruct', 'Q8_0')
    const vector = randomVector(30, 576)
    const exported = join(folder, 'back.gguf')
    await exportVector(vector, { format: 'gguf', path: exported })
    const workspace = openWorkspace(join(folder, 'workspace'))
    const back = await importVector({ path: exported, name: 'back', model: `file:${path}`, workspace })
    expect(back.placed.convention).toBe('llama.cpp')
    expect(back.vector.directions.response_avg.subarray(2 * 576)).toEqual(
      vector.directions.response_avg.subarray(2 * 576),
    )
  })
})
