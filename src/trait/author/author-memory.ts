import { join } from 'node:path'
import { z } from 'zod'
import { sha256, stableStringify } from '../../store/hash.ts'
import { JsonLinesFile } from '../../store/json-lines-file.ts'
import type { AuthorCall, AuthorModel } from './author-model.ts'

/** A reply as it is kept, or that it no longer counts. */
const recordSchema = z.union([
  z.object({ key: z.string(), author: z.string(), reply: z.string(), createdAt: z.string() }),
  z.object({ key: z.string(), forgotten: z.literal(true) }),
])

/**
 * What authors replied, by content: a run that was stopped goes on without asking twice, and the same command gives the
 * same trait. Kept in `author-calls.jsonl`, to which lines are only ever added.
 */
export class AuthorMemory {
  readonly #file: JsonLinesFile
  readonly #replies: Map<string, string>

  private constructor(file: JsonLinesFile, replies: Map<string, string>) {
    this.#file = file
    this.#replies = replies
  }

  /**
   * @param directory made where there is none, as soon as there is something to keep
   * @throws FILE_UNWRITABLE
   */
  static async open(directory: string): Promise<AuthorMemory> {
    const file = new JsonLinesFile(join(directory, 'author-calls.jsonl'))
    const replies = new Map<string, string>()
    for (const value of await file.read()) {
      const record = recordSchema.safeParse(value).data
      if (!record) continue
      if ('reply' in record) replies.set(record.key, record.reply)
      else replies.delete(record.key)
    }
    return new AuthorMemory(file, replies)
  }

  get(key: string): string | undefined {
    return this.#replies.get(key)
  }

  /** @throws DISK_FULL, FILE_UNWRITABLE */
  async keep(key: string, { id: author }: AuthorModel, reply: string): Promise<void> {
    this.#replies.set(key, reply)
    await this.#file.add({ key, author, reply, createdAt: new Date().toISOString() })
  }

  /**
   * Replies that led nowhere: the same command asks anew.
   * @throws DISK_FULL, FILE_UNWRITABLE
   */
  async forget(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#replies.delete(key)
      await this.#file.add({ key, forgotten: true })
    }
  }
}

/** The hash of all that decides a reply. */
export function authorKey({ id, settings }: AuthorModel, { messages, form, seed }: AuthorCall): string {
  return sha256(stableStringify({ id, settings, messages, form, seed }))
}
