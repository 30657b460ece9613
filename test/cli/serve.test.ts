/** `serve` and `monitor` as a user runs them, on real weights. */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersonascopeResponse } from '../../src/contract/personascope-field.ts'
import type { TurnRecord } from '../../src/monitoring/turn-record.ts'
import { baselinePath, writeBaseline } from '../../src/screening/baseline.ts'
import { hashOfDirection } from '../../src/vector/direction-hash.ts'
import { directionAt, readingLayerOf } from '../../src/vector/persona-vector.ts'
import { readVector, vectorPath } from '../../src/vector/vector-file.ts'
import { childrenOf, isRunning, waitUntil } from '../verify/processes.ts'
import { writeOddVector } from './odd-vector.ts'
import { type CommandResult, runCommand } from './run-command.ts'

const model = 'smollm2-135m-instruct'
const folder = mkdtempSync(join(tmpdir(), 'personascope-serve-'))
const workspace = join(folder, 'workspace')
const started: ChildProcess[] = []
const messages = [{ role: 'user', content: 'Name a colour.' }]
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

  const turns = await exported()
  expect(turns).toHaveLength(4)
  expect(turns.every(turn => typeof turn.readings['odd']!.responseMean === 'number')).toBe(true)
})

test('a killed engine costs its requests a 503 and is started again; whole answers outlive a killed server', async () => {
  await writeOrdinaryBaseline()
  const serving = await serve(['--trait', 'odd', '--baseline', 'ordinary', '--reproducible'])
  const ask = async (tokens: number, more: object = {}) =>
    await fetch(`${serving.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, max_completion_tokens: tokens, ...more }),
    })
  // An answer that cannot be short.
  const schema = { type: 'array', items: { type: 'integer' }, minItems: 400 }
  const response_format = { type: 'json_schema', json_schema: { name: 'numbers', schema } }
  const long = async (stream: boolean) => await ask(1500, { response_format, stream })
  const running = [long(false), long(false), long(true)]
  const metrics = async () => await (await fetch(`${serving.url}/metrics`)).text()
  await expect.poll(metrics, { timeout: 60_000 }).toContain('personascope_answers_running 3')
  const [engine] = childrenOf(serving.child.pid!)
  process.kill(engine!, 'SIGKILL')
  const [first, second, streamed] = await Promise.all(running)
  for (const response of [first!, second!]) {
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toMatchObject({ error: { type: 'server_error', code: 'ENGINE_CRASHED' } })
  }
  const events = await streamed!.text()
  expect(events).toContain('"code":"ENGINE_CRASHED"')
  expect(events).not.toContain('[DONE]')

  const answer = await ask(6, { personascope: { read: ['odd'] } })
  expect(answer.status).toBe(200)
  const { id, personascope } = (await answer.json()) as { id: string; personascope: PersonascopeResponse }
  const { responseMean, z, percentile } = personascope.readings!['odd']!
  expect(z).toBeCloseTo((responseMean! - 1) / 2, 9)
  expect(percentile).toBeGreaterThanOrEqual(0)
  expect(childrenOf(serving.child.pid!)).not.toContain(engine)
  const engines = childrenOf(serving.child.pid!)
  serving.child.kill('SIGKILL')
  await serving.ended
  for (const process of engines) await waitUntil(() => !isRunning(process), 'the engine outlived its server')
  expect((await exported()).filter(turn => turn.id === `${id}-0`)).toHaveLength(1)
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

async function exported(): Promise<TurnRecord[]> {
  const file = join(folder, 'turns.jsonl')
  expect((await runCommand([...common, 'monitor', 'export', file])).code).toBe(0)
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** Of mean 1 and deviation 2, on the model that has served before. */
async function writeOrdinaryBaseline(): Promise<void> {
  const [{ modelFileHash }] = (await exported()) as [TurnRecord]
  const vector = await readVector(vectorPath(join(workspace, 'vectors'), model, 'odd'))
  const layer = readingLayerOf(vector)
  const odd = {
    layer,
    directionHash: hashOfDirection(directionAt(vector, layer)),
    rows: 3,
    mean: 1,
    sd: 2,
    values: [-1, 1, 3],
  }
  await writeBaseline(baselinePath(workspace, model, 'ordinary'), {
    format: 'personascope-baseline',
    formatVersion: 1,
    model: { id: model, fileHash: modelFileHash, chatTemplateHash: '' },
    source: 'rows',
    files: [],
    traits: { odd },
  })
}

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
