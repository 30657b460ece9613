/**
 * Reads a pickle that holds tensors, without Python and without running anything from it.
 *
 * A pickle is a program for a small stack machine that may call any function it names. This machine knows the
 * instructions that `torch.save` writes for tensors, and the names below; at anything else it stops. A tensor becomes
 * a description of where its numbers lie.
 */
import { Malformed, shown } from '../../model/header-reader.ts'
import type { FloatType } from '../../store/float-values.ts'

export type PickledValue =
  | undefined
  | boolean
  | number
  | string
  | PickledTensor
  | PickledList
  | PickledDictionary
  | Name
  | Storage

/** A tensor: which numbers of a storage it is made of. */
export class PickledTensor {
  readonly storage: Storage
  /** Where in the storage its first number is. */
  readonly offset: number
  readonly shape: readonly number[]
  /** How far apart neighbours along each dimension are, in numbers. */
  readonly strides: readonly number[]

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

/** Numbers that lie in a file of their own beside the pickle. */
export class Storage {
  readonly type: FloatType
  /** The name of its file. */
  readonly key: string
  /** How many numbers it has. */
  readonly count: number

  constructor(type: FloatType, key: string, count: number) {
    this.type = type
    this.key = key
    this.count = count
  }
}

/** A tuple or a list. */
export class PickledList {
  readonly items: PickledValue[]

  constructor(items: PickledValue[]) {
    this.items = items
  }
}

export class PickledDictionary {
  readonly entries = new Map<string, PickledValue>()
}

/** The name of a thing of Python's, one of those below. */
class Name {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const rebuildTensor = 'torch._utils._rebuild_tensor_v2'
const orderedDictionary = 'collections.OrderedDict'
const storageTypes: Readonly<Record<string, FloatType>> = {
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
}
const allowedNames = new Set([rebuildTensor, orderedDictionary, ...Object.keys(storageTypes)])

/** One tensor takes 154 bytes; a thousand in a dictionary fit. */
export const longestPickle = 2 ** 17
const newestProtocol = 5
const mostDimensions = 8
const longestName = 256

/** Instructions that torch.save does not write for tensors, by what they are called in messages. */
const refusedNames: Readonly<Record<number, string>> = {
  48: 'POP',
  49: 'POP_MARK',
  50: 'DUP',
  80: 'PERSID',
  98: 'BUILD',
  105: 'INST',
  111: 'OBJ',
  129: 'NEWOBJ',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  146: 'NEWOBJ_EX',
  151: 'NEXT_BUFFER',
}

/**
 * What a pickle holds.
 * @throws Malformed where it is damaged, or holds anything but tensors, numbers and texts by name
 */
export function readPickle(bytes: Buffer): PickledValue {
  if (bytes.length > longestPickle)
    throw new Malformed(`its pickle has ${bytes.length} bytes, at most ${longestPickle} are read`)
  return new Machine(bytes).run()
}

class Machine {
  readonly #bytes: Buffer
  #at = 0
  #stack: PickledValue[] = []
  /** The stacks below each open mark. */
  readonly #below: PickledValue[][] = []
  readonly #memo = new Map<number, PickledValue>()

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  run(): PickledValue {
    if (this.#byte() !== 0x80) throw new Malformed('its pickle does not begin as one')
    const protocol = this.#byte()
    if (protocol < 2 || protocol > newestProtocol) throw new Malformed(`its pickle is of protocol ${protocol}`)
    for (;;) {
      const opcode = this.#byte()
      if (opcode === 0x2e) return this.#result()
      this.#step(opcode)
    }
  }

  #result(): PickledValue {
    const value = this.#pop()
    if (this.#stack.length > 0 || this.#below.length > 0) throw new Malformed('its pickle leaves values over')
    if (this.#at !== this.#bytes.length) throw new Malformed('its pickle goes on after its end')
    return value
  }

  #step(opcode: number): void {
    switch (opcode) {
      case 0x95: // FRAME
        if (this.#size(8) > this.#bytes.length - this.#at)
          throw new Malformed('a frame of its pickle goes over its end')
        return
      case 0x28: // MARK
        this.#below.push(this.#stack)
        this.#stack = []
        return
      case 0x4e: // NONE
        return this.#push(undefined)
      case 0x88: // NEWTRUE
        return this.#push(true)
      case 0x89: // NEWFALSE
        return this.#push(false)
      case 0x4b: // BININT1
        return this.#push(this.#byte())
      case 0x4d: // BININT2
        return this.#push(this.#take(2).readUInt16LE())
      case 0x4a: // BININT
        return this.#push(this.#take(4).readInt32LE())
      case 0x8a: // LONG1
        return this.#push(this.#long())
      case 0x47: // BINFLOAT
        return this.#push(this.#take(8).readDoubleBE())
      case 0x58: // BINUNICODE
        return this.#push(this.#text(4))
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(1))
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return this.#push(new PickledList([]))
      case 0x85: // TUPLE1
        return this.#pushTuple(1)
      case 0x86: // TUPLE2
        return this.#pushTuple(2)
      case 0x87: // TUPLE3
        return this.#pushTuple(3)
      case 0x74: // TUPLE
        return this.#push(new PickledList(this.#popToMark()))
      case 0x61: // APPEND
        return this.#append([this.#pop()])
      case 0x65: // APPENDS
        return this.#append(this.#popToMark())
      case 0x7d: // EMPTY_DICT
        return this.#push(new PickledDictionary())
      case 0x73: // SETITEM
        return this.#setItems([this.#pop(), this.#pop()].reverse())
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark())
      case 0x71: // BINPUT
        return this.#remember(this.#byte())
      case 0x72: // LONG_BINPUT
        return this.#remember(this.#size(4))
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size)
      case 0x68: // BINGET
        return this.#recall(this.#byte())
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#size(4))
      case 0x63: // GLOBAL
        return this.#name(this.#line(), this.#line())
      case 0x93: {
        // STACK_GLOBAL
        const [name, module] = [this.#pop(), this.#pop()]
        if (typeof name !== 'string' || typeof module !== 'string')
          throw new Malformed('a name in its pickle is no text')
        return this.#name(module, name)
      }
      case 0x51: // BINPERSID
        return this.#push(storageOf(this.#pop()))
      case 0x52: {
        // REDUCE
        const [given, callee] = [this.#pop(), this.#pop()]
        return this.#push(call(callee, given))
      }
      default: {
        const name = refusedNames[opcode] ?? `0x${opcode.toString(16)}`
        throw new Malformed(`its pickle uses the instruction ${name}, which no tensor needs; nothing of it was run`)
      }
    }
  }

  #push(value: PickledValue): void {
    this.#stack.push(value)
  }

  #pop(): PickledValue {
    if (this.#stack.length === 0) throw new Malformed('its pickle takes a value where there is none')
    return this.#stack.pop()
  }

  #top(): PickledValue {
    if (this.#stack.length === 0) throw new Malformed('its pickle takes a value where there is none')
    return this.#stack.at(-1)
  }

  #popToMark(): PickledValue[] {
    const below = this.#below.pop()
    if (!below) throw new Malformed('its pickle closes a mark that was not opened')
    const items = this.#stack
    this.#stack = below
    return items
  }

  #pushTuple(length: number): void {
    const items = Array.from({ length }, () => this.#pop()).reverse()
    this.#push(new PickledList(items))
  }

  #append(items: readonly PickledValue[]): void {
    const list = this.#top()
    if (!(list instanceof PickledList)) throw new Malformed('its pickle appends to what is no list')
    for (const item of items) list.items.push(item)
  }

  #setItems(items: readonly PickledValue[]): void {
    const dictionary = this.#top()
    if (!(dictionary instanceof PickledDictionary) || items.length % 2 !== 0)
      throw new Malformed('its pickle sets a key of what is no dictionary')
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index]
      if (typeof key !== 'string' && typeof key !== 'number') throw new Malformed('a key of its dictionary is no text')
      dictionary.entries.set(String(key), items[index + 1])
    }
  }

  #remember(slot: number): void {
    this.#memo.set(slot, this.#top())
  }

  #recall(slot: number): void {
    if (!this.#memo.has(slot)) throw new Malformed('its pickle recalls a value it never had')
    this.#push(this.#memo.get(slot))
  }

  #name(module: string, name: string): void {
    const text = `${module}.${name}`
    if (allowedNames.has(text)) return this.#push(new Name(text))
    if (/^torch\.\w+Storage$/.test(text)) throw new Malformed(`its numbers are a ${text}, not floating-point numbers`)
    throw new Malformed(`its pickle names ${shown(text)}, which no tensor needs; nothing of it was run`)
  }

  #byte(): number {
    return this.#take(1)[0]!
  }

  #take(count: number): Buffer {
    if (count > this.#bytes.length - this.#at) throw new Malformed('its pickle is cut short')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  /** An unsigned length of 1, 4 or 8 bytes. */
  #size(bytes: 1 | 4 | 8): number {
    const taken = this.#take(bytes)
    return bytes === 8 ? Number(taken.readBigUInt64LE()) : taken.readUIntLE(0, bytes)
  }

  #text(lengthBytes: 1 | 4): string {
    return this.#take(this.#size(lengthBytes)).toString('utf8')
  }

  /** Little-endian two's complement of up to 8 bytes. */
  #long(): number {
    const length = this.#byte()
    if (length > 8) throw new Malformed(`its pickle holds a number of ${length} bytes`)
    const bytes = this.#take(length)
    const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    return Number(BigInt.asIntN(8 * length, value))
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at)
    if (end < 0 || end - this.#at > longestName) throw new Malformed('a name in its pickle does not end')
    const text = this.#take(end - this.#at).toString('utf8')
    this.#at++
    return text
  }
}

/** @param id ('storage', its type, its key, the device it was on, how many numbers) */
function storageOf(id: PickledValue): Storage {
  if (id instanceof PickledList && id.items.length === 5) {
    const [what, type, key, , count] = id.items
    if (what === 'storage' && type instanceof Name && typeof key === 'string' && isCount(count)) {
      const float = storageTypes[type.text]
      if (float) return new Storage(float, key, count)
    }
  }
  throw new Malformed('its pickle refers to numbers in a way that torch.save does not')
}

function call(callee: PickledValue, given: PickledValue): PickledValue {
  if (callee instanceof Name && given instanceof PickledList) {
    if (callee.text === orderedDictionary && given.items.length === 0) return new PickledDictionary()
    if (callee.text === rebuildTensor) return tensorOf(given.items)
  }
  throw new Malformed('its pickle calls what it may not; nothing of it was run')
}

/** @param given the storage, the offset, the shape, the strides; then what only training needs */
function tensorOf([storage, offset, shape, strides]: readonly PickledValue[]): PickledTensor {
  if (storage instanceof Storage && isCount(offset) && isShape(shape) && isShape(strides)) {
    const [lengths, steps] = [shape.items as number[], strides.items as number[]]
    if (lengths.length === steps.length) return new PickledTensor(storage, offset, [...lengths], [...steps])
  }
  throw new Malformed('its pickle describes a tensor in a way that torch.save does not')
}

function isShape(value: PickledValue): value is PickledList {
  return value instanceof PickledList && value.items.length <= mostDimensions && value.items.every(isCount)
}

function isCount(value: PickledValue): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
