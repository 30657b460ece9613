import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isolateMachine } from './isolated-machine.case.ts'
import { type DownloadSettings, resumeDownload } from './resume-download.ts'

const machine = isolateMachine()
const part = () => join(machine.directory, 'file.part')
const text = 'abcdefghijklmnopqrstuvwxyz'

interface Connection {
  /** How many bytes it brings before it ends. */
  readonly bytes: number
  readonly ends: 'well' | 'with an error' | 'never'
}

/** A source whose connections go as told; after the last one all go well. */
function sourceOf(connections: readonly Connection[]) {
  const offsets: number[] = []
  const read = (offset: number): ReadableStream<Uint8Array> => {
    const { bytes, ends } = connections[offsets.length] ?? { bytes: text.length, ends: 'well' }
    offsets.push(offset)
    return new ReadableStream({
      start(controller) {
        if (bytes > 0) controller.enqueue(new TextEncoder().encode(text.slice(offset, offset + bytes)))
      },
      pull(controller) {
        if (ends === 'well') controller.close()
        if (ends === 'with an error') controller.error(new Error('the line is dead'))
        return ends === 'never' ? new Promise(() => {}) : undefined
      },
    })
  }
  return { offsets, read }
}

function download(read: DownloadSettings['read'], more: Partial<DownloadSettings> = {}) {
  return resumeDownload(part(), { size: text.length, read, onBytes: () => {}, pauseMs: 1, ...more })
}

test('a download goes on through connections that end early, with or without an error', async () => {
  const { read, offsets } = sourceOf([
    { bytes: 5, ends: 'with an error' },
    { bytes: 0, ends: 'well' },
    { bytes: 3, ends: 'well' },
  ])
  expect(await download(read)).toBe(0)
  expect(await readFile(part(), 'utf8')).toBe(text)
  expect(offsets).toEqual([0, 5, 5, 8])
})

test('a download gives up after three connections in a row that brought nothing, and keeps what came', async () => {
  const nothing: Connection = { bytes: 0, ends: 'with an error' }
  const { read, offsets } = sourceOf([nothing, nothing, { bytes: 4, ends: 'well' }, nothing, nothing, nothing])
  await expect(download(read)).rejects.toThrow('the line is dead')
  expect(offsets).toEqual([0, 0, 0, 4, 4, 4])
  expect(await readFile(part(), 'utf8')).toBe('abcd')
})

test('a connection that stays silent is given up', async () => {
  const silent: Connection = { bytes: 0, ends: 'never' }
  const { read } = sourceOf([silent, silent, silent])
  await expect(download(read, { silenceMs: 20 })).rejects.toThrow('no data for 0.02 s')
})

test('a download of which all is there asks for nothing', async () => {
  await writeFile(part(), text)
  const { read, offsets } = sourceOf([])
  const told: number[] = []
  expect(await download(read, { onBytes: bytes => told.push(bytes) })).toBe(text.length)
  expect(offsets).toEqual([])
  expect(told).toEqual([text.length])
})

test('a source that sends more than it announced is refused, and the surplus is not written', async () => {
  const { read } = sourceOf([])
  await expect(download(read, { size: 10 })).rejects.toThrow('more than it announced')
  expect(await readFile(part(), 'utf8')).toBe('')
})

test('a stopped download keeps what came', async () => {
  const stop = new AbortController()
  const { read } = sourceOf([{ bytes: 7, ends: 'with an error' }])
  const onBytes = (bytes: number) => {
    if (bytes === 7) stop.abort()
  }
  await expect(download(read, { signal: stop.signal, onBytes })).rejects.toMatchObject({ name: 'AbortError' })
  expect(await readFile(part(), 'utf8')).toBe('abcdefg')
})

test('a part that cannot be opened is named', async () => {
  await writeFile(join(machine.directory, 'occupied'), '')
  const blocked = join(machine.directory, 'occupied', 'file.part')
  const settings = { size: 1, read: sourceOf([]).read, onBytes: () => {} }
  await expect(resumeDownload(blocked, settings)).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    facts: { path: blocked },
  })
  expect(existsSync(blocked)).toBe(false)
})
