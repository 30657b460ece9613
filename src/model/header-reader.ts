import type { FileHandle } from 'node:fs/promises'

/** Why a header is refused, in one clause. */
export class Malformed extends Error {}

/** A header of a real model is below 20 MB, of which its vocabulary is most. */
const headerBytesLimit = 64 * 2 ** 20
const longestKey = 65_535
/** What is kept of a text: enough for every name, and to know that a chat template is there. */
const longestKeptText = 65_536
const windowBytes = 2 ** 18

/** Reads a file from its beginning in windows, never past its end or the limit for a header. */
export class HeaderReader {
  readonly fileSize: number
  readonly #file: FileHandle
  readonly #window = Buffer.alloc(windowBytes)
  /** Where in the file the window begins. */
  #windowStart = 0
  #windowLength = 0
  #cursor = 0

  constructor(file: FileHandle, fileSize: number) {
    this.#file = file
    this.fileSize = fileSize
  }

  get position(): number {
    return this.#windowStart + this.#cursor
  }

  /** The next bytes, at most a window of them; valid until the next call. */
  async bytes(count: number): Promise<Buffer> {
    if (this.#windowLength - this.#cursor < count) await this.#refill(count)
    const start = this.#cursor
    this.#cursor += count
    return this.#window.subarray(start, this.#cursor)
  }

  async uint32(): Promise<number> {
    return (await this.bytes(4)).readUInt32LE()
  }

  /** An unsigned 64-bit number; one too large for a JavaScript number is too large for a file. */
  async size(what: string): Promise<number> {
    return asSize(await this.bytes(8), 0, what)
  }

  async name(what: string): Promise<string> {
    const length = await this.size(`length of a ${what}`)
    if (length > longestKey) throw new Malformed(`a ${what} claims ${length} bytes`)
    this.#require(length, `a ${what}`)
    return (await this.bytes(length)).toString('utf8')
  }

  /** A text, cut if it is long. */
  async text(key: string): Promise<string> {
    const length = await this.size(`length of ${shown(key)}`)
    this.#require(length, `the text ${shown(key)}`)
    const kept = Math.min(length, longestKeptText)
    const text = (await this.bytes(kept)).toString('utf8')
    await this.skip(length - kept, `the text ${shown(key)}`)
    return text
  }

  async skip(count: number, what: string): Promise<void> {
    this.#require(count, what)
    const inWindow = this.#windowLength - this.#cursor
    if (count <= inWindow) {
      this.#cursor += count
      return
    }
    this.#windowStart = this.position + count
    this.#windowLength = 0
    this.#cursor = 0
  }

  async skipTexts(count: number, key: string): Promise<void> {
    // Each has a length of 8 bytes: a list that cannot fit is not begun.
    this.#require(count * 8, `the list ${shown(key)}`)
    const what = `length of a text in ${shown(key)}`
    for (let index = 0; index < count; index++) {
      if (this.#windowLength - this.#cursor < 8) await this.#refill(8)
      const length = asSize(this.#window, this.#cursor, what)
      this.#cursor += 8
      if (length <= this.#windowLength - this.#cursor) this.#cursor += length
      else await this.skip(length, `a text in ${shown(key)}`)
    }
  }

  #require(count: number, what: string): void {
    const end = this.position + count
    if (end > this.fileSize) {
      throw new Malformed(`it is cut short: ${what} ends at byte ${end}, the file has ${this.fileSize}`)
    }
    if (end > headerBytesLimit) throw new Malformed(`its header goes on after ${headerBytesLimit} bytes`)
  }

  async #refill(count: number): Promise<void> {
    this.#require(count, 'its header')
    this.#windowStart = this.position
    this.#cursor = 0
    const { bytesRead } = await this.#file.read(this.#window, 0, windowBytes, this.#windowStart)
    this.#windowLength = bytesRead
    if (bytesRead < count) throw new Malformed('it became shorter while it was read')
  }
}

function asSize(bytes: Buffer, offset: number, what: string): number {
  const high = bytes.readUInt32LE(offset + 4)
  if (high >= 2 ** 21) throw new Malformed(`the ${what} is larger than any file`)
  return high * 2 ** 32 + bytes.readUInt32LE(offset)
}

/** A name from the file, safe to print. */
export function shown(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 60)
}
