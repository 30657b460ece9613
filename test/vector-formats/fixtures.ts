/** The files that `make_fixtures.py` made, and what they hold. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const fixtures = join(import.meta.dirname, 'fixtures')

interface ExpectedTensor {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** What each `.pt` holds by tensor name, as PyTorch says; the only tensor has the name ''. */
export const expectedTensors: Readonly<Record<string, Readonly<Record<string, ExpectedTensor>>>> = readExpected()

/** The folders of files that a PyTorch version wrote. */
export const torchFolders: readonly string[] = readdirSync(fixtures).filter(name => name.startsWith('torch-'))

/** The names of the files in a folder. */
export function filesIn(folder: string): string[] {
  return readdirSync(join(fixtures, folder)).sort()
}

function readExpected() {
  const file: Record<string, Record<string, { shape: number[]; float32: string }>> = JSON.parse(
    readFileSync(join(fixtures, 'expected.json'), 'utf8'),
  )
  const tensor = ({ shape, float32 }: { shape: number[]; float32: string }): ExpectedTensor => {
    const view = Buffer.from(float32, 'hex')
    return { shape, values: Float32Array.from({ length: view.length / 4 }, (_, index) => view.readFloatLE(4 * index)) }
  }
  return Object.fromEntries(
    Object.entries(file).map(([name, tensors]) => [
      name,
      Object.fromEntries(Object.entries(tensors).map(([key, value]) => [key, tensor(value)])),
    ]),
  )
}
