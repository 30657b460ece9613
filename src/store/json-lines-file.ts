import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeError } from './write-file-whole.ts'

/**
 * Records that are only ever added, one JSON value a line. A process that is killed while it writes leaves at most a
 * torn last line, which readers skip and the next writer ends.
 */
export class JsonLinesFile {
  readonly path: string
  /** Lines are written one after the other, each whole. */
  #writing: Promise<void> = Promise.resolve()
  #begun = false

  constructor(path: string) {
    this.path = path
  }

  /**
   * All records that can be read; none where there is no file.
   * @throws FILE_UNWRITABLE where it can neither be read nor made
   */
  async read(): Promise<unknown[]> {
    let text: string
    try {
      text = await readFile(this.path, 'utf8')
    } catch (error) {
      if (isMissing(error)) return []
      throw writeError(this.path, error)
    }
    return text.split('\n').flatMap(line => parseLine(line))
  }

  /**
   * Adds a record, and is done when the system has it.
   * @throws DISK_FULL, FILE_UNWRITABLE
   */
  async add(record: unknown): Promise<void> {
    const written = this.#writing.then(() => this.#write(`${JSON.stringify(record)}\n`))
    this.#writing = written.catch(() => {})
    await written
  }

  async #write(line: string): Promise<void> {
    try {
      const torn = !this.#begun && (await this.#endsTorn())
      const file = await open(this.path, 'a')
      try {
        await file.appendFile(torn ? `\n${line}` : line)
      } finally {
        await file.close()
      }
      this.#begun = true
    } catch (error) {
      // What of the line was written is torn too.
      this.#begun = false
      throw writeError(this.path, error)
    }
  }

  async #endsTorn(): Promise<boolean> {
    await mkdir(dirname(this.path), { recursive: true })
    try {
      const file = await open(this.path, 'r')
      try {
        const { size } = await file.stat()
        if (size === 0) return false
        const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 })
        return buffer[0] !== 0x0a
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }
}

function parseLine(line: string): unknown[] {
  if (line.trim() === '') return []
  try {
    return [JSON.parse(line)]
  } catch {
    return []
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
