/** A real model as the author: one small step, held to its form by a grammar. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Engine } from '../../src/engine/contract/engine.ts'
import { GbnfReader } from '../../src/engine/grammar/gbnf-reader.case.ts'
import { jsonSchemaToGrammar } from '../../src/engine/grammar/json-schema-grammar.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { AuthorDesk } from '../../src/trait/author/author-desk.ts'
import { AuthorMemory } from '../../src/trait/author/author-memory.ts'
import { EngineAuthor } from '../../src/trait/author/engine-author.ts'
import { modelFile } from './models.ts'

let engine: Engine
let folder: string
beforeAll(async () => {
  engine = await openLlamaEngine(modelFile('smollm2-135m-instruct', 'Q8_0'), { contexts: 2 })
  folder = await mkdtemp(join(tmpdir(), 'personascope-author-'))
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const messages = [{ role: 'user', content: 'Write about a calm assistant. Answer in JSON.' }] as const

describe('a grammar made from a JSON schema', () => {
  const schemas: [what: string, schema: object, maxTokens: number][] = [
    [
      'objects, lists and bounds',
      {
        type: 'object',
        properties: {
          name: { type: 'string', maxLength: 20 },
          age: { type: 'integer', minimum: -3, maximum: 120 },
          tags: { type: 'array', items: { enum: ['calm', 'a "b" \\'] }, minItems: 2, maxItems: 3 },
          note: { type: ['string', 'null'], maxLength: 12 },
        },
        required: ['name', 'age', 'tags'],
      },
      120,
    ],
    ['the longest repetitions', { type: 'array', items: { type: 'string', maxLength: 2000 }, maxItems: 2000 }, 12],
    ['bounds that leave nothing', { properties: { a: { type: 'string', maxLength: 0 } }, required: ['a'] }, 20],
  ]

  test.each(schemas)('is read by llama.cpp, which writes only what it allows: %s', async (_, schema, maxTokens) => {
    const grammar = jsonSchemaToGrammar(schema)
    const sampling = { temperature: 1.2, seed: 3 }
    const results = await engine.generateAll([1, 2].map(() => ({ prompt: { messages }, maxTokens, sampling, grammar })))
    const whole = results.filter(({ finishReason }) => finishReason !== 'length')
    expect(whole.length).toBeGreaterThan(0)
    for (const { text } of whole) {
      expect(new GbnfReader(grammar).accepts(text)).toBe(true)
      const parsed = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(JSON.parse(text))
      expect({ text, error: parsed.error?.message }).toEqual({ text, error: undefined })
    }
  })
})

describe('a real model as the author', () => {
  test('writes what has the asked form, and is remembered', async () => {
    const author = new EngineAuthor(engine)
    const task = {
      name: 'pair',
      part: 'pair',
      messages,
      form: z.strictObject({ positive: z.string().min(1).max(60), negative: z.string().min(1).max(60) }),
    }
    const desk = async () => new AuthorDesk({ author, memory: await AuthorMemory.open(folder), seed: 1 })
    const first = await desk()
    const written = await first.write(task)
    expect(Object.keys(written)).toEqual(['positive', 'negative'])
    expect(first.counts).toEqual({ asked: 1, remembered: 0 })
    const second = await desk()
    expect(await second.write(task)).toEqual(written)
    expect(second.counts).toEqual({ asked: 0, remembered: 1 })
  })

  test('stops when it is told to', async () => {
    const stop = new AbortController()
    const form = { name: 'text', schema: { type: 'string', minLength: 1500 } }
    const writing = new EngineAuthor(engine).ask({ messages, form, seed: 0 }, stop.signal)
    setTimeout(() => stop.abort(), 50)
    await expect(writing).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })
})
