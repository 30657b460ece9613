import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { createRandom } from '../numeric/random.ts'
import { readSafetensors, writeSafetensors } from './safetensors.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const content = {
  tensors: {
    first: { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 1e-30, Number.MAX_VALUE, 0) },
    second: { shape: [1], values: Float32Array.of(7) },
    empty: { shape: [0, 4], values: new Float32Array(0) },
  },
  metadata: { note: 'Grüße', list: '[1,2]' },
}

describe('safetensors', () => {
  test('are read as they were written, bit for bit', async () => {
    const path = join(folder, 'a.safetensors')
    await writeSafetensors(path, content)
    expect(await readSafetensors(path)).toEqual(content)
  })

  test('are laid out as the format says', async () => {
    const path = join(folder, 'b.safetensors')
    await writeSafetensors(path, content)
    const bytes = await readFile(path)
    const length = Number(bytes.readBigUInt64LE())
    expect(length % 8).toBe(0)
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString())
    expect(header.first).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] })
    expect(header.__metadata__).toEqual(content.metadata)
    expect(bytes.readFloatLE(8 + length + 8)).toBe(3.5)
    expect(bytes.length).toBe(8 + length + 28)
  })

  test('leave nothing else behind', async () => {
    expect((await readdir(folder)).filter(file => file.endsWith('.part'))).toEqual([])
  })

  test.each([
    ['too short', Buffer.from('abc')],
    [
      'a header longer than the file',
      Buffer.concat([Buffer.from(new BigUint64Array([1000n]).buffer), Buffer.from('{}')]),
    ],
    [
      'a hostile header length',
      Buffer.concat([Buffer.from(new BigUint64Array([2n ** 63n]).buffer), Buffer.from('{}')]),
    ],
    ['no JSON', withHeader('not json')],
    ['no object', withHeader('[1]')],
    ['another type', withHeader('{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', 2)],
    ['a shape that does not fit', withHeader('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4)],
    [
      'an overflowing shape',
      withHeader('{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,4]}}', 4),
    ],
    ['a negative offset', withHeader('{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}', 4)],
    [
      'overlapping tensors',
      withHeader(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
      ),
    ],
    ['data cut short', withHeader('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 4)],
    ['data behind the end', withHeader('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 8)],
    [
      'a name that would reach the prototype',
      withHeader('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    ],
    ['metadata that is not text', withHeader('{"__metadata__":{"a":1}}')],
  ])('with %s are refused', async (_, bytes) => {
    const path = join(folder, 'bad.safetensors')
    await writeFile(path, bytes)
    await expect(readSafetensors(path)).rejects.toMatchObject({ code: 'FILE_INVALID', facts: { path } })
  })

  test('that do not exist are named', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('damaged at random are read or refused, never anything else', async () => {
    const path = join(folder, 'c.safetensors')
    await writeSafetensors(path, content)
    const whole = await readFile(path)
    const random = createRandom(1)
    const target = join(folder, 'damaged.safetensors')
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(whole)
      for (let flip = 0; flip < 1 + (round % 4); flip++)
        bytes[Math.floor(random.next() * bytes.length)]! ^= 1 << Math.floor(random.next() * 8)
      await writeFile(target, round % 5 === 0 ? bytes.subarray(0, Math.floor(random.next() * bytes.length)) : bytes)
      const outcome = await readSafetensors(target).catch((error: unknown) => error)
      if (outcome instanceof Error) expect(PersonascopeError.is(outcome), String(outcome)).toBe(true)
    }
  })
})

function withHeader(header: string, dataLength = 0): Buffer {
  const text = Buffer.from(header)
  return Buffer.concat([Buffer.from(new BigUint64Array([BigInt(text.length)]).buffer), text, Buffer.alloc(dataLength)])
}
