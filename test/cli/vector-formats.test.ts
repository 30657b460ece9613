/** Vectors in and out and among themselves, as a user meets the commands. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixtures } from '../vector-formats/fixtures.ts'
import { writeSmallModel } from '../vector-formats/small-model.ts'
import { errorLines, runCommand } from './run-command.ts'

let folder: string
let model: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  model = `file:${await writeSmallModel(folder)}`
  for (const [file, name] of [
    ['torch-2.4.1/float32.pt', 'evil'],
    ['torch-2.4.1/transposed.pt', 'joyful'],
    ['torch-2.4.1/float16.pt', 'evil-again'],
  ] as const) {
    const { code, stderr } = await run('import', join(fixtures, file), '--name', name)
    expect(code, stderr).toBe(0)
  }
}, 60_000)
afterAll(async () => await rm(folder, { recursive: true }))

const run = (...args: string[]) => runCommand(['--model', model, 'vector', ...args], { cwd: folder })

async function expectRefusal(args: readonly string[], message: RegExp) {
  const result = await run(...args)
  expect({ code: result.code, lines: errorLines(result).length }, result.stderr).toEqual({ code: 2, lines: 1 })
  expect(errorLines(result)[0]).toMatch(message)
}

describe('vector import', () => {
  test('says which layers it took the rows for, and why', async () => {
    const { code, stdout, stderr } = await run('import', join(fixtures, 'gguf/repeng.gguf'), '--name', 'honest')
    expect(code).toBe(0)
    expect(stdout).toMatch(/Imported honest for small-4-8 \(gguf\): layers 2-4 of 4, hidden size 8\./)
    expect(stdout).toMatch(
      /Layers counted as repeng, because its layer_count is unsigned.*layer N\+1\. Give --convention/,
    )
    expect(stderr).toMatch(/Relative doses are not known/)
  })

  test('does as --convention says, and shows it as JSON', async () => {
    const path = join(fixtures, 'gguf/cvector-generator.gguf')
    const args = ['--json', '--model', model, 'vector', 'import', path, '--name', 'made']
    const { code, stdout } = await runCommand([...args, '--convention', 'llama-cvector-generator'], { cwd: folder })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ format: 'gguf', layers: [1, 2, 3], file: 'cvector-generator.gguf' })
  })

  test('is shown by vector show with where it came from', async () => {
    const { stdout } = await run('show', 'evil')
    expect(stdout).toMatch(
      /evil on small-4-8\nImported from float32\.pt \(pt, layers counted as hidden-states\), sha256 [0-9a-f]{64}\./,
    )
    expect(stdout).toMatch(/how it was made is not known here/)
  })

  test.each<[string, string[], RegExp]>([
    [
      'a pickle that would run something',
      ['hostile/os-system.pt', '--name', 'x'],
      /names posix\.system.*nothing of it was run/,
    ],
    [
      'a file that does not say how it counts',
      ['gguf/bare.gguf', '--name', 'x'],
      /Cannot tell which layers .*--convention/,
    ],
    ['a taken name', ['torch-2.4.1/float32.pt', '--name', 'evil'], /There is a vector evil for small-4-8 already/],
  ])('refuses %s in one line', async (_, [file, ...rest], message) => {
    await expectRefusal(['import', join(fixtures, file!), ...rest], message)
  })
})

describe('vector export', () => {
  test('to GGUF says what acts where, and how llama.cpp takes it', async () => {
    const { code, stdout } = await run('export', 'evil', '--to', 'gguf', '--output', 'evil.gguf')
    expect(code).toBe(0)
    expect(stdout).toMatch(/layers 2-4 of evil/)
    expect(stdout).toMatch(/Layer 1 cannot be in such a file/)
    expect(stdout).toMatch(/--control-vector-scaled evil\.gguf:1 --control-vector-layer-range 1 1/)
  })

  test('to CSV writes a row a layer', async () => {
    expect((await run('export', 'evil', '--to', 'csv', '--output', 'evil.csv', '--layers', '2-3')).code).toBe(0)
    expect((await readFile(join(folder, 'evil.csv'), 'utf8')).trimEnd().split('\n')).toHaveLength(3)
  })

  test.each<[string, string[], RegExp]>([
    [
      'layer 1 to GGUF',
      ['evil', '--to', 'gguf', '--layers', '1-2'],
      /2-4 \(llama\.cpp refuses a direction for the first block/,
    ],
  ])('refuses %s in one line', async (_, args, message) => {
    await expectRefusal(['export', ...args, '--output', 'never'], message)
  })
})

describe('vector combine', () => {
  test('makes a vector that names what it is made of', async () => {
    const sum = ['combine', '0.5*joyful - 0.2*evil', '--name', 'mixed', '--orthogonal-to', 'evil-again', '--normalise']
    const { code, stdout, stderr } = await run(...sum)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/Persona vector mixed on small-4-8\nMade at every layer as 0\.5\*joyful \+ -0\.2\*evil\./)
    expect(stdout).toMatch(/Made orthogonal to evil-again\.\nBrought to length 1\./)
    const { stdout: compared } = await run('compare', 'mixed', 'evil-again')
    expect(compared).toMatch(/mixed +1\.000 +-?0\.000/)
  })

  test.each<[string, string[], RegExp]>([
    ['a sum without spaces', ['joyful+evil'], /Expected a weighted sum of vectors/],
  ])('refuses %s in one line', async (_, [sum], message) => {
    await expectRefusal(['combine', sum!, '--name', 'never'], message)
  })
})

describe('vector compare', () => {
  test('prints the cosine of each with each, and warns of those nearly parallel', async () => {
    const { code, stdout, stderr } = await run(
      'compare',
      'evil',
      'joyful',
      'evil-again',
      '--layer',
      '2',
      '--layer',
      '3',
    )
    expect(code).toBe(0)
    expect(stdout.match(/^layer \d/gm)).toEqual(['layer 2', 'layer 3'])
    expect(stderr).toMatch(/Warning: evil and evil-again are nearly parallel at layer 2 \(cosine 1\.000\)/)
    expect(stderr).not.toMatch(/joyful/)
  })

  test('of one vector is refused', async () => {
    await expectRefusal(['compare', 'evil'], /Expected the vectors to be two or more/)
  })
})
