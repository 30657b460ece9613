/**
 * Reads the tensors of a file that `torch.save` wrote: a zip with a pickle that describes them, and their numbers in
 * members of their own. Nothing in the file is run.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { Malformed, shown } from '../../model/header-reader.ts'
import { decodeFloats, floatBytes } from '../../store/float-values.ts'
import type { Tensor } from '../../store/safetensors.ts'
import { longestPickle, PickledDictionary, PickledTensor, readPickle, type Storage } from './pickle.ts'
import { readExactly } from './read-exactly.ts'
import { mostValues, valuesIn } from './tensor-limits.ts'
import { readZipDirectory, readZipMember, type ZipMember } from './zip-directory.ts'

const longestByteOrder = 16
/** Names its one tensor where the file holds nothing around it. */
export const onlyTensor = ''

/**
 * The floating-point tensors of a `.pt` file by name, as F32 in row-major order; a file that is one tensor has it under
 * `onlyTensor`.
 * @throws Malformed with what is wrong
 */
export async function readTorchFile(path: string): Promise<Map<string, Tensor>> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    await refuseOldFormat(file, size)
    return await readArchive(file, size)
  } finally {
    await file.close()
  }
}

/** Before PyTorch 1.6 a file was a row of pickles, the first of them a number that marks the format. */
async function refuseOldFormat(file: FileHandle, size: number): Promise<void> {
  const start = await readExactly(file, 0, Math.min(size, 4))
  if (start.toString('latin1', 0, 2) === 'PK') return
  if (start[0] !== 0x80) throw new Malformed('it is no file of torch.save: it is not a zip archive')
  const resave = "t = torch.load('old.pt', weights_only=True); torch.save(t, 'new.pt')"
  throw new Malformed(`it is in the format PyTorch used before version 1.6; save it again in Python with: ${resave}`)
}

async function readArchive(file: FileHandle, size: number): Promise<Map<string, Tensor>> {
  const members = await readZipDirectory(file, size)
  const pickles = [...members.keys()].filter(name => /^[^/]+\/data\.pkl$/.test(name))
  if (pickles.length !== 1) throw new Malformed('it holds no pickle of tensors (a TorchScript archive, or another zip)')
  const folder = pickles[0]!.slice(0, -'data.pkl'.length)
  const read = async (name: string, most: number) => {
    const member = memberOf(members, `${folder}${name}`)
    if (member.size > most)
      throw new Malformed(`member ${shown(name)} has ${member.size} bytes, at most ${most} are read`)
    return await readZipMember(file, member, size)
  }
  if (members.has(`${folder}byteorder`)) {
    const order = (await read('byteorder', longestByteOrder)).toString('latin1')
    if (order !== 'little') throw new Malformed(`its byte order is ${shown(order)}`)
  }
  const described = tensorsOf(readPickle(await read('data.pkl', longestPickle)))
  const storages = new Map<string, Float32Array>()
  let stored = 0
  const numbersOf = async ({ key, type, count }: Storage): Promise<Float32Array> => {
    const name = `${key} ${type} ${count}`
    const known = storages.get(name)
    if (known) return known
    stored += count
    if (stored > mostValues)
      throw new Malformed(
        `its storage has ${stored} numbers, at most ${mostValues} are read: save tensor.clone() instead`,
      )
    const bytes = await read(`data/${key}`, count * floatBytes[type])
    if (bytes.length !== count * floatBytes[type])
      throw new Malformed(`storage ${shown(key)} has ${bytes.length} bytes, ${count} ${type} numbers are claimed`)
    const values = decodeFloats(bytes, type)
    storages.set(name, values)
    return values
  }
  const tensors = new Map<string, Tensor>()
  let total = 0
  for (const [name, tensor] of described) {
    total += valuesIn(tensor.shape, name === onlyTensor ? 'its tensor' : `tensor ${shown(name)}`)
    valuesIn([total], 'all of it')
    tensors.set(name, gather(tensor, await numbersOf(tensor.storage)))
  }
  return tensors
}

function memberOf(members: ReadonlyMap<string, ZipMember>, name: string): ZipMember {
  const member = members.get(name)
  if (!member) throw new Malformed(`its member ${shown(name)} is missing`)
  return member
}

function tensorsOf(value: ReturnType<typeof readPickle>): Map<string, PickledTensor> {
  if (value instanceof PickledTensor) return new Map([[onlyTensor, value]])
  if (!(value instanceof PickledDictionary))
    throw new Malformed('it holds neither a tensor nor a dictionary of tensors')
  const found = [...value.entries].filter(
    (entry): entry is [string, PickledTensor] => entry[1] instanceof PickledTensor,
  )
  if (found.length === 0) throw new Malformed('no entry of its dictionary is a tensor')
  return new Map(found)
}

/** The numbers of a tensor in row-major order. */
function gather({ offset, shape, strides }: PickledTensor, storage: Float32Array): Tensor {
  const count = valuesIn(shape, 'its tensor')
  if (count === 0) return { shape, values: new Float32Array(0) }
  const last = shape.reduce((at, length, dimension) => at + (length - 1) * strides[dimension]!, offset)
  if (!(last < storage.length)) throw new Malformed(`its tensor reaches number ${last} of ${storage.length}`)
  if (isRowMajor(shape, strides)) return { shape, values: storage.slice(offset, offset + count) }
  const values = new Float32Array(count)
  const position = shape.map(() => 0)
  let at = offset
  for (let index = 0; index < count; index++) {
    values[index] = storage[at]!
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      at += strides[dimension]!
      position[dimension]!++
      if (position[dimension]! < shape[dimension]!) break
      at -= strides[dimension]! * shape[dimension]!
      position[dimension] = 0
    }
  }
  return { shape, values }
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1
  for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
    if (shape[dimension] !== 1 && strides[dimension] !== step) return false
    step *= shape[dimension]!
  }
  return true
}
