import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lookAtFile } from './dataset-file.ts'
import { type RowColumns, RowFault } from './dataset-row.ts'
import { findDatasets } from './find-datasets.ts'
import { openDuckDb, sqlText } from './parquet.ts'
import { readRows } from './read-dataset.ts'
import { splitDataset } from './split-dataset.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** Each row as its line and its columns, or why it has none. */
async function read(path: string): Promise<[number, RowColumns | string][]> {
  const rows: [number, RowColumns | string][] = []
  for await (const row of readRows(await lookAtFile(path))) {
    try {
      rows.push([row.line, row.parse()])
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
      rows.push([row.line, error.message])
    }
  }
  return rows
}

/** Splits off every third row, and gives both files. */
async function split(path: string): Promise<{ kept: Buffer; flagged: Buffer }> {
  const targets = { kept: `${path}.kept`, flagged: `${path}.flagged` }
  await splitDataset(await lookAtFile(path), row => row % 3 === 1, targets)
  return { kept: await readFile(targets.kept), flagged: await readFile(targets.flagged) }
}

describe('JSON lines', () => {
  test('are rows with their line; blank lines are none', async () => {
    const path = await write('a.jsonl', '{"a":1}\n\n  {"a":2}  \r\n{"a":3}')
    expect(await read(path)).toEqual([
      [1, { a: 1 }],
      [3, { a: 2 }],
      [4, { a: 3 }],
    ])
  })

  test('that cannot be read say why and stop nothing', async () => {
    const lines = [
      Buffer.from('{"a":1}\n{"a":\n[1]\n'),
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d, 10]),
      Buffer.from('{"a":"\\u0000"}\n'),
    ]
    expect(await read(await write('broken.jsonl', Buffer.concat(lines)))).toEqual([
      [1, { a: 1 }],
      [2, 'is not JSON'],
      [3, 'is not a JSON object'],
      [4, 'is not UTF-8'],
      [5, { a: '\u0000' }],
    ])
  })

  test('of 10 MB are read, longer ones than 16 MiB are counted, and those after them are read', async () => {
    const long = (size: number) => `{"a":"${'x'.repeat(size)}"}\n`
    const rows = await read(await write('long.jsonl', `${long(10_000_000)}${long(17 * 2 ** 20)}{"a":1}\n`))
    expect(rows.map(([line, row]) => [line, typeof row === 'string' ? row : String(row['a']).length])).toEqual([
      [1, 10_000_000],
      [2, 'is longer than 16 MiB'],
      [3, 1],
    ])
  })

  test('keep every byte when they are split', async () => {
    const lines = ['{"a": 1}\n', '{"a":\t2} \r\n', 'broken\n', '{"a":"ü"}\n', '{"a":5}']
    const { kept, flagged } = await split(await write('split.jsonl', `\n${lines.join('')}`))
    expect(kept.toString()).toBe(`\n${lines[0]}${lines[2]}${lines[3]}`)
    expect(flagged.toString()).toBe(`${lines[1]}${lines[4]}`)
  })
})

describe('CSV', () => {
  test('has quoted cells with commas, quotes and ends of lines, and rows know their line', async () => {
    const path = await write('a.csv', '\ufeffprompt,answer\r\n"a ""b"", c","d\ne"\r\nf,g "h"\r\n"i" ,\n')
    expect(await read(path)).toEqual([
      [2, { prompt: 'a "b", c', answer: 'd\ne' }],
      [4, { prompt: 'f', answer: 'g "h"' }],
      [5, { prompt: 'i ', answer: '' }],
    ])
  })

  test('with a quote that is never closed loses one line, not the rest', async () => {
    const path = await write('quote.csv', 'a,b\n1,2\n3,"4\n5,6\n7,8\n')
    expect(await read(path)).toEqual([
      [2, { a: '1', b: '2' }],
      [3, 'has a quote that is not closed within 16 MiB'],
      [4, { a: '5', b: '6' }],
      [5, { a: '7', b: '8' }],
    ])
  })

  test('counts rows whose cells are not those of the header', async () => {
    expect(await read(await write('cells.csv', 'a,b\n1\n1,2,3\n1,2\n'))).toEqual([
      [2, 'has another number of cells than the header'],
      [3, 'has another number of cells than the header'],
      [4, { a: '1', b: '2' }],
    ])
  })

  test('keeps header and bytes when it is split, also what a spreadsheet would run', async () => {
    const rows = ['=1+1,"x\ny"\r\n', '"a",b\r\n', '@SUM(A1),c\n', '+1,-1\n']
    const { kept, flagged } = await split(await write('split.csv', `\ufeffp,q\r\n${rows.join('')}`))
    expect(kept.toString()).toBe(`p,q\r\n${rows[0]}${rows[2]}${rows[3]}`)
    expect(flagged.toString()).toBe(`p,q\r\n${rows[1]}`)
  })

  test('is refused without a usable header, and in UTF-16', async () => {
    await expect(read(await write('twice.csv', 'a,a\n1,2\n'))).rejects.toMatchObject({ code: 'FILE_INVALID' })
    await expect(read(await write('wide.csv', Buffer.from('\ufeffa,b\n', 'utf16le')))).rejects.toThrow(/UTF-16/)
  })

  test('with tabs is TSV', async () => {
    expect(await read(await write('a.tsv', 'a\tb\n1,5\t"2\t3"\n'))).toEqual([[2, { a: '1,5', b: '2\t3' }]])
  })
})

describe('a JSON array', () => {
  test('is read element by element', async () => {
    const path = await write('a.json', ' [ {"a": "],[\\"{"},\n{"b":[{"c":2}]} , 3,\n{]\n]\n')
    expect(await read(path)).toEqual([
      [1, { a: '],["{' }],
      [2, { b: [{ c: 2 }] }],
      [2, 'is not a JSON object'],
      [3, 'is not JSON'],
    ])
  })

  test('that is none, or has no end, is refused', async () => {
    for (const text of ['{"a":1}', '[{"a":1},', '[{"a":"1}]', '[] x'])
      await expect(read(await write('bad.json', text)), text).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })

  test('keeps the bytes of its elements when it is split', async () => {
    const { kept, flagged } = await split(await write('split.json', '[{"a": 1},{"a":  2},\n {"a":3}]'))
    expect(kept.toString()).toBe('[\n{"a": 1},\n{"a":3}\n]\n')
    expect(flagged.toString()).toBe('[\n{"a":  2}\n]\n')
  })
})

test('rows too long to be held are counted as one row, and keep their bytes when they are split', async () => {
  const long = `{"a":"${'long, '.repeat(3 * 2 ** 20)}"}`
  const rows = [long, long, '{"a":3}']
  for (const [name, begin, between, end] of [
    ['long.jsonl', '', '\n', '\n'],
    ['long.json', '[\n', ',\n', '\n]\n'],
  ] as const) {
    const path = await write(name, begin + rows.join(between) + end)
    const faults = (await read(path)).map(([, row]) => (typeof row === 'string' ? row : 'read'))
    expect(faults).toEqual(['is longer than 16 MiB', 'is longer than 16 MiB', 'read'])
    const { kept, flagged } = await split(path)
    expect(kept.equals(Buffer.from(begin + [long, rows[2]].join(between) + end)), `${name} kept`).toBe(true)
    expect(flagged.equals(Buffer.from(begin + long + end)), `${name} flagged`).toBe(true)
  }
})

describe('compressed datasets', () => {
  test('are read, and written compressed the same way', async () => {
    const text = '{"a":1}\n{"a":2}\n'
    const gzip = await write('a.jsonl.gz', gzipSync(text))
    const zstd = await write('a.jsonl.zst', zstdCompressSync(text))
    for (const path of [gzip, zstd]) expect((await read(path)).map(([, row]) => row)).toEqual([{ a: 1 }, { a: 2 }])
    expect(gunzipSync((await split(gzip)).kept).toString()).toBe('{"a":1}\n')
    expect(zstdDecompressSync((await split(zstd)).flagged).toString()).toBe('{"a":2}\n')
  })

  test('in several zstd frames are read to the end; cut or with rubbish after them, they are refused', async () => {
    const [first, second] = [zstdCompressSync('{"a":1}\n'), zstdCompressSync(`${'{"a":2}\n'.repeat(9)}{"a":3}\n`)]
    const frames = await write('frames.jsonl.zst', Buffer.concat([first, second, first]))
    expect((await read(frames)).map(([, row]) => (row as RowColumns)['a'])).toEqual([1, ...Array(9).fill(2), 3, 1])
    for (const bytes of [
      Buffer.concat([first, second.subarray(0, -2)]),
      Buffer.concat([first, Buffer.from('rubbish')]),
    ])
      await expect(read(await write('cut.jsonl.zst', bytes))).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })

  test('that swell without end are refused, as are broken ones', async () => {
    const bomb = await write('bomb.jsonl.gz', gzipSync(Buffer.alloc(100 * 2 ** 20, 32)))
    await expect(read(bomb)).rejects.toThrow(/unpacks to more than 200 times its size/)
    const cut = await write('cut.jsonl.gz', gzipSync('{"a":1}\n'.repeat(1000)).subarray(0, 40))
    await expect(read(cut)).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })
})

describe('Parquet', () => {
  async function writeParquet(name: string): Promise<string> {
    const path = join(folder, name)
    await using database = await openDuckDb()
    const query = `SELECT i AS id, [{role: 'user', content: 'q' || i}, {role: 'assistant', content: 'a' || i}] AS messages FROM range(4) t(i)`
    await database.run(`COPY (${query}) TO ${sqlText(path)} (FORMAT parquet)`)
    return path
  }

  test('is read in order, with nested turns', async () => {
    const rows = await read(await writeParquet('a.parquet'))
    expect(rows.map(([line]) => line)).toEqual([1, 2, 3, 4])
    expect(rows[2]![1]).toEqual({
      id: '2',
      messages: [
        { role: 'user', content: 'q2' },
        { role: 'assistant', content: 'a2' },
      ],
    })
  })

  test('is split into two, rows in order', async () => {
    const path = await writeParquet('split.parquet')
    await split(path)
    const ids = async (file: string) => (await read(file)).map(([, row]) => (row as RowColumns)['id'])
    expect(await ids(`${path}.kept`)).toEqual(['0', '2', '3'])
    expect(await ids(`${path}.flagged`)).toEqual(['1'])
  })

  test('that swells without end is refused before it is unpacked', async () => {
    const path = join(folder, 'bomb.parquet')
    await using database = await openDuckDb()
    const text = "repeat('x', 1000000)"
    for (const columns of [`${text} AS prompt`, `[{role: 'user', content: ${text}}] AS messages`]) {
      await database.run(`COPY (SELECT ${columns} FROM range(200)) TO ${sqlText(path)} (FORMAT parquet)`)
      const rows = readRows(await lookAtFile(path))
      await expect(rows.next()).rejects.toThrow(/unpacks to more than 200 times its size/)
    }
  })

  test('whose footer lies, or that is cut, is refused', async () => {
    const bytes = await readFile(await writeParquet('whole.parquet'))
    const lengthAt = bytes.length - 8
    for (const length of [0, 7, bytes.readUInt32LE(lengthAt) - 1, bytes.length, 0xffffffff]) {
      const lying = Buffer.from(bytes)
      lying.writeUInt32LE(length, lengthAt)
      await expect(read(await write('lying.parquet', lying)), String(length)).rejects.toMatchObject({
        code: 'FILE_INVALID',
      })
    }
    for (const end of [4, 20, bytes.length - 1])
      await expect(read(await write('cut.parquet', bytes.subarray(0, end)))).rejects.toMatchObject({
        code: 'FILE_INVALID',
      })
  })
})

describe('finding datasets', () => {
  test('takes paths in their order and globs by name, each file once', async () => {
    await write('glob-b.jsonl', '')
    await write('glob-a.jsonl', '')
    const found = await findDatasets([join(folder, 'glob-b.jsonl'), join(folder, 'glob-*.jsonl')])
    expect(found.map(({ path }) => path.slice(folder.length + 1))).toEqual(['glob-b.jsonl', 'glob-a.jsonl'])
  })

  test('refuses what is not there, is a folder, or has another format', async () => {
    await expect(findDatasets([join(folder, 'none-*.csv')])).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(findDatasets([join(folder, 'none.csv')])).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(findDatasets([folder])).rejects.toMatchObject({ code: 'FILE_INVALID' })
    await expect(findDatasets([await write('a.txt', 'x')])).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })
})
