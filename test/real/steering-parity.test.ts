/** Steering against llama.cpp's own control vectors: the same layer, the same coefficient, the same logits. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { locateLibrary } from '../../src/engine/llama/native/locate-library.ts'
import { modelFile } from './models.ts'

const script = join(import.meta.dirname, 'control-vector-process.ts')

async function compare(path: string, layers: readonly number[]): Promise<unknown[]> {
  const args = [script, locateLibrary().directory, path, ...layers.map(String)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 })
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

describe('steering gives the logits of llama_set_adapter_cvec, bit for bit', () => {
  test.each([
    ['smollm2-135m-instruct', 'Q8_0', [2, 16, 30]],
    ['smollm2-135m-instruct', 'F32', [2, 16, 30]],
    ['gemma-3-270m', 'Q8_0', [2, 9, 18]],
  ] as const)('on %s as %s', async (model, format, layers) => {
    const { path } = modelFile(model as 'gemma-3-270m', format as 'Q8_0')
    expect(await compare(path, layers)).toEqual(layers.map(layer => ({ layer, same: true, steered: true })))
  })
})
