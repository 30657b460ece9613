/** The official client for Python against the server; its environment is made where there is none. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test, vi } from 'vitest'
import { preparePythonEnvironment } from '../../bench/reference/python-environment.ts'
import { openFakeServer } from '../../src/server/fake-server.case.ts'
import { listen } from '../../src/server/listen.ts'

const { app } = openFakeServer({ limits: { running: 4 } })
const listening = await listen(app.fetch, { host: '127.0.0.1', port: 0, guarded: false })
const python = await preparePythonEnvironment(() => {}, {
  requirements: join(import.meta.dirname, 'requirements.txt'),
  directory: join(import.meta.dirname, '../../bench/.venv-openai'),
}).catch(() => undefined)

vi.setConfig({ testTimeout: 60_000 })
afterAll(async () => await listening.close(100))

test.skipIf(!python)(
  python ? 'the Python client is served unchanged' : 'the Python client (no Python, or its package is out of reach)',
  async () => {
    const script = join(import.meta.dirname, 'use_openai_client.py')
    const { stdout } = await promisify(execFile)(python!, [script, `${listening.url}/v1`, 'fake'])
    const heard = JSON.parse(stdout)
    expect(heard.models).toEqual(['fake'])
    expect(heard.whole.length).toBeGreaterThan(0)
    expect(heard.logprobs).toHaveLength(heard.tokens)
    expect(heard.streamed).toEqual({
      text: heard.whole,
      logprobs: heard.logprobs,
      finish: heard.finish,
      tokens: heard.tokens,
    })
    expect(heard.text.length).toBeGreaterThan(0)
    expect(Object.keys(heard.personascope.readings)).toEqual(['evil'])
    expect(heard.personascope.steering[0].steeredPositions).toBeGreaterThan(0)
    expect(heard.several).toEqual(Array(4).fill(heard.whole))
    expect(heard.errors).toEqual([
      { class: 'NotFoundError', param: 'model', code: 'model_not_found' },
      { class: 'BadRequestError', param: 'temperature', code: 'invalid_value' },
      { class: 'BadRequestError', param: 'personascope.read.0', code: 'trait_unknown' },
    ])
  },
)
