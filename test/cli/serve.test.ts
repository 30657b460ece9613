/** `serve` and `monitor` as a user runs them, on real weights. */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersonascopeResponse } from '../../src/contract/personascope-field.ts'
import { writeOddVector } from './odd-vector.ts'
import { type CommandResult, runCommand } from './run-command.ts'

const model = 'smollm2-135m-instruct'
const folder = mkdtempSync(join(tmpdir(), 'personascope-serve-'))
const workspace = join(folder, 'workspace')
const started: ChildProcess[] = []
const common = ['--workspace', workspace, '--json']

beforeAll(async () => {
  await writeOddVector(workspace)
})

afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

test('the official client is answered with readings, and stopping finishes the answer that is being written', async () => {
  const serving = await serve(['--trait', 'odd'])
  const client = new OpenAI({ baseURL: `${serving.url}/v1`, apiKey: 'none', maxRetries: 0 })
  const asked = {
    model,
    messages: [{ role: 'user' as const, content: 'Name a colour.' }],
    max_completion_tokens: 8,
    temperature: 0,
  }
  const plain = await client.chat.completions.create(asked)
  const body = { ...asked, personascope: { steer: [{ trait: 'odd', dose: 0.5, layer: 12 }], read: ['odd'] } }
  const steered = (await client.chat.completions.create(body)) as OpenAI.ChatCompletion & {
    personascope: PersonascopeResponse
  }
  expect(plain.usage!.completion_tokens).toBeGreaterThan(0)
  expect(steered.choices[0]!.message.content).not.toBe(plain.choices[0]!.message.content)
  expect(steered.personascope.readings!['odd']!.responseMean).not.toBeNull()
  expect(steered.personascope.steering![0]!.layer).toBe(12)
  expect(steered.personascope.steering![0]!.dose).toBeCloseTo(0.5, 9)

  const schema = {
    type: 'object',
    properties: { colour: { type: 'string', enum: ['red', 'green'] } },
    required: ['colour'],
    additionalProperties: false,
  }
  const formed = await client.chat.completions.create({
    ...asked,
    max_completion_tokens: 30,
    response_format: { type: 'json_schema', json_schema: { name: 'colour', schema } },
  })
  expect(['red', 'green']).toContain(JSON.parse(formed.choices[0]!.message.content!).colour)

  const stream = await client.chat.completions.create({
    ...asked,
    max_completion_tokens: 60,
    temperature: 1,
    stream: true,
  })
  let parts = 0
  let finished: string | null = null
  for await (const { choices } of stream) {
    if (++parts === 3) serving.child.kill('SIGTERM')
    finished = choices[0]?.finish_reason ?? finished
  }
  expect(finished).not.toBeNull()
  expect((await serving.ended).code).toBe(0)

  const file = join(folder, 'turns.jsonl')
  expect((await runCommand([...common, 'monitor', 'export', file])).code).toBe(0)
  const turns = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(turns).toHaveLength(4)
  expect(turns.every(turn => typeof turn.readings.odd.responseMean === 'number')).toBe(true)
})

test('past conversations are read into the same store, each once', async () => {
  const log = join(folder, 'log.jsonl')
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello there.' },
  ]
  writeFileSync(log, `${JSON.stringify({ messages })}\nbroken\n`)
  const replay = async () => await runCommand([...common, 'monitor', 'replay', log, '--trait', 'odd'])
  expect(JSON.parse((await replay()).stdout)).toEqual({ turns: 1, added: 1, passedOver: 1 })
  expect(JSON.parse((await replay()).stdout)).toEqual({ turns: 1, added: 0, passedOver: 1 })
  expect((await runCommand([...common, 'monitor', 'export', join(folder, 'turns.parquet')])).code).toBe(0)
})

test.each([
  ['an open address without a key', ['--host', '0.0.0.0'], /Give --api-key/],
  ['a trait that has no vector', ['--trait', 'angry'], /There are: odd/],
  ['an upstream that is no URL', ['--upstream', 'nonsense'], /--upstream/],
])('%s is refused', async (_, args, message) => {
  const { code, stderr } = await runCommand([...common, 'serve', '--port', '0', ...args])
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})

async function serve(args: readonly string[]) {
  let child: ChildProcess | undefined
  let ended: Promise<CommandResult> | undefined
  const url = await new Promise<string>((resolve, reject) => {
    let heard = ''
    ended = runCommand([...common, 'serve', '--port', '0', ...args], {
      onStart(process) {
        child = process
        started.push(process)
        process.stderr!.on('data', (data: Buffer) => {
          heard += data
          const found = /Serving \S+ at (\S+)\/v1/.exec(heard)
          if (found) resolve(found[1]!)
        })
        process.once('exit', () => reject(new Error(heard)))
      },
    })
  })
  return { url, child: child!, ended: ended! }
}
