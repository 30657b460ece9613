/** Files that ask for as much work as the readers' limits allow: whole ones, and ones that only pretend. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { writeControlVector } from '../../src/vector/format/control-vector.ts'
import { longestPickle } from '../../src/vector/format/pickle.ts'
import { mostValues } from '../../src/vector/format/tensor-limits.ts'
import { tensorInstructions, tensorPickle, text, torchFileOf, zipOf } from './build-torch-file.ts'

const rows = 2048
const columns = mostValues / rows

/** Writes them into a folder. @returns their paths */
export async function writeLargeFiles(folder: string): Promise<string[]> {
  const paths: string[] = []
  for (const [name, content] of largeFiles()) {
    paths.push(join(folder, name))
    await writeFile(paths.at(-1)!, content)
  }
  const blocks = Array.from({ length: rows - 1 }, (_, block) => (block + 2) as Layer)
  paths.push(join(folder, 'many-directions.gguf'))
  await writeControlVector(paths.at(-1)!, {
    modelHint: 'llama',
    directions: new Map(blocks.map(layer => [layer, new Float32Array(columns)])),
  })
  return paths
}

function* largeFiles(): Generator<[string, Buffer]> {
  const whole = { count: mostValues, shape: [rows, columns], strides: [columns, 1] }
  yield [
    'float64.pt',
    torchFileOf(tensorPickle({ ...whole, storageType: 'DoubleStorage' }), Buffer.alloc(8 * mostValues)),
  ]
  yield [
    'float16.pt',
    torchFileOf(tensorPickle({ ...whole, storageType: 'HalfStorage' }), Buffer.alloc(2 * mostValues)),
  ]
  yield ['transposed.pt', torchFileOf(tensorPickle({ ...whole, strides: [1, rows] }), Buffer.alloc(4 * mostValues))]
  const repeated = { count: 1, shape: [2, 2, 4, 8, 8, 16, 16, 16], strides: Array(8).fill(0) }
  yield ['one-number-repeated.pt', torchFileOf(tensorPickle(repeated), Buffer.alloc(4))]
  const many = Array.from({ length: 800 }, (_, layer) => [
    text(`layer_${layer}`),
    tensorInstructions({ count: 4096, shape: [4096], strides: [1] }),
  ])
  yield [
    'many-tensors.pt',
    torchFileOf(
      Buffer.concat([Buffer.from([0x80, 2]), Buffer.from('}('), ...many.flat(), Buffer.from('u.')]),
      Buffer.alloc(16_384),
    ),
  ]
  for (const [name, instruction] of [
    ['dictionaries', '}'],
    ['lists', ']'],
    ['marks', '('],
    ['memo', '\x94'],
  ] as const) {
    const body = Buffer.alloc(longestPickle - 4, instruction, 'latin1')
    yield [`${name}.pt`, torchFileOf(Buffer.concat([Buffer.from([0x80, 4]), Buffer.from('N'), body, Buffer.from('.')]))]
  }
  const members = Array.from({ length: 4000 }, (_, key) => ({ name: `a/data/${key}`, content: Buffer.alloc(160) }))
  yield ['many-members.pt', zipOf([{ name: 'a/data.pkl', content: tensorPickle() }, ...members])]
  const data = 4 * mostValues
  const halves = { dtype: 'F16', shape: [rows, data / 2 / rows], data_offsets: [0, data] }
  yield ['too-many-halves.safetensors', safetensorsOf(JSON.stringify({ v: halves }), data)]
  const empty = Array.from({ length: 15_000 }, (_, n) => [
    `layer_${n}`,
    { dtype: 'F32', shape: [0], data_offsets: [0, 0] },
  ])
  yield ['many-tensors.safetensors', safetensorsOf(JSON.stringify(Object.fromEntries(empty)))]
  yield ['nested.safetensors', safetensorsOf('[0,'.repeat(340_000))]
  yield ['nested-objects.safetensors', safetensorsOf('{"":'.repeat(260_000))]
}

function safetensorsOf(header: string, dataBytes = 0): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)])
}
