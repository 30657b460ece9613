import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { replaceWhole, writeFileWhole } from './write-file-whole.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

describe('writing a file whole', () => {
  test('makes the folders it needs and joins the parts', async () => {
    const path = join(folder, 'a/b/file')
    await writeFileWhole(path, [Buffer.from('one '), Buffer.from('two')])
    expect(await readFile(path, 'utf8')).toBe('one two')
    expect(await readdir(join(folder, 'a/b'))).toEqual(['file'])
  })

  test('leaves the old content where writing fails', async () => {
    const path = join(folder, 'kept')
    await writeFile(path, 'old')
    const failing = replaceWhole(path, async temporary => {
      await writeFile(temporary, 'half')
      throw Object.assign(new Error('write failed'), { code: 'ENOSPC' })
    })
    await expect(failing).rejects.toMatchObject({ code: 'DISK_FULL', facts: { path } })
    expect(await readFile(path, 'utf8')).toBe('old')
    expect((await readdir(folder)).filter(file => file.endsWith('.part'))).toEqual([])
  })

  test('says where it may not write', async () => {
    await writeFile(join(folder, 'plain'), '')
    await chmod(join(folder, 'plain'), 0o400)
    await expect(writeFileWhole(join(folder, 'plain/file'), 'x')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })
})
