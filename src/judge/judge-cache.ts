import { join } from 'node:path'
import { z } from 'zod'
import { sha256, stableStringify } from '../store/hash.ts'
import { JsonLinesFile } from '../store/json-lines-file.ts'
import type { JudgeCall, JudgeReply, JudgeTransport } from './judge-transport.ts'

/** A call as it is kept: who judged, by what prompt, what came, and when. */
const recordSchema = z.object({
  /** The hash of all that decides the answer. */
  key: z.string(),
  judge: z.string(),
  model: z.string(),
  /** sha256 of the messages. */
  promptHash: z.string(),
  reply: z.object({
    text: z.string(),
    candidates: z.array(z.object({ text: z.string(), logprob: z.number() })).exactOptional(),
    promptTokens: z.number().exactOptional(),
    writtenTokens: z.number().exactOptional(),
  }),
  createdAt: z.string(),
})

/**
 * What judge models answered, by content: a call that was paid for is never paid for again, by this run or a later
 * one. Kept in `judge-calls.jsonl`, to which lines are only ever added.
 */
export class JudgeCache {
  readonly #file: JsonLinesFile | undefined
  readonly #replies: Map<string, JudgeReply>
  /** Calls that are being answered now. */
  readonly inFlight = new Map<string, Promise<JudgeReply>>()

  private constructor(file: JsonLinesFile | undefined, replies: Map<string, JudgeReply>) {
    this.#file = file
    this.#replies = replies
  }

  /** @param directory made where there is none, as soon as there is something to keep */
  static async open(directory: string): Promise<JudgeCache> {
    const file = new JsonLinesFile(join(directory, 'judge-calls.jsonl'))
    const records = (await file.read()).flatMap(value => recordSchema.safeParse(value).data ?? [])
    return new JudgeCache(file, new Map(records.map(({ key, reply }) => [key, reply])))
  }

  /** A cache that keeps nothing beyond its own life. */
  static inMemory(): JudgeCache {
    return new JudgeCache(undefined, new Map())
  }

  get(key: string): JudgeReply | undefined {
    return this.#replies.get(key)
  }

  /** @throws DISK_FULL, FILE_UNWRITABLE */
  async keep(key: string, transport: JudgeTransport, call: JudgeCall, reply: JudgeReply): Promise<void> {
    this.#replies.set(key, reply)
    const { id: judge, model } = transport
    const promptHash = sha256(stableStringify(call.messages))
    const createdAt = new Date().toISOString()
    await this.#file?.add({ key, judge, model, promptHash, reply, createdAt })
  }
}

/** The hash of all that decides a call's answer. */
export function callKey({ id, settings }: JudgeTransport, { messages, wants }: JudgeCall): string {
  return sha256(stableStringify({ id, settings, messages, wants }))
}
