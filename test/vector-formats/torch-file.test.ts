/** Files of torch.save: those of four PyTorch versions, and those that want to run something. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readForeignVector } from '../../src/vector/format/read-foreign-vector.ts'
import { readTorchFile } from '../../src/vector/format/read-torch-file.ts'
import {
  bytes,
  integer,
  type MemberToWrite,
  tensorInstructions,
  tensorPickle,
  text,
  torchFileOf,
  zipOf,
} from './build-torch-file.ts'
import { expectedTensors, filesIn, fixtures, torchFolders } from './fixtures.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

async function outcomeOf(content: Buffer) {
  const path = join(folder, 'a.pt')
  await writeFile(path, content)
  return await readForeignVector(path, { from: 'pt' }).catch((error: Error & { code?: string }) => error)
}

/** Refused as a file of the user's, in one line that says why. */
async function expectRefused(content: Buffer, why: RegExp) {
  const outcome = await outcomeOf(content)
  expect(outcome).toMatchObject({ code: 'FILE_INVALID', message: expect.stringMatching(why) })
}

test('there are files of four PyTorch versions, the oldest 1.13', () => {
  expect(torchFolders).toHaveLength(4)
  expect(torchFolders).toContain('torch-1.13.1')
})

describe.each(torchFolders)('files of %s', version => {
  test.each(Object.keys(expectedTensors))('%s is read bit for bit', async name => {
    const tensors = await readTorchFile(join(fixtures, version, `${name}.pt`))
    expect(Object.fromEntries(tensors)).toEqual(expectedTensors[name])
    for (const [key, { values }] of Object.entries(expectedTensors[name]!)) {
      // Equality above does not tell 0 from -0.
      expect(Buffer.from(tensors.get(key)!.values.slice().buffer)).toEqual(Buffer.from(values.slice().buffer))
    }
  })

  test.each(filesIn(version).filter(name => name.startsWith('refused-')))('%s is refused', async name => {
    const outcome = readForeignVector(join(fixtures, version, name))
    await expect(outcome).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })

  test('the old format is refused with a line that says how to save it again', async () => {
    const outcome = readForeignVector(join(fixtures, version, 'refused-old-format.pt'))
    await expect(outcome).rejects.toThrow(
      /before version 1\.6.*torch\.load\('old\.pt', weights_only=True\); torch\.save/,
    )
  })
})

describe('pickles that Python made to run something', () => {
  test.each(filesIn('hostile').filter(name => name !== 'compressed.pt'))('%s is refused', async name => {
    const outcome = readForeignVector(join(fixtures, 'hostile', name))
    await expect(outcome).rejects.toMatchObject({ code: 'FILE_INVALID' })
    if (name !== 'protocol-0.pt') await expect(outcome).rejects.toThrow(/nothing of it was run/)
  })

  test('a refusal names what the file asked for', async () => {
    const outcome = readForeignVector(join(fixtures, 'hostile', 'in-a-dictionary.pt'))
    await expect(outcome).rejects.toThrow(/posix\.system/)
  })

  test('a compressed archive is refused before anything is unpacked', async () => {
    const outcome = readForeignVector(join(fixtures, 'hostile', 'compressed.pt'))
    await expect(outcome).rejects.toThrow(/is compressed/)
  })
})

/** A pickle of protocol 2 with these instructions in it. */
function pickle(...parts: readonly (Buffer | string | number)[]): Buffer {
  const bodies = parts.map(part => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string)))
  return Buffer.concat([Buffer.from([0x80, 2]), ...bodies, Buffer.from('.')])
}

describe('pickles made by hand', () => {
  test('the tensor these tests start from is read', async () => {
    const storage = Buffer.alloc(160)
    for (let index = 0; index < 40; index++) storage.writeFloatLE(index, 4 * index)
    const vector = await outcomeOf(torchFileOf(tensorPickle(), storage))
    expect(vector).toMatchObject({ layout: 'matrix', hiddenSize: 8 })
  })

  test.each<[string, Buffer, RegExp]>([
    ['INST', pickle('(ios\nsystem\n'), /instruction INST/],
    ['OBJ', pickle('(cos\nsystem\no'), /names os\.system/],
    ['OBJ of an allowed name', pickle('(ccollections\nOrderedDict\no'), /instruction OBJ/],
    ['EXT1', pickle(0x82, 1), /instruction EXT1/],
    ['EXT2', pickle(0x83, bytes(2, 1)), /instruction EXT2/],
    ['EXT4', pickle(0x84, bytes(4, 1)), /instruction EXT4/],
    ['NEWOBJ', pickle('ccollections\nOrderedDict\n)', 0x81), /instruction NEWOBJ/],
    ['NEWOBJ_EX', pickle('ccollections\nOrderedDict\n)}', 0x92), /instruction NEWOBJ_EX/],
    ['BUILD', pickle('ccollections\nOrderedDict\n)R}b'), /instruction BUILD/],
    ['BUILD of a tensor', pickle(tensorInstructions(), '}b'), /instruction BUILD/],
    ['PERSID', pickle('P0\n'), /instruction PERSID/],
    ['DUP', pickle('N2'), /instruction DUP/],
    ['an instruction there is not', pickle(0xff), /instruction 0xff/],
    ['a name by STACK_GLOBAL', pickle(text('os'), text('system'), 0x93), /names os\.system/],
    ['a name with a dot inside', pickle('ctorch\n_utils._rebuild_tensor_v2.__globals__\n'), /names torch\._utils/],
    ['a module in another spelling', pickle('ctorch._utils \n_rebuild_tensor_v2\n'), /names torch\._utils /],
    ['a STACK_GLOBAL of numbers', pickle('K\x01K\x02', 0x93), /is no text/],
    ['a call of a storage', pickle('ctorch\nFloatStorage\n)R'), /calls what it may not/],
    ['a call of a tensor', pickle(tensorInstructions(), ')R'), /calls what it may not/],
    ['a call of a text', pickle(text('os.system'), ')R'), /calls what it may not/],
    ['an OrderedDict with arguments', pickle('ccollections\nOrderedDict\nN', 0x85, 'R'), /calls what it may not/],
    ['a tensor of no storage', pickle('ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))t', 'R'), /describes a tensor/],
    ['a tensor with too few arguments', pickle('ctorch._utils\n_rebuild_tensor_v2\n)R'), /describes a tensor/],
    ['a persistent id that is no storage', pickle(text('x'), 'Q'), /refers to numbers/],
    ['a storage of an allowed name that is none', storageOf('ccollections\nOrderedDict\n'), /refers to numbers/],
  ])('with %s are refused', async (_, content, why) => {
    await expectRefused(torchFileOf(content), why)
  })

  test.each<[string, Buffer, RegExp]>([
    ['no bytes', Buffer.alloc(0), /cut short/],
    ['only a beginning', Buffer.from([0x80, 2]), /cut short/],
    ['an unknown protocol', Buffer.from([0x80, 9, 0x4e, 0x2e]), /protocol 9/],
    ['nothing on the stack', pickle(), /takes a value where there is none/],
    ['values left over', pickle('NN'), /leaves values over/],
    ['an open mark', pickle('(N'), /leaves values over/],
    ['a mark that was not opened', pickle('t'), /closes a mark/],
    ['bytes after its end', Buffer.concat([pickle('N'), Buffer.from('N')]), /goes on after its end/],
    ['a memo slot never filled', pickle('h\x05'), /recalls a value it never had/],
    ['a text longer than the file', pickle(text('x', 0xffff_ffff)), /cut short/],
    ['a frame longer than the file', pickle(0x95, bytes(8, 2 ** 40)), /frame/],
    ['a name without end', pickle(`c${'x'.repeat(5000)}`), /does not end/],
    ['a number of 255 bytes', pickle(0x8a, 255, Buffer.alloc(255)), /number of 255 bytes/],
    ['a list appended to a number', pickle('K\x01Na'), /appends to what is no list/],
    ['a key set on a tuple', pickle(')NNs'), /no dictionary/],
    ['an odd number of keys', pickle('}(NNNu'), /no dictionary/],
    ['a key that is a list', pickle('}]Ns'), /is no text/],
  ])('with %s are refused', async (_, content, why) => {
    await expectRefused(torchFileOf(content), why)
  })

  test('a value that doubles two hundred times is neither unfolded nor believed', async () => {
    // Each step recalls the last pair and pairs it with itself: 2^200 leaves in a kilobyte.
    const doublings = Array.from({ length: 200 }, (_, slot) => Buffer.from([0x68, slot, 0x86, 0x71, slot + 1]))
    const doubled = Buffer.concat([Buffer.from(')q\x00', 'latin1'), ...doublings])
    await expectRefused(torchFileOf(pickle(doubled)), /neither a tensor nor a dictionary/)
    const asShape = pickle('ctorch._utils\n_rebuild_tensor_v2\n(N', integer(0), doubled, doubled, 'tR')
    await expectRefused(torchFileOf(asShape), /describes a tensor/)
    const asName = pickle(doubled, text('system'), 0x93)
    await expectRefused(torchFileOf(asName), /is no text/)
  })

  test('a list that holds itself is refused', async () => {
    await expectRefused(torchFileOf(pickle(']q\x00h\x00a')), /neither a tensor nor a dictionary/)
  })

  test('a pickle of nothing but marks is refused, and a longer one is not begun', async () => {
    await expectRefused(torchFileOf(pickle('('.repeat(2 ** 17 - 3))), /takes a value where there is none/)
    await expectRefused(torchFileOf(pickle('('.repeat(2 ** 17))), /at most 131072 are read/)
  })

  test.each<[string, Buffer, RegExp]>([
    ['reaches over its storage', tensorPickle({ offset: 1 }), /reaches number 40 of 40/],
    ['steps over its storage', tensorPickle({ strides: [9, 1] }), /reaches number 43 of 40/],
    ['has a negative stride', tensorPickle({ strides: [-8, 1] }), /describes a tensor/],
    ['has a negative offset', tensorPickle({ offset: -1 }), /describes a tensor/],
    ['has more strides than lengths', tensorPickle({ strides: [8, 1, 1] }), /describes a tensor/],
    ['has a length beyond all memory', tensorPickle({ shape: [2 ** 52, 8], strides: [0, 0] }), /at most .* are read/],
    ['repeats one number without end', tensorPickle({ shape: [2 ** 31 - 1, 2 ** 31 - 1], strides: [0, 0] }), /at most/],
    ['has a hundred thousand rows', tensorPickle({ shape: [100_000, 8], strides: [0, 1] }), /more than any model/],
    ['has nine dimensions', tensorPickle({ shape: Array(9).fill(1), strides: Array(9).fill(1) }), /describes a tensor/],
    ['is one number', tensorPickle({ shape: [], strides: [] }), /expected layers x hidden size/],
    ['claims a storage of more', tensorPickle({ count: 41 }), /has 160 bytes, 41 F32 numbers/],
    ['claims a storage of less', tensorPickle({ count: 39 }), /has 160 bytes|at most/],
    ['claims a storage of terabytes', tensorPickle({ count: 2 ** 45 }), /at most .* are read: save tensor.clone/],
    ['names a storage that is missing', tensorPickle({ key: '1' }), /archive\/data\/1 is missing/],
    ['names a storage outside', tensorPickle({ key: '../../../etc/passwd' }), /is missing/],
    ['holds whole numbers', tensorPickle({ storageType: 'LongStorage' }), /torch\.LongStorage, not floating-point/],
  ])('whose tensor %s are refused', async (_, content, why) => {
    await expectRefused(torchFileOf(content), why)
  })
})

describe('archives made by hand', () => {
  const member = (more: Partial<MemberToWrite> = {}): MemberToWrite[] => [
    { name: 'archive/data.pkl', content: tensorPickle(), ...more },
    { name: 'archive/data/0', content: Buffer.alloc(160) },
  ]

  test.each<[string, Buffer, RegExp]>([
    ['no archive at all', Buffer.from('PK and then nothing of the kind'), /directory of its zip archive is missing/],
    ['two bytes', Buffer.from('PK'), /cut short/],
    ['no bytes', Buffer.alloc(0), /not a zip archive/],
    ['text', Buffer.from('hello, this is no archive'), /not a zip archive/],
    ['a checksum that does not fit', zipOf(member({ checksum: 1 })), /damaged: its checksum/],
    ['encryption', zipOf(member({ flags: 1 })), /is encrypted/],
    ['compression', zipOf(member({ method: 8 })), /is compressed/],
    ['a packed size of its own', zipOf(member({ claimedPackedSize: 1 })), /is compressed/],
    ['a size of 4 GB', zipOf(member({ claimedSize: 0xffff_ffff })), /too large/],
    ['a size over the directory', zipOf(member({ claimedSize: 5000 })), /goes over the beginning of the directory/],
    ['a member that begins elsewhere', zipOf(member({ claimedStart: 1 })), /is not where it should be/],
    ['a member that begins at 4 GB', zipOf(member({ claimedStart: 0xffff_ffff })), /too large/],
    ['a directory of 65,535 members', zipOf(member(), { count: 0xffff }), /larger than 4 GB/],
    ['a directory of 60,000 members', zipOf(member(), { count: 60_000 }), /claims 60000 members/],
    ['a directory of three members where there are two', zipOf(member(), { count: 3 }), /entry 2 .* damaged/],
    ['a directory that is too long', zipOf(member(), { directoryLength: 5000 }), /goes over its end/],
    ['a directory that begins elsewhere', zipOf(member(), { directoryStart: 3 }), /is damaged/],
    ['several parts', zipOf(member(), { disk: 1 }), /several parts/],
    ['two members of one name', zipOf([...member(), ...member()]), /two members named/],
    ['no pickle', zipOf([{ name: 'archive/data/0', content: Buffer.alloc(160) }]), /holds no pickle/],
    ['two pickles', zipOf([...member(), { name: 'b/data.pkl', content: tensorPickle() }]), /holds no pickle/],
    [
      'numbers of the other byte order',
      zipOf([...member(), { name: 'archive/byteorder', content: Buffer.from('big') }]),
      /byte order is big/,
    ],
  ])('with %s are refused', async (_, content, why) => {
    await expectRefused(content, why)
  })

  test('with a comment at their end are read', async () => {
    expect(await outcomeOf(zipOf(member(), { comment: Buffer.from('a comment') }))).toMatchObject({ hiddenSize: 8 })
  })
})

/** A persistent id whose type is another name. */
function storageOf(type: string): Buffer {
  return pickle('(', text('storage'), type, text('0'), text('cpu'), integer(40), 'tQ')
}
